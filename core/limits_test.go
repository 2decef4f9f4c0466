package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/tool"
)

// limited is a house in which capability c has these limits, and all together those.
func limitedHouse(t testing.TB, own, all string) *house {
	return newHouse(t, limitedConfig(own, all))
}

func limitedConfig(own, all string) string {
	return `
services:
  api: {baseUrl: https://api.example.com, testPath: /ping, auth: {type: bearer, key: ` + testKey + `}}
  other: {baseUrl: https://other.example.com, auth: {type: bearer, key: ` + testKey + `_too}}
capabilities:
  c: {service: api, rules: {allow: [GET *, POST *]}, limits: {` + own + `}}
  d: {service: other}
  asked: {service: other, autoApprove: false, limits: {` + own + `}}
limits: {` + all + `}
`
}

func (h *house) under(c Call) int64 { return h.engine.limits.UnderWay(c.account("")) }

func TestRateLimited(t *testing.T) {
	for field, span := range map[string]int64{"perMinute": 60_000, "perHour": 3_600_000} {
		h := limitedHouse(t, field+": 3", "")
		c := get("c", "/x")
		for range 3 {
			h.allowed(c)
			h.now.Mono += 1000
		}
		c.Args.Path = "/v1/../x"
		h.refused(c, RequestRejected) // looked at before it is counted
		c.Args.Path = "/x"
		before := len(h.records)
		for range 5 {
			h.refused(c, RateLimited)
		}
		if n := len(h.records) - before; n != 5 {
			t.Errorf("%d records of 5 refusals", n)
		}
		d := h.refused(c, RateLimited)
		if want := int(span/1000) - 3; d.RetryAfterSeconds != want ||
			d.EvaluatedPolicy != "capabilities.c.limits."+field+": 3" ||
			!strings.Contains(d.NextStep, fmt.Sprintf("wait %d seconds", want)) ||
			!strings.Contains(d.NextStep, "janee cap edit c --limit") ||
			!strings.Contains(string(d.Text()), fmt.Sprintf(`"retryAfterSeconds":%d`, want)) {
			t.Errorf("%s: %s", field, d.Text())
		}
		other := c
		other.Agent = "cursor"
		h.allowed(other)
		h.allowed(get("d", "/x"))
		h.now.Wall += 10 * span // the clock on the wall grants nothing
		h.refused(c, RateLimited)
		h.now.Wall -= 20 * span
		h.refused(c, RateLimited)
		h.now.Mono += int64(d.RetryAfterSeconds) * 1000
		h.allowed(c)
		h.refused(c, RateLimited)
	}
}

func TestLimitsOverAllCapabilities(t *testing.T) {
	h := limitedHouse(t, "perMinute: 5", "perMinute: 2")
	h.allowed(get("c", "/x"))
	h.allowed(get("d", "/x"))
	d := h.refused(get("c", "/x"), RateLimited)
	if d.EvaluatedPolicy != "limits.perMinute: 2" ||
		!strings.Contains(d.NextStep, "limits in config.yaml raises") {
		t.Errorf("%s", d.Text())
	}
	h.refused(get("d", "/x"), RateLimited)
	h.refused(Call{Caller: Caller{Agent: "claude-ai", Via: ViaStdio}, Tool: TestService,
		Args: tool.Arguments{Service: "api"}},
		RateLimited)
	own := get("c", "/x")
	own.Via, own.Agent = ViaCLI, ""
	for range 4 {
		h.allowed(own)
	}
}

// TestOnlyCallsThatPassAreCounted: what the rules, a missing reason, a closed session or a person
// stand in the way of uses nothing up.
func TestOnlyCallsThatPassAreCounted(t *testing.T) {
	h := limitedHouse(t, "perHour: 1", "")
	c := get("c", "/x")
	c.Args.Method = "DELETE"
	for range 10 {
		h.refused(c, RuleDeny)
	}
	h.explain(asked(get("c", "/x")))
	h.explain(asked(get("c", "/x")))
	for range 10 {
		h.refused(get("asked", "/x"), ApprovalPending)
	}
	h.files["LOCKED"] = []byte{}
	h.refused(get("c", "/x"), Locked)
	delete(h.files, "LOCKED")
	h.allowed(get("c", "/x"))
	h.refused(get("c", "/x"), RateLimited)
	if n := h.engine.limits.UnderWay(c.account("c")); n != 0 {
		t.Errorf("%d calls under way", n)
	}
}

