package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

const (
	digestPassword = "password_of_the_core_tests"
	digestConfig   = `
services:
  camera:
    baseUrl: https://camera.example/cgi
    auth: {type: digest, username: operator, password: ` + digestPassword + `}
capabilities:
  camera: {service: camera, timeout: 5s}
`
)

// guarded answers like an API behind digest authentication: a challenge, then what the handler
// says.
func guarded(t *testing.T, then func(Send) (Head, []string, Ended)) *house {
	h := newHouse(t, digestConfig)
	h.reply = func(s Send) (Head, []string, Ended) {
		if _, ok := wire.Get(s.Headers, "Authorization"); ok {
			return then(s)
		}
		return challengeHead(`Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256`),
			[]string{"the body of the 401"}, Ended{}
	}
	return h
}

func challengeHead(challenge string) Head {
	return Head{Status: 401, Headers: []Header{{Name: "Www-Authenticate", Value: challenge}}}
}

func posting(capability, path, body string) Call {
	c := get(capability, path)
	c.Args.Method, c.Args.Body = "POST", []byte(body)
	return c
}

func TestChallengeIsAnswered(t *testing.T) {
	var response string
	var fresh byte
	var h *house
	h = guarded(t, func(s Send) (Head, []string, Ended) {
		fresh = h.rand
		v, _ := wire.Get(s.Headers, "Authorization")
		_, v, _ = strings.Cut(v, `response="`)
		response, _, _ = strings.Cut(v, `"`)
		return Head{Status: 200}, []string{"you sent ", response, " for ", digestPassword}, Ended{}
	})
	res, body := h.allowed(posting("camera", "/set?a=b", "on=1"))
	if res.Status != 200 || body != "you sent [REDACTED:x5qncd] for [REDACTED:x5qncd]" ||
		len(response) != 64 || res.Redactions != 2 {
		t.Errorf("%d %q, response %q", res.Status, body, response)
	}
	if len(h.sent) != 2 {
		t.Fatalf("%d requests", len(h.sent))
	}
	first, second := h.sent[0], h.sent[1]
	if first.Body != nil || string(second.Body) != "on=1" || first.Method != "POST" ||
		first.URL != second.URL || first.Target != "/cgi/set?a=b" {
		t.Errorf("sent %q, then %q", first.Body, second.Body)
	}
	for _, name := range []string{"Authorization", "Content-Type"} {
		if v, ok := wire.Get(first.Headers, name); ok {
			t.Errorf("the first request has %s: %s", name, v)
		}
	}
	v, _ := wire.Get(second.Headers, "Authorization")
	for _, part := range []string{
		`Digest username="operator"`, `uri="/cgi/set?a=b"`, "nc=00000001",
		`cnonce="` + strings.Repeat(fmt.Sprintf("%02x", fresh), 16) + `"`,
	} {
		if !strings.Contains(v, part) {
			t.Errorf("%s is not in %s", part, v)
		}
	}
	if got := h.events(); got != "session.open, intent, result" {
		t.Errorf("recorded %s", got)
	}
}

// TestIntentStandsBeforeTheFirstSend: what carries nothing is a request all the same.
func TestIntentStandsBeforeTheFirstSend(t *testing.T) {
	h := guarded(t, status(200))
	h.before = func(s Step) Event {
		if _, ok := s.(Send); ok && len(h.sent) == 0 && h.events() != "session.open, intent" {
			t.Errorf("recorded %s", h.events())
		}
		return nil
	}
	h.allowed(get("camera", "/x"))
	h = guarded(t, status(200))
	h.failCommit = func(c Commit) bool {
		return len(c.Records) > 0 && c.Records[0].Event == "intent"
	}
	h.refused(get("camera", "/x"), AuditUnavailable)
}

func TestBothRequestsShareTheTimeout(t *testing.T) {
	h := guarded(t, status(200))
	answered := h.reply
	h.reply = func(s Send) (Head, []string, Ended) {
		h.now.Mono += 2000
		return answered(s)
	}
	h.allowed(get("camera", "/x"))
	if h.sent[0].TimeoutMs != 5000 || h.sent[1].TimeoutMs != 3000 {
		t.Errorf("%d ms, then %d ms", h.sent[0].TimeoutMs, h.sent[1].TimeoutMs)
	}
}

func TestSecondRefusalIsTheAnswer(t *testing.T) {
	h := guarded(t, func(Send) (Head, []string, Ended) {
		return challengeHead(`Digest realm="cam", nonce="def", qop="auth"`),
			[]string{"wrong password"}, Ended{}
	})
	for _, c := range []Call{get("camera", "/x"), posting("camera", "/x", "on=1")} {
		h.sent = nil
		if res, body := h.allowed(c); res.Status != 401 ||
			body != "wrong password" || len(h.sent) != 2 {
			t.Errorf("%s: %d %q after %d requests", c.Args.Method, res.Status, body, len(h.sent))
		}
	}
}

func TestNoChallenge(t *testing.T) {
	h := newHouse(t, digestConfig)
	h.reply = status(200)
	for _, c := range []Call{get("camera", "/x"), posting("camera", "/x", "")} {
		if res, body := h.allowed(c); res.Status != 200 || body != "said" {
			t.Errorf("%s: %d %q", c.Args.Method, res.Status, body)
		}
	}
	h.failsUnsigned(posting("camera", "/x", "on=1"), "no digest challenge: it answered 200")
	h.reply = status(401)
	h.failsUnsigned(get("camera", "/x"), "the API sent no digest challenge")
	for challenge, text := range map[string]string{
		`Digest realm="r", nonce="n", qop="auth-int"`: "no qop=auth",
		"Digest realm=\"r\", nonce=\"n\n\"":           "the nonce of",
	} {
		h.reply = func(Send) (Head, []string, Ended) {
			return challengeHead(challenge), []string{"no"}, Ended{}
		}
		h.failsUnsigned(posting("camera", "/x", "on=1"), text)
	}
}

// failsUnsigned wants SIGNING_FAILED after one request that carried nothing.
func (h *house) failsUnsigned(c Call, text string) {
	h.t.Helper()
	h.sent, h.records = nil, nil
	done, _ := h.do(c)
	if done.Denial == nil || done.Denial.Code != SigningFailed ||
		!strings.Contains(done.Denial.Message, text) {
		h.t.Errorf("ended with %s, want %q", outcome(done), text)
	}
	if _, signed := wire.Get(h.sent[0].Headers, "Authorization"); len(h.sent) != 1 ||
		h.sent[0].Body != nil || signed {
		h.t.Errorf("sent %d requests, the first with %q", len(h.sent), h.sent[0].Body)
	}
	if got := h.events(); got != "intent, result SIGNING_FAILED" {
		h.t.Errorf("recorded %s", got)
	}
}

// TestExplainSigningOfAChallenge shows the first request: the rest is the API's to say.
func TestExplainSigningOfAChallenge(t *testing.T) {
	h := newHouse(t, digestConfig)
	c := Call{Caller: Caller{Via: ViaCLI}, Tool: ExplainSigning, Args: tool.Arguments{
		Service: "camera",
		Method:  "GET",
		Path:    "/x",
	}}
	done, _ := h.do(c)
	if done.Result == nil || strings.Contains(string(done.Result.Data), "Authorization") ||
		len(h.sent) != 0 {
		t.Errorf("ended with %s", outcome(done))
	}
}
