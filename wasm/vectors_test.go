//go:build !race

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/abi"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/internal/vectors"
)

const (
	vaultID = "5f0c2f7c9b3e4d11a7d2c0ffee000001"
	rootKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	moment  = `"now":[1795426425000,1],` +
		`"rand":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"`
)

// peer speaks to an instance.
type peer struct {
	t      testing.TB
	handle func([]byte) []byte
}

type reply struct {
	OK       bool
	Error    struct{ Code string }
	Engine   int64
	Flow     int64
	Files    []string
	Class    string
	Permit   bool
	Sealed   string
	Problems []any
	Step     struct {
		Type, Method, URL, Target string
		Headers                   [][2]string
		Result                    struct{ Headers map[string]string }
		Refusal                   struct {
			Denial struct{ ReasonCode string }
		}
	}
}

func (p peer) send(raw []byte, format string, args ...any) (r reply, out []byte) {
	p.t.Helper()
	answer := p.handle(abi.Join(fmt.Appendf(nil, format, args...), raw))
	n := 4 + int(answer[0]) + int(answer[1])<<8 + int(answer[2])<<16
	if err := json.Unmarshal(answer[4:n], &r); err != nil {
		p.t.Fatalf("%q: %v", answer, err)
	}
	return r, answer[n:]
}

// load makes an engine of a configuration written as JSON, which is YAML too.
func (p peer) load(services, capabilities map[string]any) (engine int64, ok bool) {
	p.t.Helper()
	text, err := json.Marshal(map[string]any{"vault": map[string]any{
		"id": vaultID, "key": "k1", "check": "66a7e4c4f41d3cc5",
	}, "services": services, "capabilities": capabilities})
	if err != nil {
		p.t.Fatal(err)
	}
	r, _ := p.send(text, `{"v":1,"op":"load","rootKey":%q,"writer":"q7m2k4xa"}`, rootKey)
	return r.Engine, r.OK
}

// call takes a call to its refusal or its request.
func (p peer) call(engine int64, args map[string]any) (flow int64, r reply) {
	p.t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		p.t.Fatal(err)
	}
	r, _ = p.send(text,
		`{"v":1,"op":"needs","engine":%d,"tool":"execute","agent":"main","via":"openclaw"}`, engine)
	flow = r.Flow
	r, _ = p.send(nil, `{"v":1,"op":"begin","flow":%d,%s,"files":[%s]}`, flow, moment,
		strings.TrimSuffix(strings.Repeat("null,", len(r.Files)), ","))
	return flow, p.commits(flow, r)
}

func (p peer) commits(flow int64, r reply) reply {
	p.t.Helper()
	for r.Step.Type == "commit" {
		r, _ = p.send(nil,
			`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"committed"}}`, flow, moment)
	}
	if !r.OK {
		p.t.Fatalf("%+v", r)
	}
	return r
}

func (p peer) drop(what string, handle int64) {
	p.send(nil, `{"v":1,"op":"drop",%q:%d}`, what, handle)
}

type bypassCase struct {
	ID, Cat, Tier, Method, Path, Want, Sent, Why string
	Rules                                        map[string]any
	Headers                                      map[string]string
	Accept                                       []string
	SentAny                                      []string `json:"sent_any"`
	SentMethod                                   string   `json:"sent_method"`
	MustNotSend                                  []string `json:"must_not_send"`
	MnsValue                                     string   `json:"mns_value"`
	// core/policy holds itself to it
	MaxMs int64 `json:"max_ms"`
}

func TestVectorsPolicyBypass(t *testing.T) {
	var file struct {
		vectors.File[bypassCase]
		Version         int
		BaseURL         string `json:"base_url"`
		Fields, Outcome string
	}
	vectors.Read(t, "policy_bypass", &file)
	vectors.Count(t, "policy_bypass", len(file.Cases), 129)
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		for _, c := range file.Cases {
			t.Run(c.ID, func(t *testing.T) { c.check(t, peer{t, handle}) })
		}
	})
}

func (c bypassCase) check(t *testing.T, p peer) {
	service := map[string]any{
		"baseUrl": "https://api.example.com",
		"auth":    map[string]any{"type": "bearer", "key": "the_key_of_the_service"},
	}
	capability := map[string]any{"service": "api"}
	if len(c.Rules) > 0 {
		capability["rules"] = c.Rules
	}
	engine, ok := p.load(map[string]any{"api": service}, map[string]any{"api": capability})
	outcome := "reject" // a rule that cannot be read refuses everything
	if ok {
		defer p.drop("engine", engine)
		args := map[string]any{"capability": "api", "method": c.Method, "path": c.Path}
		if c.Headers != nil {
			args["headers"] = c.Headers
		}
		_, r := p.call(engine, args)
		switch {
		case r.Step.Type == "send":
			outcome = "allow"
			c.sent(t, r)
		case r.Step.Refusal.Denial.ReasonCode == "RULE_DENY":
			outcome = "deny"
		}
	}
	if !slices.Contains(c.Accept, outcome) {
		t.Errorf("%s, want one of %v: %s", outcome, c.Accept, c.Why)
	}
}