// TestTrialsAreCounted: test_service sends a request as well, for the capability that lets it.
func TestTrialsAreCounted(t *testing.T) {
	h := limitedHouse(t, "perMinute: 2", "")
	c := Call{
		Caller: Caller{Agent: "claude-ai", Via: ViaStdio},
		Tool:   TestService,
		Args:   tool.Arguments{Service: "api"},
	}
	h.allowed(c)
	h.allowed(c)
	if d := h.refused(c, RateLimited); !strings.Contains(d.Message, `capability "c"`) {
		t.Errorf("%s", d.Text())
	}
	h.refused(get("c", "/x"), RateLimited)
	c.Args.Service = ""
	r, _ := h.allowed(c) // all of them: the report says it
	if !strings.Contains(string(r.Data), `"reasonCode":"RATE_LIMITED"`) {
		t.Errorf("%s", r.Data)
	}
}

func TestLimitsFollowReloads(t *testing.T) {
	h := limitedHouse(t, "perMinute: 2", "")
	c := get("c", "/x")
	h.allowed(c)
	h.allowed(c)
	h.refused(c, RateLimited)
	h.engine = h.engine.Next(h.parse(limitedConfig("perMinute: 3", "")), h.vault)
	h.allowed(c)
	h.refused(c, RateLimited)
	h.engine = h.engine.Next(h.parse(limitedConfig("perMinute: 1", "")), h.vault)
	h.now.Mono += 59_999
	h.refused(c, RateLimited)
	h.engine = h.engine.Next(h.parse(limitedConfig("", "")), h.vault)
	h.allowed(c)
}

func TestSizes(t *testing.T) {
	h := limitedHouse(t, "maxRequestBytes: 1000, maxResponseBytes: 2000", "maxRequestBytes: 500")
	c := get("c", "/x")
	c.Args.Method, c.Args.Body, c.Args.MaxBytes = "POST", make([]byte, 500), 1<<20
	h.allowed(c)
	if s := h.sent[0]; s.MaxBody < 2000 || s.MaxBody > 2000+1000 {
		t.Errorf("%d bytes of the reply are read", s.MaxBody)
	}
	h.reply = func(Send) (Head, []string, Ended) {
		return Head{Status: 200}, []string{strings.Repeat("x", 2001)}, Ended{Bytes: 2000}
	}
	if r, body := h.allowed(c); !r.Truncated || len(body) != 2000 {
		t.Errorf("cut %t, %d bytes", r.Truncated, len(body))
	}
	c.Args.Body = make([]byte, 501)
	if d := h.refused(c, TooLarge); d.EvaluatedPolicy != "limits.maxRequestBytes: 500" ||
		!strings.Contains(d.Message, "501 bytes, and 500") {
		t.Errorf("%s", d.Text())
	}
	own := c
	own.Via, own.Agent = ViaCLI, ""
	h.refused(own, TooLarge) // sizes hold for everybody

	c = get("d", "/x")
	for n := range 64 {
		c.Args.Headers = append(c.Args.Headers, Header{Name: fmt.Sprintf("X-N%d", n), Value: "v"})
	}
	h.allowed(c)
	c.Args.Headers = append(c.Args.Headers, Header{Name: "X-More", Value: "v"})
	h.refused(c, TooLarge)
	c.Args.Headers = []Header{{Name: "X-Long", Value: strings.Repeat("v", 32<<10-6)}}
	h.allowed(c)
	c.Args.Headers[0].Value += "v"
	h.refused(c, TooLarge)
}

