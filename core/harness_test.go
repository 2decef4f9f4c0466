package core

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/vault"
)

const testKey = "sk_live_of_the_core_tests"

// house is a shell in memory: it does what steps say and keeps what was written, recorded and sent.
type house struct {
	t       testing.TB
	engine  *Engine
	vault   *vault.Vault
	files   map[string][]byte
	records []Record
	sent    []Send
	now     Now
	rand    byte
	flow    *Flow // of the last call

	failCommit func(Commit) bool
	person     func(Question, bool) // while a call waits; the flag says that it raised the question
	answers    []Event              // what that person sends to the shell
	away       bool                 // that person has answered
	relays     []Step               // what flows answered to the heads of replies
	asked      []Ask
	reply      func(Send) (Head, []string, Ended) // nil: 200 with {"ok":true}
	before     func(Step) Event                   // an event in place of doing the step
}

func newHouse(t testing.TB, text string) *house {
	root := vault.NewRoot([32]byte{1, 2, 3})
	v := vault.New(root, "5f0c2f7c9b3e4d11a7d2c0ffee000001")
	h := &house{t: t, vault: v, files: map[string][]byte{},
		now: Now{Wall: 1795426425000, Mono: 1000}}
	h.engine = New(h.parse(text), v)
	return h
}

func (h *house) parse(text string) *config.Config {
	h.t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		h.t.Fatalf("config: %v", err)
	}
	return c
}

func (h *house) in(names []string) In {
	h.rand++
	in := In{Now: h.now, Files: map[string][]byte{}}
	for i := range in.Rand {
		in.Rand[i] = h.rand
	}
	for _, n := range names {
		if data, ok := h.files[n]; ok {
			in.Files[n] = data
		}
	}
	return in
}

// do takes a call to its end, as a shell does.
func (h *house) do(c Call) (Done, string) {
	h.t.Helper()
	engine, parked := h.engine, h.engine.Parked()
	flow, step := engine.Begin(h.in(engine.Needs(c)), c)
	h.flow = flow
	var body bytes.Buffer
	for i := 0; i < 20; i++ {
		if done, ok := step.(Done); ok {
			if n := engine.Parked(); n != parked {
				h.t.Errorf("%d flows are parked when the call is over, %d before", n, parked)
			}
			return done, body.String()
		}
		ev := Event(nil)
		if h.before != nil {
			ev = h.before(step)
		}
		if ev == nil {
			ev = h.obey(flow, step, &body)
		}
		step = flow.Resume(h.in(h.seen(step)), ev)
	}
	h.t.Fatal("the flow does not end")
	return Done{}, ""
}

func (h *house) obey(flow *Flow, step Step, body *bytes.Buffer) Event {
	switch s := step.(type) {
	case Commit:
		return h.commit(s)
	case List:
		return Listed{}
	case Ask:
		return h.ask(flow, s)
	case Send:
		return h.send(flow, s, body)
	}
	h.t.Fatalf("unknown step %T", step)
	return nil
}

// seen names the files that come with the answer to a step.
func (h *house) seen(step Step) (names []string) {
	switch s := step.(type) {
	case Ask:
		return s.Watch
	case List:
		for name := range h.files {
			if strings.HasPrefix(name, s.Dir+"/") {
				names = append(names, name)
			}
		}
	}
	return names
}

// ask waits, as a shell does, until the files, an answer or the clock end it.
func (h *house) ask(flow *Flow, s Ask) Event {
	h.asked = append(h.asked, s)
	if h.person != nil && len(h.answers) == 0 && !h.away {
		h.person(s.Question, s.New)
		h.away = true
	}
	if len(h.answers) > 0 {
		ev := h.answers[0]
		h.answers = h.answers[1:]
		return ev
	}
	h.away = false
	if !flow.Settled(h.in(s.Watch)) {
		h.now.Wall += s.Wait - h.now.Mono
		h.now.Mono = s.Wait
	}
	return Answered{}
}

