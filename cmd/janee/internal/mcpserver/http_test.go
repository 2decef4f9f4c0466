package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

func TestHTTPKeepsAgentsApart(t *testing.T) {
	w := serveHTTP(t, echo)
	var wg sync.WaitGroup
	for _, agent := range []string{"alice", "bob", "carol"} {
		wg.Go(func() {
			p := w.hello(agent, "alice") // what a client calls itself is a label
			for i := range 50 {
				if s := p.ask(call(i, `{}`)).seen(t); s.Agent != agent || s.Client != "alice" {
					t.Errorf("%s was %+v", agent, s)
				}
			}
		})
	}
	wg.Wait()
}

func TestHTTPKeepsArgumentsAndIDsAsWritten(t *testing.T) {
	p := serveHTTP(t, echo).hello("a", "c")
	for _, id := range []string{`9007199254740993`, `"1"`, `1.0`, `-3`, `"\u00e9"`} {
		const arguments = `{ "a":1, "a" : 9007199254740993 ,"\u0061":"<&>"}`
		a := p.ask(" \n" + call(id, arguments) + "\r\n")
		if s := a.seen(t); string(a.ID) != id || s.Arguments != arguments {
			t.Errorf("id %s, arguments %s", a.ID, s.Arguments)
		}
	}
}

func TestHTTPRefusesWhatItCannotRead(t *testing.T) {
	p := serveHTTP(t, echo).hello("a", "c")
	for body, code := range map[string]int{
		``:                        -32700,
		`{`:                       -32700,
		"{\"jsonrpc\":\xff":       -32700,
		`[]`:                      -32600,
		`[` + call(1, `{}`) + `]`: -32600,
		// method twice
		strings.Replace(call(1, `{}`), `"id":1`, `"id":1,"method":"ping"`, 1): -32600,
		strings.Replace(call(1, `{}`), `"name":"execute"`,
			`"name":"execute","name":"whoami"`, 1): -32600,
		strings.Replace(call(1, `{}`), `"id":1`, `"id":null`, 1):               -32600,
		call(1, strings.Repeat(`{"a":`, 10001)+`1`+strings.Repeat(`}`, 10001)): -32600,
	} {
		status, messages := p.post(body)
		if status != 400 || len(messages) != 1 || messages[0].code() != code {
			t.Errorf("%.80q: %d %+v", body, status, messages)
		}
	}
	if a := p.ask(call(2, `{}`)); a.text() == "" {
		t.Fatalf("afterwards: %s", a.Raw)
	}
}

func TestHTTPConnectionBelongsToItsToken(t *testing.T) {
	w := serveHTTP(t, echo)
	p := w.hello("alice:one", "c")
	for _, thief := range []string{"bob", "alice:two"} {
		stolen := &peer{web: w, token: thief, id: p.id}
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			res := stolen.do(t.Context(), method, call(1, `{}`))
			if messages := readAnswers(t, res); res.StatusCode != 404 || len(messages) != 1 ||
				messages[0].code() != sessionNotFound {
				t.Errorf("%s %s: %s", thief, method, res.Status)
			}
			res.Body.Close()
		}
	}
	if s := p.ask(call(1, `{}`)).seen(t); s.Agent != "alice" {
		t.Errorf("afterwards: %+v", s)
	}
}

func TestHTTPConnectionIDsAreMadeHere(t *testing.T) {
	w := serveHTTP(t, echo)
	for id, want := range map[string]int{
		"": 400, "mcp-session-1": 404, strings.Repeat("A", 43): 404, strings.Repeat("x", 5000): 404,
	} {
		p := &peer{web: w, token: "a", id: id}
		if status, _ := p.post(call(1, `{}`)); status != want {
			t.Errorf("%.20q: %d", id, status)
		}
		res := p.do(t.Context(), http.MethodGet, "")
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("GET %.20q: %d", id, res.StatusCode)
		}
	}
	p := &peer{web: w, token: "a", id: "mine"}
	if status, messages := p.post(hello("c")); status != 400 || messages[0].code() != -32600 {
		t.Errorf("initialize with an id of the client: %d %+v", status, messages)
	}
	if len(w.http.conns) != 0 {
		t.Errorf("%d connections", len(w.http.conns))
	}
}

func TestHTTPConnectionIsInitializedOnce(t *testing.T) {
	p := serveHTTP(t, echo).hello("a", "first")
	if status, messages := p.post(hello("second")); status != 400 ||
		!strings.Contains(messages[0].Raw, "already initialized") {
		t.Errorf("%d %+v", status, messages)
	}
	if s := p.ask(call(1, `{}`)).seen(t); s.Client != "first" {
		t.Errorf("now %+v", s)
	}
}

