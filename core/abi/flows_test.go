package abi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false,
	"write the flows and the generated TypeScript again; look at what changed")

// digestABC is the SHA-256 of the caFile that boundConfig was agreed to with.
const digestABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

// boundConfig holds the worked example of docs/formats.md.
const boundConfig = `vault: {id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc5, source: file}
services:
  stripe:
    baseUrl: https://api.stripe.com
    proxy: http://127.0.0.1:3128
    caFile: /etc/ca.pem
    auth: {type: bearer, key: "janee:v1:k1:stripe:key:bearer:https%3A%2F%2Fapi.stripe.com:YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-"}
    bound: '{"v":1,"kind":"bound","service":"stripe","type":"bearer","origin":"https://api.stripe.com","proxy":"http://127.0.0.1:3128","ca":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","values":{"key":"c5bc2fd663278436989d7613b841c640"},"mac":"757e945c817e4efcde2bc48567fa831de3baefccdc73f30288c9bd4f35841b3d"}'
capabilities:
  stripe: {service: stripe}
`

const flowConfig = `vault: {id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc5, source: file}
services:
  stripe:
    baseUrl: https://api.stripe.com/base
    headers: {Stripe-Version: "2026-01-01"}
    auth: {type: bearer, key: "janee:v1:k1:stripe:key:bearer:https%3A%2F%2Fapi.stripe.com:YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-"}
  bybit:
    baseUrl: https://api.bybit.com
    proxy: http://127.0.0.1:3128
    auth: {type: hmac-bybit, apiKey: bybit_api_key_1234, apiSecret: bybit_api_secret_5678}
  minting:
    baseUrl: https://api.example.com
    auth: {type: oauth2-client-credentials, tokenUrl: "https://127.0.0.1:8443/token", clientId: id-1, clientSecret: client_secret_of_id_1}
  moved:
    baseUrl: https://elsewhere.example.com
    auth: {type: bearer, key: "janee:v1:k1:stripe:key:bearer:https%3A%2F%2Fapi.stripe.com:YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-"}
capabilities:
  stripe:
    service: stripe
    description: Payments
    rules: {allow: [GET /v1/*, POST /v1/refunds], deny: [GET /v1/secrets*]}
  bybit: {service: bybit, headers: all}
  minting: {service: minting}
  moved: {service: moved}
  reasoned: {service: stripe, requiresReason: true}
  asked: {service: stripe, autoApprove: false}
`

// limitedConfig has a capability with limits of its own, and leaves one call at once to all
// together.
const limitedConfig = flowConfig + `  few: {service: stripe, limits: {perMinute: 2, maxRequestBytes: 10, maxResponseBytes: 4, bytesPerHour: 100}}
limits: {concurrent: 1}
`

const balance = `{"capability":"stripe","method":"GET","path":"/v1/balance?limit=3",` +
	`"reason":"User asked"}`