func (c bypassCase) sent(t *testing.T, r reply) {
	s := r.Step
	if c.Sent != "" && s.Target != c.Sent && !slices.Contains(c.SentAny, s.Target) {
		t.Errorf("target %q, want %q or one of %q", s.Target, c.Sent, c.SentAny)
	}
	if s.URL != "https://api.example.com"+s.Target || s.Method != strings.ToUpper(c.Method) {
		t.Errorf("%s %s", s.Method, s.URL)
	}
	for _, h := range s.Headers {
		ours := h[1] == "Bearer the_key_of_the_service"
		if !ours && slices.ContainsFunc(c.MustNotSend, func(name string) bool {
			return strings.EqualFold(name, h[0])
		}) || c.MnsValue != "" && h[1] == c.MnsValue {
			t.Errorf("%s would be sent: %s", h, c.Why)
		}
	}
}

func TestVectorsURLJoin(t *testing.T) {
	type joinCase struct {
		ID, Source, Path, Want, Why string
		BaseURL                     string `json:"base_url"`
	}
	cases := vectors.Load[joinCase](t, "url_join", 12)
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) {
				p, got := peer{t, handle}, "reject"
				service := map[string]any{
					"baseUrl": c.BaseURL,
					"auth":    map[string]any{"type": "bearer", "key": "the_key_of_the_service"},
				}
				if engine, ok := p.load(map[string]any{"api": service},
					map[string]any{"api": map[string]any{"service": "api"}}); ok {
					if _, r := p.call(engine, map[string]any{"capability": "api", "method": "GET",
						"path": c.Path}); r.Step.Type == "send" {
						got = r.Step.URL
					}
				}
				if got != c.Want {
					t.Errorf("%s + %s = %q, want %q", c.BaseURL, c.Path, got, c.Want)
				}
			})
		}
	})
}

type scrubCase struct {
	ID, Tier, Source, Note string
	Secrets                []string
	ContentType            string            `json:"content_type"`
	ContentEncoding        string            `json:"content_encoding"`
	ResponseHeaders        map[string]string `json:"response_headers"`
	Chunks                 [][]byte          `json:"chunks_b64"`
	MustNotContain         []string          `json:"must_not_contain"`
	MustContain            []string          `json:"must_contain"`
}

// unstorable are the built-in cases whose secrets no configuration can hold: one that is empty, and
// one of several lines that is no key.
var unstorable = []string{"v/empty-secret", "v/multiline-pem"}

func TestVectorsScrub(t *testing.T) {
	cases := vectors.Load[scrubCase](t, "scrub", 31)
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		var left []string
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) {
				if !c.check(t, peer{t, handle}) {
					left = append(left, c.ID)
				}
			})
		}
		if vectors.BuiltIn() && !slices.Equal(left, unstorable) {
			t.Errorf("these could not be stored: %v", left)
		}
		t.Logf("not stored: %v", left)
	})
}

// check scrubs a reply with the secrets as the credential of a service; false if it cannot be one.
func (c scrubCase) check(t *testing.T, p peer) bool {
	auth := map[string]any{"type": "basic", "username": "user", "password": c.Secrets[0]}
	if len(c.Secrets) == 2 {
		auth = map[string]any{
			"type":    "headers",
			"headers": map[string]any{"X-One": c.Secrets[0], "X-Two": c.Secrets[1]},
		}
	}
	engine, ok := p.load(map[string]any{"api": map[string]any{
		"baseUrl": "https://api.example.com", "auth": auth,
	}}, map[string]any{"api": map[string]any{"service": "api", "headers": "all"}})
	if !ok || c.Secrets[0] == "" {
		return false
	}
	flow, r := p.call(engine, map[string]any{"capability": "api", "method": "GET", "path": "/"})
	if r.Step.Type != "send" {
		t.Fatalf("%+v", r)
	}
	headers := [][2]string{}
	for _, name := range slices.Sorted(maps.Keys(c.ResponseHeaders)) {
		headers = append(headers, [2]string{name, c.ResponseHeaders[name]})
	}
	text, _ := json.Marshal(headers)
	p.send(nil,
		`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"head","status":200,"headers":%s}}`,
		flow, moment, text)
	var seen bytes.Buffer
	for _, chunk := range c.decoded(t) {
		_, out := p.send(chunk, `{"v":1,"op":"scrub","flow":%d}`, flow)
		seen.Write(out)
	}
	_, out := p.send(nil, `{"v":1,"op":"scrub","flow":%d,"last":true}`, flow)
	seen.Write(out)
	r, _ = p.send(nil, `{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"ended","bytes":%d}}`,
		flow, moment, seen.Len())
	for name, value := range p.commits(flow, r).Step.Result.Headers {
		fmt.Fprintf(&seen, "%s: %s\n", name, value)
	}
	for _, bad := range c.MustNotContain {
		if strings.Contains(seen.String(), bad) {
			t.Errorf("%q holds %q", seen.String(), bad)
		}
	}
	for _, good := range c.MustContain {
		if !strings.Contains(seen.String(), good) {
			t.Errorf("%q does not hold %q", seen.String(), good)
		}
	}
	return true
}