func TestHTTPDeleteEndsTheConnection(t *testing.T) {
	g := newGate()
	w := serveHTTP(t, g)
	p := w.hello("a", "c")
	news, end := p.stream()
	defer end()
	hanging := make(chan int, 1)
	go func() { status, _ := p.post(call(1, `{}`)); hanging <- status }()
	soon(t, g.entered)
	res := p.do(t.Context(), http.MethodDelete, "")
	if res.Body.Close(); res.StatusCode != 204 {
		t.Fatal(res.Status)
	}
	if status := soon(t, hanging); status != 202 {
		t.Errorf("the call in flight: %d", status)
	}
	if a, ok := <-news; ok {
		t.Errorf("on the stream: %s", a.Raw)
	}
	for range 2 {
		if status, _ := p.post(call(1, `{}`)); status != 404 {
			t.Errorf("afterwards: %d", status)
		}
	}
	if len(w.http.server.opts.Clients.all) != 0 || len(w.http.inFlight) != 0 {
		t.Errorf("left: %d clients, %v", len(w.http.server.opts.Clients.all), w.http.inFlight)
	}
}

// In the modern era of mcp-go the session id of all clients is "", so one client can cancel the
// call of another by its id.
func TestHTTPNoClientCancelsTheCallOfAnother(t *testing.T) {
	g := newGate()
	w := serveHTTP(t, g)
	victim, same := w.hello("alice", "c"), w.hello("alice", "c")
	other := w.hello("bob", "c")
	done := make(chan []answer, 1)
	go func() { _, messages := victim.post(call(1, `{}`)); done <- messages }()
	soon(t, g.entered)
	const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	for _, p := range []*peer{
		same, other, {web: w, token: "bob", id: victim.id}, {web: w, token: "bob"},
	} {
		for _, version := range []string{"", "2025-06-18", "2026-07-28"} {
			p.post(cancel, "Mcp-Protocol-Version", version)
		}
	}
	select {
	case m := <-done:
		t.Fatalf("cancelled: %+v", m)
	case <-time.After(50 * time.Millisecond):
	}
	close(g.release)
	if m := soon(t, done); len(m) != 1 || m[0].text() != "{}" {
		t.Errorf("%+v", m)
	}
}

func TestHTTPCancel(t *testing.T) {
	g := newGate()
	p := serveHTTP(t, g).hello("a", "c")
	done := make(chan int, 1)
	go func() { status, _ := p.post(call(1, `{}`)); done <- status }()
	soon(t, g.entered)
	const cancelled = `{"jsonrpc":"2.0","method":"notifications/cancelled",` +
		`"params":{"requestId":1}}`
	if status, _ := p.post(cancelled); status != 202 {
		t.Errorf("the notification: %d", status)
	}
	if status := soon(t, done); status != 202 {
		t.Errorf("the call: %d", status)
	}
	close(g.release)
	if a := p.ask(call(1, `{}`)); a.text() != "{}" {
		t.Errorf("the id again: %s", a.Raw)
	}
}

// mcp-go loses 187 of 800 notifications if the handler returns right after them, and sends two of
// three to the stream of GET while one is open.
func TestHTTPLosesNoProgress(t *testing.T) {
	p := serveHTTP(t, teller).hello("a", "c")
	news, end := p.stream()
	defer end()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 50 {
				id := worker*100 + i
				_, messages := p.post(callWithToken(id, fmt.Sprint(id)))
				if len(messages) != 4 || messages[3].text() != "told" {
					t.Errorf("%d messages to call %d", len(messages), id)
					continue
				}
				for step := range 3 {
					if want := fmt.Sprintf(`"progressToken":%d,"progress":%d,`, id, step+
						1); !strings.Contains(messages[step].Raw, want) {
						t.Errorf("%s lacks %s", messages[step].Raw, want)
					}
				}
			}
		})
	}
	wg.Wait()
	if len(news) != 0 {
		t.Errorf("on the stream: %s", (<-news).Raw)
	}
}

func TestHTTPAnswersInJSONWhereNoStreamIsTaken(t *testing.T) {
	p := serveHTTP(t, teller).hello("a", "c")
	status, messages := p.post(callWithToken(1, "1"), "Accept", "application/json")
	if status != 200 || len(messages) != 1 || messages[0].text() != "told" {
		t.Errorf("%d %+v", status, messages)
	}
	res := p.do(t.Context(), http.MethodGet, "", "Accept", "application/json")
	if res.Body.Close(); res.StatusCode != http.StatusNotAcceptable {
		t.Error(res.Status)
	}
}