// flows are whole stories, told to the native core. What was said is kept word for word in
// core/testdata/flows, for the module to repeat.
var flows = []struct {
	name, about string
	tell        func(*shell)
}{
	{"allowed",
		"a call opens a session, is recorded, signed and sent; the key in the reply, cut across " +
			"chunks and in a header, is masked; the next call uses the session", func(s *shell) {
			s.load(flowConfig)
			flow, a := s.call(balance)
			send := s.commits(flow, a)
			body, done := s.reply(flow,
				200,
				`[["Content-Type","application/json"],["Set-Cookie","a=b"],["X-Request-Id","r-sk_live_xxx"],["Content-Length","34"]]`,
				`{"key":"sk_li`, `ve_xxx","object":"balance"}`)
			expect(s, send.Type == "send" && send.Target == "/base/v1/balance?limit=3",
				"target %q", send.Target)
			expect(s, body == `{"key":"[REDACTED:mh20m1]","object":"balance"}`, "body %s", body)
			expect(s, strings.Contains(string(done.Result), `"redactions":2`),
				"result %s", done.Result)
			flow, a = s.call(`{"capability":"stripe","method":"POST","path":"/v1/refunds",` +
				`"body":{"charge":"ch_1"},"headers":{"Idempotency-Key":"k1","Authorization":"Bearer x"},"reason":"User asked"}`)
			expect(s, len(a.Step.Writes) == 0 && len(a.Step.Lines) == 1, "a second session")
			s.commits(flow, a)
			s.reply(flow, 200, `[]`, `{}`)
			s.verified()
		}},
	{"refused",
		"rules, malformed targets, unknown names, missing reasons, unreadable arguments and " +
			"unknown tools are refused and recorded; nothing is sent", func(s *shell) {
			s.load(flowConfig)
			for _, c := range []struct{ args, code string }{
				{`{"capability":"stripe","method":"DELETE","path":"/v1/customers/cus_1"}`,
					"RULE_DENY"},
				{`{"capability":"stripe","method":"GET","path":"/v1/secrets/1"}`, "RULE_DENY"},
				{`{"capability":"stripe","method":"GET","path":"/v1/../secrets"}`,
					"REQUEST_REJECTED"},
				{`{"capability":"stripe","method":"GET","path":"/v1/x",` +
					`"headers":{"X-HTTP-Method-Override":"DELETE"}}`, "REQUEST_REJECTED"},
				{`{"capability":"nobody","method":"GET","path":"/"}`, "CAPABILITY_NOT_FOUND"},
				{`{"capability":"reasoned","method":"GET","path":"/"}`, "REASON_REQUIRED"},
				{`{"capability":"stripe","method":"GET","path":"/v1/x","path":"/v1/y"}`,
					"BAD_ARGUMENTS"},
				{`{"capability":"stripe","method":"GET"}`, "BAD_ARGUMENTS"},
				{`not JSON`, "BAD_ARGUMENTS"},
			} {
				s.refused(c.args, c.code)
			}
			flow, a := s.callTool("approve", `{}`)
			done := s.commits(flow, a)
			expect(s, done.Refusal.Denial.ReasonCode == "BAD_ARGUMENTS",
				"an unknown tool: %+v", done)
			s.verified()
		}},
	{"tools", "the tools that send nothing", func(s *shell) {
		s.load(flowConfig)
		for _, name := range []string{"list_services", "whoami", "reload_config"} {
			_, a := s.callTool(name, `{}`)
			expect(s, a.Step.Type == "done" && a.Step.Tool == name && a.Step.Refusal == nil,
				"%s: %+v", name, a.Step)
		}
		_, a := s.callTool("explain_access",
			`{"capability":"stripe","method":"POST","path":"/v1/charges"}`)
		expect(s, strings.Contains(string(a.Step.Result), `"allowed":false`), "%s", a.Step.Result)
		s.op(nil, `{"v":1,"op":"version"}`)
	}},
	{"closed",
		"a lock, a revocation, a list that cannot be read and a damaged one refuse; an order " +
			"that comes while a request is under way ends it", func(s *shell) {
			s.load(flowConfig)
			flow, a := s.call(balance)
			send := s.commits(flow, a)
			list, raw := s.files(send.Watch)
			a = s.op(raw, `{"v":1,"op":"look","flow":%d,"now":[%d,%d],"files":%s}`, flow,
				s.wall, s.mono, list)
			expect(s, !a.Revoked, "revoked by nothing")
			s.state["LOCKED"] = ""
			list, raw = s.files(send.Watch)
			a = s.op(raw, `{"v":1,"op":"look","flow":%d,"now":[%d,%d],"files":%s}`, flow,
				s.wall, s.mono, list)
			expect(s, a.Revoked, "not revoked by the lock")
			done := s.commits(flow, s.resume(flow, `{"type":"stopped","why":"revoked"}`))
			expect(s, done.Refusal.Denial.ReasonCode == "LOCKED", "%+v", done)
			s.refused(balance, "LOCKED")
			delete(s.state, "LOCKED")
			s.unread["sessions/closed.json"] = true
			s.refused(balance, "SESSION_REVOKED")
			s.unread = map[string]bool{}
			s.state["sessions/closed.json"] = "{}\n"
			s.refused(balance, "SESSION_REVOKED")
		}},
	{"limits",
		"what there is too much of is refused: a body, calls in a minute, calls at once; who is " +
			"dropped or ends makes room; a flood of refusals is counted, not recorded",
		func(s *shell) {
			s.load(limitedConfig)
			few := `{"capability":"few","method":"POST","path":"/v1/refunds","body":"0123456789"}`
			s.refused(
				`{"capability":"few","method":"POST","path":"/v1/refunds","body":"0123456789a"}`,
				"TOO_LARGE")
			flow, a := s.call(few)
			send := s.commits(flow, a)
			s.refused(balance, "BUSY")
			body, done := s.reply(flow, 200, `[]`, "replied")
			expect(s, send.Type == "send" && body == "repl" &&
				strings.Contains(string(done.Result), `"truncated":true`),
				"%s, %s", body, done.Result)
			flow, a = s.call(few)
			s.commits(flow, a)
			s.op(nil, `{"v":1,"op":"drop","flow":%d}`, flow)
			s.refused(few, "RATE_LIMITED")
			_, a = s.callTool("explain_access", `{"capability":"few"}`)
			expect(s, strings.Contains(string(a.Step.Result), `"nextStep":"wait 60 seconds`),
				"%s", a.Step.Result)
			_, a = s.callTool("list_services", `{}`)
			expect(s, strings.Contains(string(a.Step.Result),
				`"limits":{"perMinute":2,"bytesPerHour":100,`), "%s", a.Step.Result)
			a = s.reload(strings.Replace(limitedConfig, "perMinute: 2", "perMinute: 3", 1))
			expect(s, a.Report.Success, "%+v", a)
			flow, a = s.call(few)
			s.commits(flow, a)
			s.reply(flow, 200, `[]`, "ok")
			s.refused(few, "RATE_LIMITED")
			a = s.op(nil, `{"v":1,"op":"unrecorded","engine":%d,"now":[%d,%d]}`,
				s.engine, s.wall, s.mono)
			expect(s, len(a.Commit.Lines) == 0, "%q", a.Commit.Lines)
			s.verified()
		}},
	{"race",
		"of two processes that open a session the loser uses the winner's; " +
			"a file that is no session is not used", func(s *shell) {
			s.load(flowConfig)
			one, a := s.call(balance)
			two, b := s.call(balance)
			// A session is recorded before its grant is written; the step that writes it comes
			// after.
			for len(a.Step.Writes) == 0 {
				a, b = s.commit(one, a.Step), s.commit(two, b.Step)
			}
			s.commits(one, a)
			send := s.commits(two, b)
			expect(s, send.Type == "send", "the loser ends with %q", send.Type)
			s.op(nil, `{"v":1,"op":"drop","flow":%d}`, one)
			s.op(nil, `{"v":1,"op":"drop","flow":%d}`, two)
			s.verified()
		}},
	{"unwritten",
		"a log that cannot be written refuses before anything is opened; after a result it " +
			"locks; then another chain goes on", func(s *shell) {
			s.load(flowConfig)
			flow, _ := s.call(balance)
			a := s.resume(flow, `{"type":"committed","lost":true}`)
			done := s.commits(flow, a)
			expect(s, done.Refusal.Denial.ReasonCode == "AUDIT_UNAVAILABLE", "%+v", done)
			flow, a = s.call(balance)
			expect(s, len(a.Step.Lines) == 0 && a.Step.Writer == "",
				"lines of a chain that has a gap: %q", a.Step.Lines)
			done = s.commits(flow, a)
			expect(s, done.Refusal != nil && done.Refusal.Denial.ReasonCode == "AUDIT_UNAVAILABLE",
				"%+v", done)
			clear(s.log)
			s.op(nil,
				`{"v":1,"op":"chain","engine":%d,"writer":"b5b5b5b5","program":"0.1.0","cause":"no space left on device","heads":[]}`,
				s.engine)
			flow, a = s.call(balance)
			s.commits(flow, a)
			s.resume(flow, `{"type":"head","status":500,"headers":[]}`)
			a = s.resume(flow, `{"type":"ended","bytes":0}`)
			s.store(a.Step)
			a = s.resume(flow, `{"type":"committed","err":true}`)
			expect(s, a.Step.Lock && a.Step.Refusal == nil, "%+v", a.Step)
			s.verified()
		}},
	{"endings",
		"how an exchange can end: every error, a reply that was cut, a call that was taken back",
		func(s *shell) {
			s.load(flowConfig)
			for _, e := range []string{
				"timeout", "unreachable", "unscannable", "cancelled", "rejected",
				"blocked", "other",
			} {
				flow, a := s.call(balance)
				s.commits(flow, a)
				done := s.commits(flow, s.resume(flow,
					`{"type":"ended","err":"`+e+`","detail":"it said sk_live_xxx","bytes":0}`))
				expect(s, done.Refusal != nil, "%s: %+v", e, done)
			}
			flow, a := s.call(balance)
			s.commits(flow, a)
			s.resume(flow, `{"type":"head","status":200,"headers":[["content-type","text/plain"]]}`)
			part := s.op([]byte("all but the key sk_live_x"),
				`{"v":1,"op":"scrub","flow":%d}`, flow).out
			expect(s, !strings.Contains(string(part), "sk_live"),
				"the beginning of a key: %s", part)
			done := s.commits(flow, s.resume(flow, `{"type":"ended","truncated":true,"bytes":17}`))
			expect(s, strings.Contains(string(done.Result), `"truncated":true`), "%s", done.Result)
			flow, a = s.call(balance)
			s.commits(flow, a)
			done = s.commits(flow, s.resume(flow, `{"type":"stopped","why":"cancelled"}`))
			expect(s, done.Refusal.Denial.ReasonCode == "CANCELLED", "%+v", done)
			s.verified()
		}},
	{"credentials",
		"a scheme that signs, through a proxy; a value sealed for elsewhere; another root key; " +
			"no root key", func(s *shell) {
			s.load(flowConfig)
			flow, a := s.call(`{"capability":"bybit","method":"GET","path":"/v5/account?coin=BTC"}`)
			send := s.commits(flow, a)
			expect(s, send.Proxy == "http://127.0.0.1:3128", "proxy %q", send.Proxy)
			s.reply(flow, 200, `[["X-Any","thing"]]`, "\xff\x00 bybit_api_secret_5678 \xfe")
			s.refused(`{"capability":"moved","method":"GET","path":"/"}`, "CREDENTIAL_REBOUND")
			a = s.send([]byte(flowConfig), `{"v":1,"op":"load","rootKey":"%s","writer":"%s"}`,
				strings.Repeat("11", 32), firstWriter)
			expect(s, a.Error.Code == "key_invalid", "another key: %+v", a)
			s.engine = s.op([]byte(flowConfig), `{"v":1,"op":"load"}`).Engine
			s.refused(balance, "VAULT_LOCKED")
			s.op(nil, `{"v":1,"op":"wipe"}`)
			a = s.send([]byte(balance),
				`{"v":1,"op":"needs","engine":%d,"tool":"execute","agent":"main","via":"openclaw"}`,
				s.engine)
			expect(s, a.Error.Code == "no_such_engine", "%+v", a)
		}},
	{"bound", "a proxy and a caFile that were agreed to; others; another caFile than was agreed to",
		func(s *shell) {
			s.load(boundConfig)
			flow, a := s.call(balance)
			send := s.commits(flow, a)
			expect(s, send.Proxy == "http://127.0.0.1:3128" && send.CAFile == "/etc/ca.pem" &&
				send.Digest == digestABC, "%+v", send)
			done := s.commits(flow, s.resume(flow, `{"type":"ended","err":"untrusted","bytes":0}`))
			expect(s, done.Refusal.Denial.ReasonCode == "CREDENTIAL_REBOUND", "%+v", done)
			clear(s.state) // this shell replaces no session
			s.load(strings.Replace(boundConfig, ":3128\n", ":3129\n", 1))
			s.refused(balance, "CREDENTIAL_REBOUND")
			clear(s.state)
			s.load(boundConfig[:strings.Index(boundConfig, "    bound:")] +
				boundConfig[strings.Index(boundConfig, "capabilities:"):])
			s.refused(balance, "CREDENTIAL_REBOUND")
		}},
	{"reload",
		"a changed file is put in force as a whole, a broken one is not; " +
			"calls under way keep what they began with", func(s *shell) {
			s.load(flowConfig)
			flow, a := s.call(balance)
			a = s.reload(flowConfig + "  more: {service: bybit}\n")
			expect(s, a.Report.Success && len(a.Commit.Lines) > 0, "%+v", a)
			a = s.reload(flowConfig + "  more: {service: nobody}\n")
			expect(s, !a.Report.Success && len(a.Commit.Lines) > 0, "%+v", a)
			a = s.reload(flowConfig + "  more: {service: nobody}\n")
			expect(s, !a.Report.Success && len(a.Commit.Lines) == 0,
				"the same fault is recorded twice: %+v", a)
			for _, other := range []string{
				"id: 5f0c2f7c9b3e4d11a7d2c0ffee000002, key: k1, check: 66a7e4c4f41d3cc5",
				"id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc6",
			} {
				a = s.reload(strings.Replace(flowConfig,
					"id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc5",
					other, 1))
				expect(s, !a.Report.Success, "another vault is in force: %s", other)
			}
			a = s.reload(strings.Replace(flowConfig,
				"key: k1, check: 66a7e4c4f41d3cc5, source: file",
				"key: k2, check: 66a7e4c4f41d3cc5, source: keyring", 1))
			expect(s, a.Report.Success, "another sealing key of the same root: %+v", a)
			a = s.reload(strings.ReplaceAll(flowConfig, "GET /v1/*", "GET /v2/*"))
			expect(s, a.Report.Success, "%+v", a)
			s.refused(balance, "RULE_DENY")
			a = s.op(nil,
				`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"stopped","why":"shutdown"}}`,
				flow, s.moment())
			s.commits(flow, a)
		}},
	{"approved",
		"a person is asked; a yes for once lets one call through, a no refuses, " +
			"and what was not answered stays pending", func(s *shell) {
			s.load(flowConfig)
			const asked = `{"capability":"asked","method":"GET","path":"/v1/balance",` +
				`"reason":"User asked"}`
			flow, a := s.call(asked)
			expect(s, a.Step.Type == "list", "%+v", a.Step)
			a = s.op(nil,
				`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"listed"},"names":[],"files":[]}`,
				flow, s.moment())
			ask := s.commits(flow, a)
			expect(s, ask.Type == "ask", "%+v", ask)
			expect(s, !s.look(flow, ask).Settled, "settled by nobody")
			done := s.commits(flow, s.heard(flow, ask))
			expect(s, done.Refusal.Denial.ReasonCode == "APPROVAL_PENDING", "%+v", done)
			flow, a = s.call(asked)
			ask = s.commits(flow, a)
			expect(s, ask.Type == "ask", "%+v", ask)
			ask = s.commits(flow,
				s.came(flow, ask,
					`{"type":"said","decision":"allow","scope":"once","by":"openclaw"}`))
			expect(s, ask.Type == "ask" && s.look(flow, ask).Settled, "not settled by an answer")
			send := s.commits(flow, s.heard(flow, ask))
			expect(s, send.Type == "send", "%+v", send)
			s.reply(flow, 200, `[]`, `{}`)
			s.verified()
		}},
	{"pinned",
		"a person is asked in a place of the shell's own with the whole request; where there is " +
			"a PIN by now, nobody is, and only a no is taken", func(s *shell) {
			s.load(flowConfig)
			flow, _ := s.call(`{"capability":"asked","method":"POST",` +
				`"path":"/v1/refunds?amount=999999&to=mallory","body":"a=1","reason":"User\nasked"}`)
			a := s.op(nil,
				`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"listed"},"names":[],"files":[]}`,
				flow, s.moment())
			ask := s.commits(flow, a)
			text := s.op(nil, `{"v":1,"op":"prompt","flow":%d,"most":512}`, flow).Text
			expect(s,
				strings.Contains(text,
					"\nPOST https://api.stripe.com/base/v1/refunds?amount=999999&to=mallory\n") &&
					strings.Contains(text, "\nBody of 3 bytes: a=1\n") &&
					strings.Contains(text, `"User\u{a}asked"`), "%s", text)
			expect(s, s.op(nil, `{"v":1,"op":"prompt","flow":%d,"most":100}`, flow).Text == "",
				"it does not fit")
			says := func(decision, scope, by string) string {
				return fmt.Sprintf(`{"type":"said","decision":%q,"scope":%q,"by":%q}`,
					decision, scope, by)
			}
			refused := func(event string) bool {
				return s.tell(flow, ask, event).Error.Code == "bad_request"
			}
			expect(s, refused(says("allow", "once", "cli")), "a shell speaks as janee approve")
			a = s.reload(flowConfig +
				"approvals: {pin: '$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$aGFzaA'}\n")
			expect(s, a.Report.Success, "%+v", a)
			for _, scope := range []string{"once", "session"} {
				expect(s, refused(says("allow", scope, "openclaw")), "a yes without the PIN")
			}
			expect(s, s.op(nil, `{"v":1,"op":"prompt","flow":%d,"most":512}`, flow).Text == "",
				"a person is asked where there is a PIN")
			ask = s.commits(flow, s.came(flow, ask, says("deny", "once", "openclaw")))
			done := s.commits(flow, s.heard(flow, ask))
			expect(s, done.Refusal.Denial.ReasonCode == "APPROVAL_DENIED", "%+v", done)
			s.verified()
		}},
	{"flights",
		"a token is asked for once: the call that sends makes the lines, the one that shares it " +
			"none; the token is masked; one that cannot be recorded is not asked for",
		func(s *shell) {
			s.load(flowConfig)
			const get = `{"capability":"minting","method":"GET","path":"/v1/x"}`
			one, a := s.call(get)
			first := s.commits(one, a)
			two, b := s.call(get)
			second := s.commits(two, b)
			expect(s, first.Flight != "" && first.Flight == second.Flight &&
				first.URL == "https://127.0.0.1:8443/token", "%+v", first)
			c := s.op(nil, `{"v":1,"op":"lines","flow":%d,"now":[%d,%d]}`, one, s.wall, s.mono)
			s.store(&c.Commit)
			expect(s, len(c.Commit.Lines) == 1, "%+v", c)
			expect(s,
				s.send(nil, `{"v":1,"op":"lines","flow":%d,"now":[%d,%d]}`, one,
					s.wall, s.mono).Error.Code == "bad_request", "lines are made twice")
			expect(s, s.op(nil, `{"v":1,"op":"classify","flow":%d,"addr":"127.0.0.1","port":8443}`,
				one).Permit, "the endpoint itself")
			expect(s,
				!s.op(nil, `{"v":1,"op":"classify","flow":%d,"addr":"93.184.215.14","port":8443}`,
					one).Permit, "another address than the endpoint's")
			expect(s,
				s.send([]byte("x"), `{"v":1,"op":"scrub","flow":%d}`, one).Error.Code ==
					"bad_request", "a token passes scrub")
			const token = `{"access_token":"token_of_the_endpoint_1","token_type":"Bearer",` +
				`"expires_in":3600}`
			s.landed(one, true, token)
			send := s.landed(two, false, token)
			expect(s, send.Type == "send" && send.Flight == "", "%+v", send)
			body, done := s.reply(two, 200, `[]`,
				`{"authorization":"Bearer token_of_the_endpoint_1","id":"client_secret_of_id_1"}`)
			expect(s, !strings.Contains(body, "token_of") && !strings.Contains(body, "secret_of") &&
				done.Refusal == nil, "%s", body)
			s.op(nil, `{"v":1,"op":"drop","flow":%d}`, one)
			s.verified()
			s.engine = s.op([]byte(flowConfig),
				`{"v":1,"op":"load","rootKey":"%s","writer":"c5c5c5c5","program":"0.1.0"}`,
				testRoot).Engine
			flow, a := s.call(get)
			s.commits(flow, a)
			c = s.op(nil, `{"v":1,"op":"lines","flow":%d,"now":[%d,%d]}`, flow, s.wall, s.mono)
			end := s.commits(flow,
				s.op([]byte(token),
					`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"ended","lost":true}}`,
					flow, s.moment()))
			expect(s, end.Refusal != nil && end.Refusal.Denial.ReasonCode == "AUDIT_UNAVAILABLE",
				"%+v", end)
			_, a = s.call(get)
			expect(s, len(a.Step.Lines) == 0, "a chain with a gap goes on: %q", a.Step.Lines)
		}},
	{"sealing",
		"values are sealed for one place; files are looked at without a key; " +
			"addresses are classified", func(s *shell) {
			s.op([]byte(flowConfig), `{"v":1,"op":"inspect"}`)
			s.load(flowConfig)
			a := s.op([]byte("sk_live_xxx"),
				`{"v":1,"op":"seal","engine":%d,"rand":"%s","service":"stripe","field":"key","type":"bearer","origin":"https://api.stripe.com"}`,
				s.engine, "6162636465666768696a6b6c"+strings.Repeat("00", 52))
			expect(s, strings.HasSuffix(a.Sealed,
				":YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-"), "%s", a.Sealed)
			flow, b := s.call(balance)
			s.commits(flow, b)
			for addr, permit := range map[string]bool{"93.184.215.14": true} {
				a = s.op(nil, `{"v":1,"op":"classify","flow":%d,"addr":%q,"port":443}`, flow, addr)
				expect(s, a.Permit == permit, "%s: %+v", addr, a)
			}
			a = s.op(nil,
				`{"v":1,"op":"classify","flow":%d,"addr":"169.254.169.254","port":80}`, flow)
			expect(s, !a.Permit && a.Class == "metadata", "%+v", a)
			a = s.op(nil, `{"v":1,"op":"classify","host":"0x7f.1"}`)
			expect(s, a.Class == "invalid", "%+v", a)
		}},
	{"faults", "messages that are wrong are answered as errors, and nothing is done", faults},
}