// decoded undoes the content encodings, last first, which is the shell's part of the work.
func (c scrubCase) decoded(t *testing.T) [][]byte {
	if c.ContentEncoding == "" {
		return c.Chunks
	}
	var r io.Reader = bytes.NewReader(bytes.Join(c.Chunks, nil))
	for _, encoding := range slices.Backward(strings.Split(c.ContentEncoding, ", ")) {
		if encoding == "br" {
			r = brotli.NewReader(r)
			continue
		}
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{body}
}

func TestVectorsEgress(t *testing.T) {
	cases := vectors.Load[struct{ ID, Source, Kind, Value, Want, Why string }](t, "egress", 36)
	// a name that is harmless to read is caught by its address
	leadsTo := map[string]string{"127.0.0.1.nip.io": "127.0.0.1"}
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		p := peer{t, handle}
		engine, _ := p.load(map[string]any{"api": map[string]any{
			"baseUrl": "https://api.example.com",
			"auth":    map[string]any{"type": "bearer", "key": "the_key_of_the_service"},
		}},
			map[string]any{"api": map[string]any{"service": "api"}})
		flow, _ := p.call(engine, map[string]any{"capability": "api", "method": "GET", "path": "/"})
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) {
				value, allowed := c.Value, true
				if c.Kind == "host" {
					r, _ := p.send(nil, `{"v":1,"op":"classify","host":%q}`, value)
					allowed, value = r.Class == "public", leadsTo[value]
				}
				if allowed && value != "" {
					r, _ := p.send(nil,
						`{"v":1,"op":"classify","flow":%d,"addr":%q,"port":443}`, flow, value)
					allowed = r.Permit
				}
				if allowed != (c.Want == "allow") {
					t.Errorf("%s: allowed %v, want %s: %s", c.Value, allowed, c.Want, c.Why)
				}
			})
		}
	})
}

// TestVectorsFormats seals what formats.json seals, and verifies the lines of its log. Its sessions
// and questions pass through TestFlows.
func TestVectorsFormats(t *testing.T) {
	formats := vectors.LoadFormats(t, 3, "sealed", "audit")
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		p := peer{t, handle}
		engine, ok := p.load(map[string]any{}, map[string]any{})
		if !ok {
			t.Fatal("the root key is not that of the vault")
		}
		for _, c := range formats.Cases {
			if c.Kind == "audit" {
				p.verify(engine, c.Want)
				continue
			}
			var in struct{ KID, Service, Field, Type, Origin, Nonce, Plain string }
			var want string
			vectors.Strict(t, c.Input, &in)
			vectors.Strict(t, c.Want, &want)
			text, _ := json.Marshal(map[string]any{"v": 1, "op": "seal", "engine": engine,
				"rand": hex.EncodeToString([]byte(in.Nonce)) +
					strings.Repeat("0", 128-2*len(in.Nonce)), "kid": in.KID, "service": in.Service,
				"field": in.Field, "type": in.Type,
				"origin": in.Origin})
			if r, _ := p.send([]byte(in.Plain), "%s", text); r.Sealed != want {
				t.Errorf("%s: %q, want %q", c.ID, r.Sealed, want)
			}
		}
	})
}

// verify has a chain checked as it is, and with one letter changed.
func (p peer) verify(engine int64, want json.RawMessage) {
	p.t.Helper()
	var lines []string
	if err := json.Unmarshal(want, &lines); err != nil || len(lines) < 2 {
		p.t.Fatalf("%d lines, %v", len(lines), err)
	}
	text := strings.Join(lines, "\n") + "\n"
	for _, edited := range []bool{false, true} {
		if edited {
			text = strings.Replace(text, "User asked", "User  sked", 1)
		}
		r, _ := p.send([]byte(text),
			`{"v":1,"op":"verify","engine":%d,"first":true,"last":true,"file":"2026-11-23.q7m2k4xa.jsonl","writer":"q7m2k4xa","day":"2026-11-23","line":1}`,
			engine)
		if !r.OK || (len(r.Problems) > 0) != edited {
			p.t.Errorf("edited %v: %v", edited, r.Problems)
		}
	}
}

// TestTools: what is offered to agents is what core/tool says, word for word.
func TestTools(t *testing.T) {
	want, _ := json.Marshal(core.Tools())
	onEach(t, func(t *testing.T, handle func([]byte) []byte) {
		answer := handle(abi.Join([]byte(`{"v":1,"op":"tools"}`), nil))
		var got struct {
			Instructions string
			Tools        []tool.Definition
		}
		if err := json.Unmarshal(answer[4:], &got); err != nil ||
			got.Instructions != tool.Instructions {
			t.Fatalf("%v", err)
		}
		for i := range got.Tools { // inputSchema and outputSchema, as MCP calls them
			got.Tools[i].Input, got.Tools[i].Output = core.Tools()[i].Input,
				core.Tools()[i].Output
		}
		if text, _ := json.Marshal(got.Tools); !bytes.Equal(text, want) {
			t.Errorf("%s", text)
		}
	})
}