func TestHTTPToolsChanged(t *testing.T) {
	w := serveHTTP(t, echo)
	a, b := w.hello("a", "c"), w.hello("b", "c")
	newsA, endA := a.stream()
	defer endA()
	w.http.server.opts.Clients.ToolsChanged()
	w.http.server.opts.Clients.ToolsChanged() // b has no stream yet, and is owed one
	if n := soon(t, newsA); n.Method != "notifications/tools/list_changed" ||
		strings.Contains(n.Raw, "_meta") {
		t.Errorf("a: %s", n.Raw)
	}
	newsB, endB := b.stream()
	defer endB()
	if n := soon(t, newsB); n.Method != "notifications/tools/list_changed" {
		t.Errorf("b: %s", n.Raw)
	}
	newer, end := b.stream() // takes over
	defer end()
	if n, ok := <-newsB; ok {
		t.Errorf("b, first stream: %s", n.Raw)
	}
	w.http.server.opts.Clients.ToolsChanged()
	if n := soon(t, newer); n.Method != "notifications/tools/list_changed" {
		t.Errorf("b, second stream: %s", n.Raw)
	}
}

func TestHTTPSpeaksVersionsWithSessionIDsOnly(t *testing.T) {
	p := serveHTTP(t, echo).hello("a", "c")
	for _, version := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		if status, _ := p.post(call(1, `{}`), "Mcp-Protocol-Version", version); status != 200 {
			t.Errorf("%s: %d", version, status)
		}
	}
	for _, version := range []string{"2026-07-28", "1", "2025-06-18, 2025-11-25"} {
		status, messages := p.post(call(1, `{}`), "Mcp-Protocol-Version", version)
		if status != 400 || messages[0].code() != mcp.UNSUPPORTED_PROTOCOL_VERSION ||
			!strings.Contains(messages[0].Raw, `"supported":["2025-11-25"`) {
			t.Errorf("%s: %d %+v", version, status, messages)
		}
		res := p.do(t.Context(), http.MethodGet, "", "Mcp-Protocol-Version", version)
		if res.Body.Close(); res.StatusCode != 400 {
			t.Errorf("GET in %s: %s", version, res.Status)
		}
	}
	if status, messages := p.post(modern(7, "server/discover", "c", "")); status != 400 ||
		string(messages[0].ID) != "7" {
		t.Errorf("_meta alone: %d %+v", status, messages)
	}
	a := p.ask(strings.Replace(call(1, `{}`), "tools/call", "subscriptions/listen", 1))
	if a.Error == nil {
		t.Errorf("subscriptions/listen: %s", a.Raw)
	}
}

func TestHTTPBoundsWhatAnAgentHasInFlight(t *testing.T) {
	g := newGate()
	w := serveHTTP(t, g)
	first, second, other := w.hello("a", "c"), w.hello("a", "c"), w.hello("b", "c")
	var wg sync.WaitGroup
	for i := range maxAgentRequests {
		p := []*peer{first, second}[i%2]
		wg.Go(func() {
			if a := p.ask(call(i, `{}`)); a.text() != "{}" {
				t.Errorf("got %s", a.Raw)
			}
		})
		soon(t, g.entered)
	}
	first.ask(call(1000, `{}`)).refused(t, "BUSY")
	second.ask(call(1000, `{}`)).refused(t, "BUSY")
	if a := first.ask(`{"jsonrpc":"2.0","id":1001,"method":"ping"}`); a.code() != busyCode {
		t.Errorf("ping: %s", a.Raw)
	}
	if a := first.ask(call(0, `{}`)); a.text() == "{}" {
		t.Errorf("an id in flight: %s", a.Raw)
	}
	wg.Go(func() { other.ask(call(1, `{}`)) })
	soon(t, g.entered) // another agent notices nothing
	close(g.release)
	wg.Wait()
	if a := first.ask(call(1000, `{}`)); a.text() != "{}" {
		t.Errorf("afterwards: %s", a.Raw)
	}
}

func TestHTTPBoundsConnections(t *testing.T) {
	w := serveHTTP(t, echo)
	kept, unused := w.hello("a", "c"), w.hello("a", "c")
	_, end := kept.stream()
	defer end()
	other := w.hello("b", "c")
	for range maxAgentConns - 1 {
		w.hello("a", "c")
	}
	if n := len(w.http.conns); n != maxAgentConns+1 {
		t.Errorf("%d connections", n)
	}
	for p, want := range map[*peer]int{kept: 200, other: 200, unused: 404} {
		if status, _ := p.post(call(1, `{}`)); status != want {
			t.Errorf("%s: %d, not %d", p.token, status, want)
		}
	}
}