func (h *house) commit(c Commit) Event {
	if h.failCommit != nil && h.failCommit(c) {
		return Committed{Err: true}
	}
	exists := map[string][]byte{}
	for _, hold := range c.Holds {
		now, there := h.files[hold.Name]
		if there != (hold.Data != nil) || !bytes.Equal(now, hold.Data) {
			exists[hold.Name] = now
		}
	}
	if len(exists) > 0 {
		return Committed{Exists: exists, Stale: true}
	}
	for _, w := range c.Writes {
		old, there := h.files[w.Name]
		if !w.If.Any() && (there != (w.If.Data() != nil) || !bytes.Equal(old, w.If.Data())) {
			exists[w.Name] = old
			continue
		}
		h.files[w.Name] = w.Data
	}
	for _, name := range c.Removes {
		delete(h.files, name)
	}
	h.records = append(h.records, c.Records...)
	return Committed{Exists: exists}
}

func (h *house) send(flow *Flow, s Send, body *bytes.Buffer) Event {
	h.sent = append(h.sent, s)
	head, chunks, end := Head{
		Status: 200, Headers: []Header{{Name: "Content-Type", Value: "application/json"}},
	}, []string{`{"ok":true}`}, Ended{}
	if h.reply != nil {
		head, chunks, end = h.reply(s)
	}
	if s.Flight != "" {
		h.records = append(h.records, s.Records...)
		end.Body, end.First = secret.New(strings.Join(chunks, "")), true
		chunks = nil
	}
	if head.Status != 0 {
		next := flow.Resume(h.in(nil), head)
		switch next.(type) {
		case nil, Relay:
		default:
			h.t.Fatalf("the flow answers the head with %T", next)
		}
		h.relays = append(h.relays, next)
	}
	if s.Flight == "" {
		body.Reset() // of a request that is repeated the last reply counts
	}
	for _, c := range chunks {
		body.Write(flow.Scrub([]byte(c), false))
	}
	if end.Err == "" && !end.Truncated && s.Flight == "" {
		body.Write(flow.Scrub(nil, true))
	}
	return end
}

// events lists what was recorded: "event code".
func (h *house) events() string {
	var out []string
	for _, r := range h.records {
		out = append(out, strings.TrimSpace(r.Event+" "+r.Code))
	}
	return strings.Join(out, ", ")
}

func (h *house) refused(c Call, code string) *Denial {
	h.t.Helper()
	sent := len(h.sent)
	done, _ := h.do(c)
	if done.Denial == nil || done.Denial.Code != code {
		h.t.Fatalf("%s %s ended with %s, not with %s", c.Args.Method, c.Args.Path,
			outcome(done), code)
	}
	if done.Result != nil {
		h.t.Errorf("a refusal carries a result: %+v", done.Result)
	}
	if len(h.sent) != sent {
		h.t.Errorf("%s and yet something was sent", code)
	}
	return done.Denial
}

func (h *house) allowed(c Call) (*Result, string) {
	h.t.Helper()
	done, body := h.do(c)
	if done.Result == nil || done.Denial != nil {
		h.t.Fatalf("%s %s ended with %s", c.Args.Method, c.Args.Path, outcome(done))
	}
	return done.Result, body
}

func outcome(d Done) string {
	if d.Denial != nil {
		return fmt.Sprintf("%s (%s)", d.Denial.Code, d.Denial.Message)
	}
	return fmt.Sprintf("%+v", d.Result)
}

func get(capability, path string) Call {
	return Call{
		Caller: Caller{Agent: "claude-ai", Via: ViaStdio},
		Tool:   Execute,
		Args: tool.Arguments{
			Capability: capability,
			Method:     "GET",
			Path:       path,
			Reason:     "User asked",
		},
	}
}

const houseConfig = `
services:
  stripe:
    baseUrl: https://api.stripe.com/base
    headers: {Stripe-Version: "2026-01-01"}
    auth: {type: bearer, key: ` + testKey + `}
  bybit:
    baseUrl: https://api.bybit.com
    auth: {type: hmac-bybit, apiKey: bybit_api_key_1234, apiSecret: bybit_api_secret_5678}
capabilities:
  stripe: {service: stripe, ttl: 1h}
  readonly:
    service: stripe
    rules: {allow: [GET *], deny: [POST *]}
  billing:
    service: stripe
    requiresReason: true
    timeout: 5s
    headers: all
    rules: {allow: [POST /v1/refunds/*]}
  asked: {service: stripe, autoApprove: false}
  bybit: {service: bybit}
`