func expect(s *shell, ok bool, format string, args ...any) {
	s.t.Helper()
	if !ok {
		s.t.Fatalf(format, args...)
	}
}

func (s *shell) reload(config string) got {
	s.t.Helper()
	a := s.op([]byte(config),
		`{"v":1,"op":"reload","engine":%d,"now":[%d,%d],"agent":"main","via":"openclaw","tell":true}`,
		s.engine, s.wall, s.mono)
	s.store(&a.Commit)
	return a
}

func (s *shell) look(flow int64, ask *step) got {
	s.t.Helper()
	list, raw := s.files(ask.Watch)
	return s.op(raw, `{"v":1,"op":"look","flow":%d,"now":[%d,%d],"files":%s}`, flow,
		s.wall, s.mono, list)
}

func (s *shell) heard(flow int64, ask *step) got {
	s.t.Helper()
	return s.came(flow, ask, `{"type":"answered"}`)
}

// came tells a call what came of its ask, and what must succeed.
func (s *shell) came(flow int64, ask *step, event string) got {
	s.t.Helper()
	a := s.tell(flow, ask, event)
	if !a.OK {
		s.t.Fatalf("%s: %+v", event, a.Error)
	}
	return a
}

// tell tells a call what came of its ask, with the files that it watches.
func (s *shell) tell(flow int64, ask *step, event string) got {
	s.t.Helper()
	list, raw := s.files(ask.Watch)
	return s.send(raw, `{"v":1,"op":"resume","flow":%d,%s,"event":%s,"files":%s}`, flow,
		s.moment(), event, list)
}

