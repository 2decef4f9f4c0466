package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

// TestVectorsPathReadings: no exception of a service lets a spelling around a deny rule.
func TestVectorsPathReadings(t *testing.T) {
	type readingCase struct {
		ID, Deny, Path, Want, Why string
		Options                   []string
	}
	for _, c := range vectors.Load[readingCase](t, "path_readings", 61) {
		t.Run(c.ID, func(t *testing.T) {
			o := Options{
				EncodedSlash: slices.Contains(c.Options, "allowEncodedSlash"),
				Semicolon:    slices.Contains(c.Options, "allowSemicolon"),
				DoubleSlash:  slices.Contains(c.Options, "allowDoubleSlash"),
			}
			_, d := Judge(New(rules(t, "* *"), rules(t, c.Deny)), o, "GET", c.Path)
			if got := d.Outcome.String(); got != c.Want {
				t.Errorf("deny %q, path %s: %s, want %s: %s", c.Deny, c.Path, got, c.Want, c.Why)
			}
		})
	}
}

// receivers are what proxies, containers and frameworks do to a path, each said again in another
// way than readings.go says it.
var receivers = map[string]func(string) string{
	"decode slashes": func(p string) string {
		return strings.Join(strings.Split(p, "%2f"), "/")
	},
	"decode semicolons": func(p string) string {
		return strings.Join(strings.Split(p, "%3b"), ";")
	},
	"cut parameters": func(p string) string {
		segments := strings.Split(p, "/")
		for i, s := range segments {
			segments[i] = strings.Split(s, ";")[0]
		}
		return strings.Join(segments, "/")
	},
	"join slashes": func(p string) string {
		for strings.Contains(p, "//") {
			p = strings.Replace(p, "//", "/", 1)
		}
		return p
	},
}

// naiveMatch is a glob matcher that tries everything.
func naiveMatch(pattern, path string) bool {
	if pattern == "" {
		return path == ""
	}
	if pattern[0] == '*' {
		return naiveMatch(pattern[1:], path) || path != "" && naiveMatch(pattern, path[1:])
	}
	return path != "" && pattern[0] == path[0] && naiveMatch(pattern[1:], path[1:])
}

// naiveDenied says whether some chain of receivers makes a path of a request that the deny pattern
// matches.
func naiveDenied(pattern, path string) bool {
	pattern, path = strings.ToLower(pattern), strings.ToLower(path)
	decoded := receivers["decode slashes"](receivers["decode semicolons"](pattern))
	seen := map[string]bool{}
	for todo := []string{path}; len(todo) > 0; todo = todo[1:] {
		if seen[todo[0]] {
			continue
		}
		seen[todo[0]] = true
		for _, pattern := range []string{pattern, decoded} {
			for _, pattern := range []string{pattern, strings.TrimRight(pattern, "/")} {
				bare := strings.TrimRight(todo[0], "/")
				if naiveMatch(pattern, todo[0]) || naiveMatch(pattern, bare) {
					return true
				}
			}
		}
		for _, receive := range receivers {
			todo = append(todo, receive(todo[0]))
		}
	}
	return false
}

// checkReadings holds Judge to naiveDenied, in both directions.
func checkReadings(t *testing.T, bits uint8, pattern, path string) {
	t.Helper()
	deny, err := ParseRule("* " + pattern)
	if err != nil {
		return
	}
	_, d := Judge(New(rules(t, "* *"), []Rule{deny}), options(bits), "GET", path)
	if d.Outcome == Rejected {
		return
	}
	if want := naiveDenied(pattern, path); (d.Outcome == Denied) != want {
		t.Errorf("deny %q, path %q: %s, some receiver: %v", pattern, path, d.Outcome, want)
	}
	for _, reading := range readings(strings.ToLower(path)) {
		for segment := range strings.SplitSeq(reading, "/") {
			if segment == "." || segment == ".." {
				t.Errorf("%q may be read as %q", path, reading)
			}
		}
	}
}

// TestNoReadingDodgesDeny tries random rules and paths of the few words and bytes that matter.
func TestNoReadingDodgesDeny(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(most int, words ...string) string {
		var b strings.Builder
		for range 1 + random.IntN(most) {
			b.WriteString(words[random.IntN(len(words))])
		}
		return b.String()
	}
	judged := 0
	for range 30_000 {
		pattern := "/" + pick(5, "a", "b", "/", "/", "*", ";", "%2F", "%3b")
		path := "/" + pick(8, "a", "b", "A", "/", "/", "//", ";", "%2F", "%2f", "%3B", "%3b", "..")
		if _, d := Judge(Unrestricted(), everything, "GET", path); d.Outcome == Allowed {
			judged++
		}
		checkReadings(t, uint8(random.IntN(8)), pattern, path)
	}
	if judged < 8_000 {
		t.Errorf("only %d of the paths are well formed", judged)
	}
}

func FuzzReadings(f *testing.F) {
	for i, c := range [][2]string{
		{"/admin/*", "/admin;x/u"}, {"/admin", "/;x/admin"}, {"/a/*/c", "/a//b/;x/c"},
		{"/x%2Fy", "/x/y"}, {"/a;b", "/a%3Bb"}, {"/v1/users/*/keys", "/v1//users/7;a%2F/keys//"},
	} {
		f.Add(uint8(7-i), c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, bits uint8, pattern, path string) {
		// naiveMatch is exponential in stars, and naiveDenied knows ASCII case and the slash and
		// semicolon alone.
		if strings.Count(pattern, "*") > 3 || len(pattern) > 40 || len(path) > 60 ||
			strings.ContainsAny(path, "?*") || otherEscapes(pattern) || otherEscapes(path) {
			return
		}
		checkReadings(t, bits, pattern, path)
	})
}

func otherEscapes(s string) bool {
	s = strings.ToLower(s)
	return strings.Count(s, "%") != strings.Count(s, "%2f")+strings.Count(s, "%3b")
}

// TestReadingsAreFew bounds the work for the worst paths: what a chain of receivers can make of one
// does not grow with it.
func TestReadingsAreFew(t *testing.T) {
	var deny []Rule
	for i := range 1000 {
		deny = append(deny, rules(t, fmt.Sprintf("* /a*/x%d", i))...)
	}
	p := New(rules(t, "* *"), deny)
	const worst = "/a%3b;;/%2faa//%3b%3b%2fa//;;%3b/a%2f/a;%2f" // of 400,000 random ones
	for _, piece := range []string{"/a;b", "//", ";", "%2F", "%3b%2f/;", worst} {
		path := "/a" + strings.Repeat(piece, (wire.MaxTarget-2)/len(piece))
		if n := len(readings(fold(path, "%2a"))); n > 64 {
			t.Errorf("%.40q has %d readings", path, n)
		}
		start := time.Now()
		Judge(p, everything, "GET", path)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%.40q takes %v", path, took)
		}
	}
}