func TestBytesPerHour(t *testing.T) {
	h := limitedHouse(t, "bytesPerHour: 10000", "")
	h.reply = func(Send) (Head, []string, Ended) {
		return Head{Status: 200}, []string{strings.Repeat("x", 3000)},
			Ended{Bytes: min(3000, h.flow.maxBytes)}
	}
	c := get("c", "/xx")
	c.Args.Method, c.Args.Body = "POST", make([]byte, 497)
	h.allowed(c)
	h.allowed(c) // 7000
	if r, body := h.allowed(c); len(body) != 2500 || !r.Truncated {
		t.Errorf("%d bytes where there was room for 2500", len(body))
	}
	d := h.refused(c, RateLimited)
	if d.RetryAfterSeconds < 3600 || d.RetryAfterSeconds > 3660 ||
		!strings.Contains(d.Message, "10000 bytes an hour") {
		t.Errorf("%s", d.Text())
	}
	h.now.Mono += int64(d.RetryAfterSeconds) * 1000
	h.allowed(c)
	c.Args.Body = make([]byte, 10_000)
	h.refused(c, TooLarge)
}

// halfway begins a call and goes on with it for so many steps.
func (h *house) halfway(c Call, steps int) (*Flow, Step) {
	flow, step := h.engine.Begin(h.in(h.engine.Needs(c)), c)
	for range steps {
		if _, done := step.(Done); done || step == nil {
			break
		}
		if s, ok := step.(Send); ok {
			flow.Resume(h.in(nil), Head{Status: 200})
			flow.Scrub([]byte("some"), false)
			step = flow.Resume(h.in(nil), Ended{Bytes: 4})
			h.sent = append(h.sent, s)
			continue
		}
		step = flow.Resume(h.in(h.seen(step)), h.obey(flow, step, nil))
	}
	return flow, step
}

// commits does commits until something else is due.
func (h *house) commits(f *Flow, step Step) Step {
	for {
		commit, ok := step.(Commit)
		if !ok {
			return step
		}
		step = f.Resume(h.in(nil), h.commit(commit))
	}
}

func sends(s Step) bool {
	_, ok := s.(Send)
	return ok
}

func TestConcurrent(t *testing.T) {
	h := limitedHouse(t, "concurrent: 2", "concurrent: 3")
	c := get("c", "/x")
	one, _ := h.halfway(c, 1)
	two, _ := h.halfway(c, 3)
	d := h.refused(c, Busy)
	if d.EvaluatedPolicy != "capabilities.c.limits.concurrent: 2" || d.RetryAfterSeconds != 1 ||
		d.NextStep != texts[Busy].next {
		t.Errorf("%s", d.Text())
	}
	three, _ := h.halfway(get("d", "/x"), 2)
	if d := h.refused(get("d", "/x"), Busy); d.EvaluatedPolicy != "limits.concurrent: 3" {
		t.Errorf("%s", d.Text())
	}
	other := c
	other.Agent = "cursor"
	h.allowed(other)
	for _, f := range []*Flow{one, two, three} {
		f.Drop()
		f.Drop()
	}
	h.allowed(c)
	if n := h.under(c); n != 0 {
		t.Errorf("%d under way", n)
	}
}

// TestWaitingForAPersonIsNotUnderWay: calls that wait keep nobody out; one that is allowed and
// finds no room leaves the yes to be found.
func TestWaitingForAPersonIsNotUnderWay(t *testing.T) {
	h := limitedHouse(t, "", "concurrent: 1")
	var waiting []*Flow
	for n := range 5 {
		f, step := h.halfway(get("asked", fmt.Sprintf("/x%d", n)), 2)
		if _, ok := step.(Ask); !ok {
			t.Fatalf("%T", step)
		}
		waiting = append(waiting, f)
	}
	c := get("c", "/x")
	h.allowed(c)
	busy, _ := h.halfway(c, 1)
	q := waiting[0].question
	h.says("allow", "once")(q, true)
	ask := waiting[0].asking(false)
	step := h.commits(waiting[0], waiting[0].Resume(h.in(ask.Watch), Answered{}))
	if done := step.(Done); done.Denial == nil || done.Denial.Code != Busy {
		t.Fatalf("%+v", step)
	}
	busy.Drop()
	h.allowed(get("asked", "/x0"))
}

// TestASessionOfAnotherCallIsNoWayAround: two calls wait, a person opens a session for one, and the
// other finds it while that one is under way.
func TestASessionOfAnotherCallIsNoWayAround(t *testing.T) {
	h := limitedHouse(t, "", "concurrent: 1")
	first, step := h.halfway(get("asked", "/x"), 2)
	second, _ := h.halfway(get("asked", "/y"), 2)
	h.says("allow", "session")(first.question, true)
	if step = h.commits(first, first.Resume(h.in(step.(Ask).Watch), Answered{})); !sends(step) {
		t.Fatalf("%T", step)
	}
	step = second.Resume(h.in(second.asking(false).Watch), Answered{})
	step = h.commits(second, step)
	if done, ok := step.(Done); !ok || done.Denial == nil || done.Denial.Code != Busy {
		t.Errorf("%+v", step)
	}
}

