package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestEveryPipelinedCallIsAnswered(t *testing.T) {
	for _, n := range []int{420, 1000} {
		var calls atomic.Int32
		c := connect(t, brokerFunc(func(ctx context.Context, call Call) Reply {
			calls.Add(1)
			time.Sleep(time.Millisecond)
			return echo(ctx, call)
		}))
		lines := []string{hello("pipe")}
		for i := range n {
			lines = append(lines, call(i, `{}`))
		}
		c.send(lines...)
		c.in.Close()
		replies, err := c.end()
		if err != nil {
			t.Fatal(err)
		}
		ids, carried := map[string]bool{}, 0
		for _, a := range replies {
			ids[string(a.ID)] = true
			if string(a.ID) == `"init"` {
				continue
			}
			if a.Result.IsError {
				a.refused(t, "BUSY")
			} else if carried++; a.seen(t).Agent != "pipe" {
				t.Fatalf("call of %s", a.text())
			}
		}
		if len(replies) != n+1 || len(ids) != n+1 || carried != int(calls.Load()) ||
			n <= maxInFlight && carried != n {
			t.Fatalf("%d calls, %d carried out: %d replies, %d ids", n, carried,
				len(replies), len(ids))
		}
	}
}

func TestFloodIsRefusedAtOnce(t *testing.T) {
	g := newGate()
	c := connect(t, g)
	for i := range maxInFlight {
		c.send(call(i, `{}`))
	}
	c.ask(call(1000, `{}`)).refused(t, "BUSY")
	if a := c.ask(`{"jsonrpc":"2.0","id":1001,"method":"ping"}`); a.code() != busyCode {
		t.Fatalf("ping while busy: %s", a.Raw)
	}
	a := c.ask(modern(1002, "tools/call", "", `,"name":"execute","arguments":{}`))
	if a.Result == nil || a.Result.ResultType != "complete" || a.Result.Meta == nil {
		t.Fatalf("busy in 2026-07-28: %s", a.Raw)
	}
	close(g.release)
	for range maxInFlight {
		if a := c.next(); a.text() != "{}" {
			t.Fatalf("got %s", a.Raw)
		}
	}
	if a := c.ask(call(1003, `{}`)); a.text() != "{}" {
		t.Fatalf("after the flood: %s", a.Raw)
	}
}

func TestBytesInFlightAreBounded(t *testing.T) {
	c := &conn{}
	flightOf := func(id, size int) *request {
		return &request{message: message{id: json.RawMessage(strconv.Itoa(id)), size: size},
			cancel: func() {}}
	}
	first := flightOf(0, maxLine)
	for i := range maxInFlightSize / maxLine {
		req := first
		if i > 0 {
			req = flightOf(i, maxLine)
		}
		if err := c.admit(req); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.admit(flightOf(100, 1)); !errors.Is(err, errBusy) {
		t.Fatalf("one byte too many: %v", err)
	}
	c.settle(first)
	if err := c.admit(flightOf(100, maxLine)); err != nil {
		t.Fatalf("after one has ended: %v", err)
	}
}

func TestCancelInFlight(t *testing.T) {
	g := newGate()
	c := connect(t, g)
	c.send(call(1, `{}`), call(`"1"`, `{}`))
	<-g.entered
	<-g.entered
	// not the id 1 as written
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1.0}}`)
	c.quiet()
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}}`)
	c.quiet()
	close(g.release)
	if a := c.next(); string(a.ID) != "1" || a.text() != "{}" {
		t.Fatalf("the call that was not cancelled: %s", a.Raw)
	}
	c.quiet()
}

