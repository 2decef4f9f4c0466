package core

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/vault"
)

const testMark = "[REDACTED:x5qncd]" // of newHouse

func TestMarkIsThatOfTheHome(t *testing.T) {
	h := newHouse(t, houseConfig)
	if h.engine.mark != testMark || h.engine.Next(h.engine.config, h.vault).mark != testMark {
		t.Errorf("mark %s", h.engine.mark)
	}
	other := vault.New(vault.NewRoot([32]byte{9}), "5f0c2f7c9b3e4d11a7d2c0ffee000001")
	if m := markOf(other); m == testMark ||
		!regexp.MustCompile(`^\[REDACTED:[0-9a-hjkmnp-tv-z]{6}\]$`).MatchString(m) {
		t.Errorf("mark of another home: %s", m)
	}
}

// An agent changes one field of an object that it was shown and sends the whole back.
func TestWritebackIsRefused(t *testing.T) {
	quoted, _ := json.Marshal(`{"a":"` + testMark + `"}`)
	for name, c := range map[string]struct {
		path, body string
		headers    []Header
		where      string
	}{
		"body":         {body: `{"reporter":{"email":"` + testMark + `"}}`, where: "body"},
		"text around":  {body: "Bearer" + testMark + "x", where: "body"},
		"upper case":   {body: strings.ToUpper(testMark), where: "body"},
		"form":         {body: "a=1&key=" + url.QueryEscape(testMark), where: "body"},
		"JSON escapes": {body: `{"a":"\u005bREDACTED:x5qnc\u0064\u005D"}`, where: "body"},
		"JSON in JSON": {body: string(quoted), where: "body"},
		"HTML":         {body: "<b>&#91;REDACTED&#x3a;x5qncd&#93;</b>", where: "body"},
		"HTML of PHP":  {body: "<b>&lbrack;REDACTED&colon;x5qncd&rsqb;</b>", where: "body"},
		"base64": {body: `{"data":"` +
			base64.StdEncoding.EncodeToString([]byte("key="+testMark+"\n")) + `"}`, where: "body"},
		"large body":     {body: strings.Repeat(`{"a":"%41"},`, 15000) + testMark, where: "body"},
		"across a step":  {body: strings.Repeat("x", 64<<10-5) + testMark, where: "body"},
		"query":          {path: "/x?email=" + url.QueryEscape(testMark), where: "path or query"},
		"query as it is": {path: "/x?email=" + testMark, where: "path or query"},
		"path":           {path: "/users/" + url.PathEscape(testMark), where: "path or query"},
		"header": {headers: []Header{{Name: "X-Note", Value: "is " + testMark}},
			where: `header "X-Note"`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, houseConfig)
			call := get("asked", "/x")
			if c.path != "" {
				call.Args.Path = c.path
			}
			call.Args.Method, call.Args.Body, call.Args.Headers = "PUT", []byte(c.body), c.headers
			done, _ := h.do(call)
			if done.Denial == nil || done.Denial.Code != RedactedWriteback ||
				!strings.Contains(done.Denial.Message, "the "+c.where+" holds") {
				t.Fatalf("ended with %s", outcome(done))
			}
			// Nobody was asked, no session was opened, and the refusal is on record.
			if len(h.sent) > 0 || h.events() != "deny "+RedactedWriteback {
				t.Errorf("sent %d, recorded %s", len(h.sent), h.events())
			}
		})
	}
}

func TestOtherMarksPass(t *testing.T) {
	h := newHouse(t, houseConfig)
	call := get("stripe", "/x?q=[REDACTED]")
	call.Args.Method, call.Args.Body = "POST",
		[]byte(`{"a":"[REDACTED]","b":"[REDACTED:k3f9qz]","c":"x5qncd]"}`)
	// dropped, as any
	call.Args.Headers = []Header{{Name: "Authorization", Value: "Bearer " + testMark}}
	h.allowed(call)
	if len(h.sent) != 1 {
		t.Errorf("%d requests", len(h.sent))
	}
}

func TestWritebackComesAfterTheRules(t *testing.T) {
	h := newHouse(t, houseConfig)
	call := get("readonly", "/v1/x?a="+url.QueryEscape(testMark))
	call.Args.Method = "POST"
	h.refused(call, RuleDeny)
	call = get("readonly", "/v1/x?a="+url.QueryEscape(testMark))
	call.Tool = ExplainAccess
	done, _ := h.do(call)
	if done.Result == nil || !strings.Contains(string(done.Result.Data),
		`{"check":"writeback","result":"fail","detail":"the path or query holds `+testMark) {
		t.Errorf("explained: %s", outcome(done))
	}
}

// The worked example of docs/formats.md, for shells in other languages.
func TestMarkOfTheExample(t *testing.T) {
	root, err := vault.ParseRoot("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	if m := markOf(vault.New(root, "5f0c2f7c9b3e4d11a7d2c0ffee000001")); m != "[REDACTED:mh20m1]" {
		t.Errorf("mark %s", m)
	}
}