// TestWhatIsDroppedCountsAsAWhole: nobody knows what such a call has moved once it was sent;
// before, it has moved nothing.
func TestWhatIsDroppedCountsAsAWhole(t *testing.T) {
	h := limitedHouse(t, "bytesPerHour: 1000", "")
	c := get("c", "/xx")
	c.Args.MaxBytes = 200
	for range 20 {
		f, step := h.halfway(c, 1)
		if _, commit := step.(Commit); !commit {
			t.Fatalf("%T", step)
		}
		f.Drop()
	}
	sent := 0
	for range 20 {
		f, step := h.engine.Begin(h.in(h.engine.Needs(c)), c)
		if step = h.commits(f, step); sends(step) {
			sent++
		}
		f.Drop()
	}
	if sent != 5 { // 203 bytes each; the last is given what is left
		t.Errorf("%d were sent", sent)
	}
}

// TestWhatWentOutOfABrokenReplyCounts: a reply that is relayed while it arrives can break off when
// the agent has part of it.
func TestWhatWentOutOfABrokenReplyCounts(t *testing.T) {
	for _, end := range []Event{
		Stopped{Why: StopRevoked, Bytes: 600},
		Stopped{Why: StopCancelled, Bytes: 600},
		Ended{Err: ErrTimeout, Bytes: 600},
	} {
		h := limitedHouse(t, "bytesPerHour: 1000", "")
		c := get("c", "/xx")
		f, step := h.engine.Begin(h.in(h.engine.Needs(c)), c)
		h.commits(f, step)
		f.Resume(h.in(nil), Head{Status: 200})
		last, ok := f.Resume(h.in(nil), end).(Commit)
		if !ok || last.Records[0].Event != "result" || last.Records[0].Bytes != 600 {
			t.Fatalf("%+v: recorded %+v", end, last)
		}
		h.commits(f, last)
		if f, _ = h.halfway(c, 2); f.maxBytes <= 0 || f.maxBytes > 400 {
			t.Errorf("%+v: room for %d bytes more", end, f.maxBytes)
		}
		f.Drop()
	}
}

// TestATourThatIsDroppedMakesRoom: of test_service of all the call under way is that of one
// service.
func TestATourThatIsDroppedMakesRoom(t *testing.T) {
	h := limitedHouse(t, "", "concurrent: 1")
	tour := Call{Caller: Caller{Agent: "claude-ai", Via: ViaStdio}, Tool: TestService}
	f, step := h.engine.Begin(h.in(h.engine.Needs(tour)), tour)
	if _, commit := step.(Commit); !commit || h.under(tour) != 1 {
		t.Fatalf("%T, %d under way", step, h.under(tour))
	}
	f.Drop()
	if n := h.under(tour); n != 0 {
		t.Errorf("%d under way", n)
	}
}

// TestNoSlotIsLost drops a thousand calls at every step, and lets as many end in every way.
func TestNoSlotIsLost(t *testing.T) {
	h := limitedHouse(t, "bytesPerHour: 100MB", "")
	c := get("c", "/x")
	for n := range 1000 {
		h.now.Mono += 5000
		f, _ := h.halfway(c, n%6)
		f.Drop()
		if step := f.Resume(h.in(nil), Stopped{Why: StopShutdown}); n%6 == 5 {
			_ = step.(Done)
		}
		f.Drop()
	}
	ends := []func(){
		func() { h.failCommit = func(Commit) bool { return true } },
		func() {
			h.reply = func(Send) (Head, []string, Ended) {
				return Head{}, nil, Ended{Err: ErrTimeout}
			}
		},
		func() {
			h.before = func(s Step) Event {
				if _, ok := s.(Send); ok {
					return Stopped{Why: StopRevoked}
				}
				return nil
			}
		},
		func() { h.engine.vault = nil },
	}
	for _, set := range ends {
		for range 20 {
			h.failCommit, h.reply, h.before, h.engine.vault = nil, nil, nil, h.vault
			h.do(c)
			set()
			h.do(c)
		}
	}
	if n := h.under(c); n != 0 {
		t.Errorf("%d calls under way", n)
	}
	if x := h.engine.limits.Look(h.now.Mono+2*3_600_000, limit.Use{Reply: 1},
		limit.Claim{Who: c.account("c"), Limits: limit.Limits{BytesPerHour: 1}}); x != nil {
		t.Errorf("bytes are still held: %+v", x)
	}
}