func TestCancelledBeforeItBeganNeverReachesTheBroker(t *testing.T) {
	s := New(brokerFunc(func(context.Context, Call) Reply {
		t.Error("the broker was called")
		return Reply{}
	}), testOptions())
	for _, name := range []string{"execute", "approve"} {
		var out strings.Builder
		c := &conn{server: s, base: t.Context(), out: newOutbox(&out, 10, 10)}
		m, _ := parse([]byte(strings.Replace(call(7, `{}`), "execute", name, 1)))
		req := &request{message: m}
		req.ctx, req.cancel = context.WithCancel(c.base)
		if err := c.admit(req); err != nil {
			t.Fatal(err)
		}
		c.receive(
			[]byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`))
		c.run(req)
		if err := c.out.close(t.Context(), time.Second); err != nil || out.Len() > 0 ||
			len(c.requests.byID) > 0 || c.requests.size != 0 {
			t.Fatalf("%s: %v, wrote %q, left %d", name, err, out.String(), len(c.requests.byID))
		}
	}
}

func TestIDs(t *testing.T) {
	c := connect(t, echo)
	for _, id := range []string{
		`9007199254740993`, `"9007199254740993"`, `-1`, `1.50`, `1e2`, `""`, `"\u0061"`,
	} {
		if a := c.ask(call(id, `{}`)); string(a.ID) != id || a.Result == nil {
			t.Errorf("id %s: %s", id, a.Raw)
		}
	}
	for _, id := range []string{`null`, `{}`, `[1]`, `true`} {
		if a := c.ask(call(id, `{}`)); string(a.ID) != "null" || a.code() != -32600 {
			t.Errorf("id %s: %s", id, a.Raw)
		}
	}
}

func TestIDInFlightIsRefused(t *testing.T) {
	g := newGate()
	c := connect(t, g)
	c.send(call(1, `{}`))
	<-g.entered
	if a := c.ask(call(1, `{}`)); a.code() != -32600 ||
		!strings.Contains(a.Error.Message, "in flight") {
		t.Fatalf("same id: %s", a.Raw)
	}
	close(g.release)
	if a := c.next(); a.text() != "{}" {
		t.Fatalf("the first call: %s", a.Raw)
	}
	if a := c.ask(call(1, `{}`)); a.text() != "{}" {
		t.Fatalf("an id that is free again: %s", a.Raw)
	}
}

func TestEndOfInputWaitsForCalls(t *testing.T) {
	c := connect(t, brokerFunc(func(ctx context.Context, call Call) Reply {
		time.Sleep(50 * time.Millisecond)
		return echo(ctx, call)
	}))
	fmt.Fprint(c.in, call(1, `{}`)) // and no line end
	c.in.Close()
	replies, err := c.end()
	if err != nil || len(replies) != 1 {
		t.Fatalf("%v, %d replies", err, len(replies))
	}
	replies[0].seen(t)
}

func TestShutdownCancelsAfterTheGrace(t *testing.T) {
	for name, stop := range map[string]func(*client){
		"end of input": func(c *client) { c.in.Close() },
		"signal":       func(c *client) { c.cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate()
			c := connect(t, g)
			c.send(call(1, `{}`))
			<-g.entered
			begin := time.Now()
			stop(c)
			replies, err := c.end()
			if err != nil || len(replies) != 1 {
				t.Fatalf("%v, %d replies", err, len(replies))
			}
			replies[0].refused(t, "CANCELLED")
			if d := time.Since(begin); d < 150*time.Millisecond || d > 2*time.Second {
				t.Fatalf("took %v", d)
			}
		})
	}
}

func TestSignalLetsCallsEnd(t *testing.T) {
	g := newGate()
	c := connect(t, g, func(o *Options) { o.Grace = 5 * time.Second })
	c.send(call(1, `{}`))
	<-g.entered
	c.cancel()
	time.Sleep(20 * time.Millisecond)
	close(g.release)
	replies, err := c.end()
	if err != nil || len(replies) != 1 || replies[0].text() != "{}" {
		t.Fatalf("%v, %v", err, replies)
	}
}

func TestBrokerThatIgnoresCancellingDoesNotHoldTheShutdown(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	var logged atomic.Value
	c := connect(t, brokerFunc(func(context.Context, Call) Reply {
		<-release
		return Reply{}
	}), func(o *Options) { o.Log = func(line string) { logged.Store(line) } })
	c.send(call(1, `{}`))
	c.in.Close()
	if _, err := c.end(); err != nil || logged.Load() == nil {
		t.Fatalf("%v, logged %v", err, logged.Load())
	}
}

func TestClientThatDoesNotReadBlocksOnlyItself(t *testing.T) {
	g := newGate()
	c := dial(t, g, func(o *Options) { o.Grace = time.Minute })
	for i := range 100 {
		c.send(call(i, `{}`))
	}
	close(g.release)
	// the writer is stuck in its first reply; reading goes on
	c.send(call(100, `{}`), call(101, `{}`))
	for range 102 {
		<-g.entered
	}
	c.read()
	c.in.Close()
	if replies, err := c.end(); err != nil || len(replies) != 102 {
		t.Fatalf("%v, %d replies", err, len(replies))
	}
}

func TestReadingWaitsForAFullOutbox(t *testing.T) {
	c := dial(t, echo, func(o *Options) { o.Grace = time.Minute })
	sent := make(chan int)
	go func() {
		n := 0
		for ; n < maxOutLines+1000; n++ {
			if _, err := io.WriteString(c.in, "[]\n"); err != nil {
				break
			}
		}
		c.in.Close()
		sent <- n
	}()
	select {
	case <-sent:
		t.Fatal("a client that never reads was read without bound")
	case <-time.After(300 * time.Millisecond):
	}
	c.read()
	n := <-sent
	if replies, err := c.end(); err != nil || len(replies) != n || n != maxOutLines+1000 {
		t.Fatalf("%v, %d replies for %d lines", err, len(replies), n)
	}
}

func TestShutdownDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	g := newGate()
	close(g.release)
	c := dial(t, g)
	c.send(call(1, `{}`))
	<-g.entered
	c.cancel()
	if err := <-c.ended; !errors.Is(err, errUnread) {
		t.Fatalf("got %v", err)
	}
}

type brokenStream struct{}

func (brokenStream) Read([]byte) (int, error)  { return 0, errBroken }
func (brokenStream) Write([]byte) (int, error) { return 0, errBroken }

func TestBrokenStreams(t *testing.T) {
	s := New(echo, testOptions())
	if err := s.Serve(t.Context(), brokenStream{}, io.Discard); !errors.Is(err, errBroken) ||
		!strings.Contains(err.Error(), "reading requests") {
		t.Errorf("reading: %v", err)
	}
	in, w := io.Pipe()
	defer w.Close()
	go io.WriteString(w, call(1, `{}`)+"\n")
	if err := s.Serve(t.Context(), in, brokenStream{}); !errors.Is(err, errBroken) ||
		!strings.Contains(err.Error(), "writing replies") {
		t.Errorf("writing: %v", err)
	}
}

func TestPanicsAreNotShown(t *testing.T) {
	const secret = "sk_live_0123456789"
	var logged atomic.Value
	c := connect(t, brokerFunc(func(_ context.Context, c Call) Reply {
		if string(c.Arguments) == `{"not":"json"}` {
			return Reply{Text: []byte("x"), Structured: json.RawMessage(secret)}
		}
		panic(secret)
	}), func(o *Options) { o.Log = func(line string) { logged.Store(line) } })
	for _, line := range []string{
		call(1, `{}`), modern(2, "tools/call", "", `,"name":"execute"`), call(3, `{"not":"json"}`),
	} {
		logged.Store("")
		a := c.ask(line)
		a.refused(t, "INTERNAL")
		if l := logged.Load().(string); strings.Contains(a.Raw+l, "sk_live") ||
			!strings.Contains(l, "execute") || strings.Contains(l, "\n") {
			t.Fatalf("%s; logged %q", a.Raw, l)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	s := New(echo, testOptions())
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error)
	go func() { done <- s.Serve(b.Context(), inR, outW) }()
	buf := make([]byte, 1<<16)
	line := []byte(call(1, `{"capability":"stripe","method":"GET","path":"/v1/balance"}`) + "\n")
	for b.Loop() {
		inW.Write(line)
		if n, _ := outR.Read(buf); n == 0 || buf[n-1] != '\n' {
			b.Fatal("short")
		}
	}
	inW.Close()
	<-done
}

// BenchmarkAnswer measures a call without pipes and goroutines.
func BenchmarkAnswer(b *testing.B) {
	s := New(echo, testOptions())
	line := []byte(call(1, `{"capability":"stripe","method":"GET","path":"/v1/balance"}`))
	for b.Loop() {
		m, _ := parse(line)
		s.answer(&request{message: m, agent: "a", ctx: b.Context()})
	}
}

// A panic in the protocol library costs one answer, not the process.
func TestPanicOutsideTheBroker(t *testing.T) {
	s := New(echo, testOptions())
	for line, want := range map[string]string{
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`: `-32603`,
		call(2, `{}`): `INTERNAL`,
	} {
		m, _ := parse([]byte(line))
		lines, ok := s.answer(&request{message: m}) // without a context mcp-go panics
		if ok || len(lines) != 1 || !strings.Contains(string(lines[0]), want) {
			t.Errorf("%s: %s", line, lines)
		}
	}
}

func TestOutboxIsFullByLinesAndByBytes(t *testing.T) {
	for name, limits := range map[string][2]int{"lines": {1, 100}, "bytes": {100, 4}} {
		r, w := io.Pipe()
		full := newOutbox(w, limits[0], limits[1])
		full.put([]byte("line\n"))
		select {
		case <-full.room():
			t.Errorf("%s: room while nobody reads", name)
		default:
		}
		go io.Copy(io.Discard, r)
		select {
		case <-full.room():
		case <-time.After(5 * time.Second):
			t.Errorf("%s: no room after reading", name)
		}
		full.close(t.Context(), time.Second)
		w.Close()
	}
}