// TestHTTPConnectionsOfOthersKeepNobodyOut has agents use all their connections, so that none can
// be ended for a new one.
func TestHTTPConnectionsOfOthersKeepNobodyOut(t *testing.T) {
	w := serveHTTP(t, echo)
	for agent := range 10 {
		for range maxAgentConns {
			c, err := w.http.open(Principal{Agent: fmt.Sprint("agent", agent)}, message{})
			if err != nil {
				t.Fatal(err)
			}
			c.attach()
		}
	}
	if _, err := w.http.open(Principal{Agent: "agent0"}, message{}); err == nil {
		t.Error("an agent has no bound of its own")
	}
	if status, _ := w.hello("late", "c").post(call(1, `{}`)); status != 200 {
		t.Errorf("another agent: %d", status)
	}
}

func TestHTTPConnectionsEndWhenUnused(t *testing.T) {
	w := serveHTTP(t, echo)
	now := time.Now()
	var mu sync.Mutex
	w.http.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	used, unused, open := w.hello("a", "c"), w.hello("a", "c"), w.hello("a", "c")
	_, end := open.stream()
	defer end()
	pass(connIdle - time.Second)
	used.ask(call(1, `{}`))
	pass(time.Second)
	for p, want := range map[*peer]int{used: 200, open: 200, unused: 404} {
		if status, _ := p.post(call(1, `{}`)); status != want {
			t.Errorf("%d, not %d", status, want)
		}
	}
	w.hello("b", "c")
	if n := len(w.http.conns); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// The calls of a client that goes away get the grace of a line connection, and are then cancelled.
func TestHTTPClientGone(t *testing.T) {
	cancelled := make(chan time.Time, 1)
	entered := make(chan bool, 1)
	w := serveHTTP(t, brokerFunc(func(ctx context.Context, _ Call) Reply {
		entered <- true
		<-ctx.Done()
		cancelled <- time.Now()
		return Reply{Text: []byte("{}")}
	}))
	p := w.hello("a", "c")
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		if res, err := p.try(ctx, http.MethodPost, call(1, `{}`)); err == nil {
			res.Body.Close()
		}
	}()
	soon(t, entered)
	left := time.Now()
	leave()
	if at := soon(t, cancelled); at.Sub(left) < 150*time.Millisecond {
		t.Errorf("cancelled after %v", at.Sub(left))
	}
}

func TestHTTPCloseCancelsWhatIsInFlight(t *testing.T) {
	g := newGate()
	w := serveHTTP(t, g)
	p := w.hello("a", "c")
	news, end := p.stream()
	defer end()
	done := make(chan []answer, 1)
	go func() { _, messages := p.post(call(1, `{}`)); done <- messages }()
	soon(t, g.entered)
	w.http.EndStreams()
	if a, ok := <-news; ok {
		t.Errorf("on the stream: %s", a.Raw)
	}
	late := &peer{web: w, token: "b"}
	if status, _ := late.post(hello("c")); status != 503 {
		t.Errorf("a connection after the end: %d", status)
	}
	select {
	case m := <-done:
		t.Fatalf("cut: %+v", m)
	case <-time.After(50 * time.Millisecond):
	}
	w.http.Close()
	soon(t, done)
}

func TestHTTPPanicTellsNothing(t *testing.T) {
	p := serveHTTP(t, brokerFunc(func(context.Context, Call) Reply {
		panic("sk_live_secret")
	})).hello("a", "c")
	a := p.ask(call(1, `{}`))
	if a.refused(t, "INTERNAL"); strings.Contains(a.Raw, "sk_live") {
		t.Error(a.Raw)
	}
}

func TestHTTPAnswerOfMegabytes(t *testing.T) {
	big, _ := json.Marshal(strings.Repeat("x", 8<<20))
	p := serveHTTP(t, brokerFunc(func(context.Context, Call) Reply {
		return Reply{Text: big}
	})).hello("a", "c")
	if a := p.ask(call(1, `{}`)); a.text() != string(big) {
		t.Errorf("%d bytes of %d", len(a.text()), len(big))
	}
}

// A call that waits for a person would wait longer than the server may take to end.
func TestHTTPTellsCallsThatTheServerEnds(t *testing.T) {
	entered := make(chan bool, 1)
	w := serveHTTP(t, brokerFunc(func(_ context.Context, c Call) Reply {
		entered <- true
		<-c.Ending
		return Reply{Text: []byte("pending")}
	}))
	p := w.hello("a", "c")
	done := make(chan []answer, 1)
	go func() { _, messages := p.post(call(1, `{}`)); done <- messages }()
	soon(t, entered)
	w.http.EndStreams()
	if m := soon(t, done); len(m) != 1 || m[0].text() != "pending" {
		t.Errorf("%+v", m)
	}
}