// TestRefusalsDoNotFillTheLog: an agent that repeats what is refused gets a record a second at
// most, which says how many had none.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	h := limitedHouse(t, "", "")
	c := get("c", "/x")
	c.Args.Method = "DELETE"
	const calls = 30_000
	for range calls {
		h.now.Mono++
		h.refused(c, RuleDeny)
	}
	if n := len(h.records); n < 2000 || n > 2040 {
		t.Errorf("%d records of %d refusals", n, calls)
	}
	missed := 0
	count := func(records []Record) {
		for _, r := range records {
			n := 0
			if text := r.Detail["unrecorded"]; text != "" {
				if _, err := fmt.Sscan(text, &n); err != nil {
					t.Fatal(err)
				}
			}
			missed += n
		}
	}
	other := get("c", "/x")
	other.Agent, other.Args.Method = "cursor", "DELETE"
	h.refused(other, RuleDeny)
	own := c
	own.Via, own.Agent = ViaCLI, ""
	h.refused(own, RuleDeny)
	recorded := len(h.records) - 2
	count(h.records)
	last := h.engine.Unrecorded(h.now)
	if len(last) != 1 || last[0].Agent != "claude-ai" || last[0].Via != ViaStdio ||
		last[0].Event != "deny" || last[0].TS != h.now.Wall {
		t.Errorf("%+v", last)
	}
	if count(last); missed+recorded != calls {
		t.Errorf("%d recorded, %d counted, of %d", recorded, missed, calls)
	}
	if last := h.engine.Unrecorded(h.now); len(last) != 0 {
		t.Errorf("counted twice: %+v", last)
	}
	h.allowed(get("c", "/x"))
}

func TestLimitsAreTold(t *testing.T) {
	h := limitedHouse(t, "perMinute: 2, maxResponseBytes: 1MiB",
		"perHour: 100, maxRequestBytes: 10KB")
	r, _ := h.allowed(Call{Caller: Caller{Agent: "claude-ai", Via: ViaStdio},
		Tool: ListServices})
	var list []struct {
		Name   string
		Limits *limit.Limits
	}
	if err := json.Unmarshal(r.Data, &list); err != nil {
		t.Fatal(err)
	}
	if l := list[0].Limits; l == nil ||
		*l != (limit.Limits{PerMinute: 2, MaxResponseBytes: 1 << 20}) || list[1].Limits != nil {
		t.Errorf("%s", r.Data)
	}
	r, _ = h.allowed(Call{Caller: Caller{Agent: "claude-ai", Via: ViaStdio}, Tool: Whoami})
	if !strings.Contains(string(r.Data),
		`"limits":{"perHour":100,"concurrent":256,"maxRequestBytes":10000}`) {
		t.Errorf("%s", r.Data)
	}
	e := h.explain(asked(get("c", "/x")))
	if got := e.detail("limits"); got != "pass: there is room: perMinute 2, perHour 100 (all "+
		"capabilities together), concurrent 256 (all capabilities together)" {
		t.Error(got)
	}
	if got := e.detail("size"); got !=
		"pass: a body may have 10KB; at most 1MiB of a response are returned" {
		t.Error(got)
	}
	h.allowed(get("c", "/x"))
	h.allowed(get("c", "/x"))
	h.sent, h.records, h.files = nil, nil, map[string][]byte{}
	if e = h.explain(asked(get("c", "/x"))); e.Allowed ||
		!strings.HasSuffix(e.detail("limits"), `for capability "c": 2 calls a minute`) ||
		!strings.Contains(e.NextStep, "wait 60 seconds") {
		t.Errorf("%+v", e)
	}
}
