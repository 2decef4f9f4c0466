package core

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/tool"
)

const signingConfig = `
services:
  bybit:
    baseUrl: https://api.bybit.com/base
    headers: {X-Version: "2"}
    auth: {type: hmac-bybit, apiKey: bybit_api_key_1234, apiSecret: bybit_api_secret_5678}
  short: {baseUrl: https://short.example, auth: {type: bearer, key: tiny}}
  crm:
    baseUrl: https://api.crm.example
    auth: {type: oauth2-client-credentials, tokenUrl: 'https://idp.example/token', clientId: me, clientSecret: ` + clientSecret + `, clientAuth: post}
capabilities:
  bybit: {service: bybit, rules: {deny: [GET *]}}
`

func signing(service, path string) Call {
	return Call{Caller: Caller{Via: ViaCLI}, Tool: ExplainSigning, Args: tool.Arguments{
		Service: service,
		Method:  "GET",
		Path:    path,
	}}
}

func (h *house) explained(c Call) (s Signing) {
	h.t.Helper()
	r, _ := h.allowed(c)
	if err := json.Unmarshal(r.Data, &s); err != nil {
		h.t.Fatal(err)
	}
	for _, leak := range []string{"bybit_api", "tiny", clientSecret} {
		if strings.Contains(string(r.Data), leak) {
			h.t.Errorf("shows %s: %s", leak, r.Data)
		}
	}
	return s
}

func TestSigningIsExplainedAndNothingSent(t *testing.T) {
	h := newHouse(t, signingConfig)
	c := signing("bybit", "/v5/x?a=b")
	c.Args.Headers = []Header{
		{Name: "Accept", Value: "text/plain"}, {Name: "Authorization", Value: "mine"},
	}
	s := h.explained(c)
	if s.Service != "bybit" || s.AuthType != "hmac-bybit" || s.SignedAt != "2026-11-23T09:33:45Z" ||
		s.Token != nil || s.Request.Method != "GET" ||
		s.Request.URL != "https://api.bybit.com/base/v5/x?a=b" ||
		strings.Join(s.Dropped, "") != "Authorization" {
		t.Errorf("got %+v", s)
	}
	if len(s.Request.Trace) != 1 ||
		s.Request.Trace[0] != (SignedStep{"string to sign",
			"1795426425000[REDACTED:x5qncd]5000a=b"}) {
		t.Errorf("trace %+v", s.Request.Trace)
	}
	names := ""
	for _, f := range s.Request.Headers {
		names += f.Name + " "
		if f.Name == "X-BAPI-API-KEY" && f.Value != "[REDACTED:x5qncd]" ||
			f.Name == "X-BAPI-SIGN" && len(f.Value) != 64 {
			t.Errorf("field %+v", f)
		}
	}
	if !strings.HasPrefix(names, "Accept X-Version X-BAPI-") {
		t.Errorf("fields %s", names)
	}
	if len(h.sent) > 0 || h.events() != "sign.explain" || h.records[0].Target != "/v5/x?a=*" ||
		h.records[0].Service != "bybit" {
		t.Errorf("sent %v, recorded %+v", h.sent, h.records)
	}
	if s = h.explained(signing("short", "/x")); s.Request.Headers[0].Value !=
		"Bearer [REDACTED:x5qncd]" {
		t.Errorf("a short key: %+v", s.Request.Headers)
	}
}

func TestSigningWithATokenShowsItsRequest(t *testing.T) {
	h := newHouse(t, signingConfig)
	s := h.explained(signing("crm", "/x"))
	if s.Token == nil || s.Token.URL != "https://idp.example/token" ||
		s.Token.Body !=
			"client_id=me&client_secret=[REDACTED:x5qncd]&grant_type=client_credentials" {
		t.Errorf("token request %+v", s.Token)
	}
	if got := s.Request.Headers[0]; got != (SignedField{"Authorization", "Bearer (the token)"}) {
		t.Errorf("field %+v", got)
	}
	if len(h.sent) > 0 || len(h.engine.tokens.slots) > 0 {
		t.Error("a token was asked for")
	}
}

func TestSigningRefuses(t *testing.T) {
	h := newHouse(t, signingConfig)
	// a signature is as good as the request
	for _, via := range []string{ViaStdio, ViaHTTP, ViaOpenClaw, ""} {
		c := signing("bybit", "/x")
		c.Via = via
		h.refused(c, BadArguments)
	}
	h.refused(signing("none", "/x"), BadArguments)
	h.refused(signing("bybit", "/../x"), RequestRejected)
	trace := signing("bybit", "/x")
	trace.Args.Method = "PURGE"
	if d := h.refused(trace, RuleDeny); d == nil {
		t.Error("an unknown method")
	}
	h.failCommit = func(Commit) bool { return true }
	h.refused(signing("bybit", "/x"), AuditUnavailable)
	h.failCommit = nil
	h.engine = New(h.engine.config, nil)
	h.refused(signing("bybit", "/x"), VaultLocked)
}
