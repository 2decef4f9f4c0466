package config

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

// FuzzConfig: nothing panics; each problem is at a line of the text; what parses gives, sealed,
// the same config with nothing in the clear.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		minimal, guide, template,
		service + "capabilities: {a: {service: s, rules: {deny: [GET *]}}}\n",
		"vault: {id: x, key: k1, check: 0123456789abcdef}\nservices:\n  s:\n    auth:\n" +
			"      key: |+\n        x\n\n      type: bearer\n    baseUrl: \"https://x.example\"\n",
		"\ufeffservices:\r\n  s: {description: 'ü🎉', auth: {\"key\":\"k\", type: bearer}, " +
			"baseUrl: 'https://x.example' }\r\n", "a: &a [*a, * /x, <<: !x y]\n---\n",
		"? a\n: b\n# c\n\n#d",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			checkProblems(t, text, err)
			return
		}
		checkAdds(t, text)
		checkRemovals(t, text, c)
		out, n, err := Seal(text, testSeal)
		if errors.Is(err, errPlace) || errors.Is(err, errAltered) {
			return // given up, nothing written
		}
		if err != nil {
			t.Fatalf("sealing: %v", err)
		}
		after, err := Parse(out)
		if err != nil {
			t.Fatalf("%d sealed, then: %v\n%s", n, err, out)
		}
		checkSealed(t, c, after)
	})
}

func checkProblems(t *testing.T, text []byte, err error) {
	var all *Error
	if !errors.As(err, &all) || len(all.Problems) == 0 {
		t.Fatalf("error %v", err)
	}
	for _, p := range all.Problems {
		if p.Line < 1 || p.Line > bytes.Count(text, []byte("\n"))+1 {
			t.Errorf("no such line: %v", p)
		}
	}
}

func checkAdds(t *testing.T, text []byte) {
	out, err := AddService(text, NewService{
		Name:    "fuzz",
		BaseURL: "https://fuzz.example",
		Type:    "bearer",
		Fields:  []KV{{"key", "x"}},
	})
	if err != nil {
		return
	}
	for _, line := range bytes.Split(bytes.TrimPrefix(text, byteOrderMark), []byte("\n")) {
		if line = bytes.TrimSpace(line); bytes.HasPrefix(line, []byte("#")) &&
			!bytes.Contains(out, line) {
			t.Errorf("lost the comment %q", line)
		}
	}
}

// checkRemovals takes out one capability after the other: an edit is right or given up, and no
// other capability changes.
func checkRemovals(t *testing.T, text []byte, before *Config) {
	removed := 0
	for _, name := range before.CapabilityNames[:min(3, len(before.CapabilityNames))] {
		edited, err := EditCapability(text, name,
			CapabilityEdit{TTL: ptr("7m"), Allow: []string{"PUT /fuzz"}})
		if err == nil {
			if now, err := Parse(edited); err != nil ||
				now.Capabilities[name].TTL != 7*time.Minute ||
				fmt.Sprint(now.Capabilities[name].Policy.Allow()) != "[PUT /fuzz]" {
				t.Fatalf("editing %q: %v\n%s", name, err, edited)
			}
		}
		out, err := RemoveCapability(text, name)
		if err != nil {
			continue
		}
		now, err := Parse(out)
		if err != nil || len(now.CapabilityNames) != len(before.CapabilityNames)-1-removed ||
			len(now.ServiceNames) != len(before.ServiceNames) {
			t.Fatalf("removing %q: %v\n%s", name, err, out)
		}
		text, removed = out, removed+1
	}
}

func checkSealed(t *testing.T, before, after *Config) {
	for name, s := range before.Services {
		now := after.Services[name]
		for path, v := range now.Auth.Fields {
			if !v.Plain.IsZero() && s.Auth.Fields[path].Plain.Reveal() != v.Plain.Reveal() {
				t.Errorf("%s of %s is another value", path, name)
			}
		}
		if s.Base != now.Base || s.TestPath != now.TestPath ||
			fmt.Sprint(s.Headers) != fmt.Sprint(now.Headers) || s.Options != now.Options {
			t.Errorf("service %s differs", name)
		}
	}
	for name, c := range before.Capabilities {
		now := *after.Capabilities[name]
		now.Line = c.Line
		if fmt.Sprint(*c) != fmt.Sprint(now) {
			t.Errorf("capability %s differs", name)
		}
	}
	if len(before.Services) != len(after.Services) ||
		len(before.Capabilities) != len(after.Capabilities) ||
		fmt.Sprint(before.Vault) != fmt.Sprint(after.Vault) {
		t.Error("the config differs")
	}
}

func manyCapabilities(n int) []byte {
	var b bytes.Buffer
	b.WriteString(minimal + "capabilities:\n")
	for i := range n {
		fmt.Fprintf(&b,
			"  stripe_%d: # nr. %d\n    service: stripe\n    ttl: 15m\n    rules:\n      allow:\n"+
				"        - GET *\n        - POST /v1/refunds/*\n"+
				"      deny: [POST /v1/charges/*, DELETE *]\n", i, i)
	}
	return b.Bytes()
}

func BenchmarkParse1000(b *testing.B) {
	text := manyCapabilities(1000)
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestHostileSizes holds what would be quadratic in a careless walk: very long lines, many faults,
// deep nesting.
func TestHostileSizes(t *testing.T) {
	for name, text := range map[string][]byte{
		"one long line": []byte("services: {ü: [" +
			string(bytes.Repeat([]byte("ü, "), 100_000)) + "]}"),
		"many stars":     bytes.Repeat([]byte("- * /x\n"), 20_000),
		"many bad bytes": bytes.Repeat([]byte("\x01\n"), 200_000),
		"deep":           bytes.Repeat([]byte("["), 100_000),
	} {
		start := time.Now()
		_, err := Parse(text)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if got := len(err.(*Error).Problems); name == "many stars" && got != maxRepairs {
			t.Errorf("%d unquoted stars reported, want %d", got, maxRepairs)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