// landed tells a call the end of its flight.
func (s *shell) landed(flow int64, first bool, body string) *step {
	s.t.Helper()
	s.resume(flow, `{"type":"head","status":200,"headers":[["content-type","application/json"]]}`)
	a := s.op([]byte(body),
		`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"ended","first":%v}}`,
		flow, s.moment(), first)
	return s.commits(flow, a)
}

// faults says what a shell must not, on an engine and a flow that are good, and ends with proof
// that both still are.
func faults(s *shell) {
	s.load(flowConfig)
	flow, a := s.call(balance)
	at := s.moment()
	for _, f := range []struct {
		send, raw string
		code      errorCode
	}{
		{`{"op":"version"}`, "", "unknown_version"},
		{`{"v":2,"op":"version"}`, "", "unknown_version"},
		{`{"v":1}`, "", "bad_request"},
		{`{"v":1,"op":"Version"}`, "", "unknown_op"},
		{`{"v":1,"op":"version","op":"wipe"}`, "", "bad_request"},
		{`{"v":1,"op":"wipe","all":true}`, "", "bad_request"},
		{`{"v":1,"op":"wipe"}`, "x", "bad_request"},
		{`{"v":1,"op":"wipe"`, "", "bad_request"},
		{`["v",1]`, "", "bad_request"},
		{``, "", "bad_request"},
		{`{"v":1,"op":"load","rootKey":"` + testRoot + `"}`, flowConfig, "bad_request"},
		{`{"v":1,"op":"load","rootKey":"` + testRoot + `","writer":"../../xx"}`,
			flowConfig, "bad_request"},
		{`{"v":1,"op":"load","rootKey":"secret","writer":"q7m2k4xa"}`, flowConfig, "key_invalid"},
		{`{"v":1,"op":"load"}`, "services: [1]\nx: 1\n", "config_invalid"},
		{`{"v":1,"op":"needs","engine":7,"tool":"execute","agent":"main","via":"openclaw"}`,
			balance, "no_such_engine"},
		{`{"v":1,"op":"needs","engine":1,"tool":"execute","via":"openclaw"}`,
			balance, "bad_request"},
		{`{"v":1,"op":"begin","flow":9,` + at + `,"files":[]}`, "", "no_such_flow"},
		{`{"v":1,"op":"resume","flow":1,` + at + `,"event":{"type":"committed"}}`,
			"", "no_such_flow"},
		{`{"v":1,"op":"resume","flow":2,"now":[1],"rand":"` + hexOf(1) +
			`","event":{"type":"committed"}}`, "", "bad_request"},
		{`{"v":1,"op":"resume","flow":2,"now":[1,2.5],"rand":"` + hexOf(1) +
			`","event":{"type":"committed"}}`, "", "bad_request"},
		{`{"v":1,"op":"resume","flow":2,"now":[1,2],"rand":"00","event":{"type":"committed"}}`,
			"", "bad_request"},
		{`{"v":1,"op":"resume","flow":2,` + at + `,"event":{"type":"comitted"}}`,
			"", "bad_request"},
		{`{"v":1,"op":"resume","flow":2,` + at +
			`,"event":{"type":"committed","lost":true,"more":1}}`, "", "bad_request"},
		{`{"v":1,"op":"resume","flow":2,` + at + `}`, "", "bad_request"},
		{`{"v":1,"op":"scrub","flow":2}`, "x", "bad_request"},
		{`{"v":1,"op":"look","flow":2,"now":[1,2],"files":[]}`, "", "bad_request"},
		{`{"v":1,"op":"answer","flow":2,"now":[1,2],"decision":"allow","scope":"once",` +
			`"by":"openclaw"}`, "", "unknown_op"},
		{`{"v":1,"op":"begin","flow":2,` + at + `,"files":[null,null,null,null]}`,
			"", "bad_request"},
		{`{"v":1,"op":"chain","engine":1,"writer":"q7m2k4xa"}`, "", "bad_request"},
		{`{"v":1,"op":"verify","engine":1,"file":"f","writer":"w","day":"","line":1}`,
			"", "bad_request"},
		{`{"v":1,"op":"classify","flow":2,"addr":"1.2.3.4","port":443}`, "", "bad_request"},
	} {
		a := s.send([]byte(f.raw), "%s", f.send)
		if a.OK || a.Error.Code != f.code || a.Error.Message == "" {
			s.t.Errorf("%s: %+v, want %s", f.send, a.Error, f.code)
		}
	}
	fresh := s.op([]byte(balance),
		`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":"main","via":"openclaw"}`)
	for _, files := range []string{
		`[null,null,null]`, `[null,null,null,null,null]`, `[]`, `[null,null,1,null]`,
		`[null,null,true,null]`, `{"LOCKED":null}`, `[[null,null,null,null]]`,
		`[-1,null,null,null]`,
	} {
		a := s.send(nil, `{"v":1,"op":"begin","flow":%d,%s,"files":%s}`, fresh.Flow, at, files)
		expect(s, a.Error.Code == "bad_request", "%s: %+v", files, a)
	}
	a2 := s.send([]byte("left over"),
		`{"v":1,"op":"begin","flow":%d,%s,"files":[null,null,null,null]}`, fresh.Flow, at)
	expect(s, a2.Error.Code == "bad_request", "raw bytes that belong to nothing: %+v", a2)
	a2 = s.send(nil, `{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"committed"}}`,
		fresh.Flow, at)
	expect(s, a2.Error.Code == "bad_request", "resumed before it began: %+v", a2)
	send := s.commits(flow, a)
	expect(s, send.Type == "send", "%+v", send)
}

func TestFlows(t *testing.T) {
	told := map[string]bool{"tools": true} // whose answer is long: see TestToolsAreDescribed
	defer func() {
		for op := range answers {
			if !told[op] {
				t.Errorf("no flow has an answer of %s", op)
			}
		}
	}()
	for _, f := range flows {
		t.Run(f.name, func(t *testing.T) {
			s := newShell(t)
			f.tell(s)
			s.answered(told)
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(struct {
				About string     `json:"about"`
				Said  []exchange `json:"said"`
			}{f.about, s.said}); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("..", "testdata", "flows", f.name+".json")
			if *update {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf(
					"%s is not what was said: run the test with -update and look at the difference",
					path)
			}
		})
	}
}
