package mcpserver

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	wantsTools = `,"notifications":{"toolsListChanged":true}`
	acked      = "notifications/subscriptions/acknowledged"
	changed    = "notifications/tools/list_changed"
)

func listenAs(id string) string {
	return strings.Replace(modern(1, "subscriptions/listen", "m", wantsTools),
		`"id":1`, `"id":`+id, 1)
}

func cancelOf(id string) string {
	return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`
}

// about fails unless a is the notification of the subscription: id is "" for the initialize era,
// which has no tag.
func (a answer) about(t *testing.T, method, id string) {
	t.Helper()
	var n struct {
		Params struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal([]byte(a.Raw), &n); err != nil || a.Method != method || a.ID != nil ||
		string(n.Params.Meta["io.modelcontextprotocol/subscriptionId"]) != id {
		t.Fatalf("got %s, want %s of %q", a.Raw, method, id)
	}
}

// over fails unless a is the result that ends the subscription.
func (a answer) over(t *testing.T, id string) {
	t.Helper()
	tag := fmt.Sprintf(`"io.modelcontextprotocol/subscriptionId":%s`, wire(id))
	if string(a.ID) != id || a.Result == nil || a.Result.ResultType != "complete" ||
		!strings.Contains(a.Raw, tag) {
		t.Fatalf("got %s, want the end of %s", a.Raw, id)
	}
}

func TestToolsChangedInTheHandshakeEra(t *testing.T) {
	c := connect(t, echo)
	c.ask(`{"jsonrpc":"2.0","id":1,"method":"ping"}`) // has not initialized: asked for nothing
	c.server.opts.Clients.ToolsChanged()
	c.quiet()
	c.ask(hello("a"))
	c.server.opts.Clients.ToolsChanged()
	c.next().about(t, changed, "")
	c.ask(call(2, `{}`)).seen(t)
	if a := c.ask(`{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen",` +
		`"params":{"notifications":{"toolsListChanged":true}}}`); a.code() != -32601 {
		t.Fatalf("listen is of the other era: %s", a.Raw)
	}
}

func TestToolsChangedIsNotSentAfterAFailedInitialize(t *testing.T) {
	c := connect(t, echo)
	if a := c.ask(modern(1, "initialize", "m", `,"clientInfo":{"name":"m"}`)); a.code() != -32601 {
		t.Fatalf("got %s", a.Raw)
	}
	c.server.opts.Clients.ToolsChanged()
	c.quiet()
}

func TestListen(t *testing.T) {
	for _, id := range []string{`1`, `"one"`, `9007199254740993`, `"<a>\u0061"`, `1.50`} {
		c := connect(t, echo)
		c.ask(modern(100, "tools/list", "m", ""))
		c.server.opts.Clients.ToolsChanged()
		c.quiet() // nobody asked yet
		a := c.ask(listenAs(id))
		a.about(t, acked, wire(id))
		if !strings.Contains(a.Raw, `"notifications":{"toolsListChanged":true}`) {
			t.Fatalf("granted %s", a.Raw)
		}
		c.quiet() // it stays open
		for range 3 {
			c.server.opts.Clients.ToolsChanged()
			c.next().about(t, changed, wire(id))
		}
		c.ask(modern(101, "tools/call", "m", `,"name":"whoami"`)).seen(t)
		c.in.Close()
		rest, err := c.end()
		if err != nil || len(rest) != 1 {
			t.Fatalf("%v, %v", err, rest)
		}
		rest[0].over(t, id)
	}
}

// wire is how an id looks inside params, which encoding/json writes with its own escapes.
func wire(id string) string { return strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(id) }

func TestListenForNothingEndsAtOnce(t *testing.T) {
	for _, filter := range []string{
		`,"notifications":{}`,
		``,
		`,"notifications":{"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["file:///x"]}`,
	} {
		c := connect(t, echo)
		a := c.ask(modern(5, "subscriptions/listen", "m", filter))
		if a.about(t, acked, "5"); !strings.Contains(a.Raw, `"notifications":{}`) {
			t.Errorf("the acknowledgement comes first and promises nothing: %s", a.Raw)
		}
		c.next().over(t, "5")
		c.server.opts.Clients.ToolsChanged()
		c.quiet()
		c.ask(listenAs("5")).about(t, acked, "5") // the id is free again
	}
}

func TestListenThatIsMalformed(t *testing.T) {
	c := connect(t, echo)
	for line, code := range map[string]int{
		modern(1, "subscriptions/listen", "m",
			`,"notifications":{"toolsListChanged":"yes"}`): -32600,
		strings.Replace(listenAs("1"), "2026-07-28", "2099-01-01", 1): -32022,
		listenAs(`"` + strings.Repeat("x", maxListenID-1) + `"`):      -32600,
	} {
		if a := c.ask(line); a.code() != code {
			t.Errorf("%.100s: %s", line, a.Raw)
		}
	}
	c.server.opts.Clients.ToolsChanged()
	c.quiet()
	longest := `"` + strings.Repeat("x", maxListenID-2) + `"`
	c.ask(listenAs(longest)).about(t, acked, longest)
}

func TestCancelEndsAListen(t *testing.T) {
	c := connect(t, echo)
	c.ask(listenAs("1")).about(t, acked, "1")
	c.ask(listenAs(`"1"`)).about(t, acked, `"1"`)
	c.send(cancelOf("1.0")) // not an id as written
	c.send(cancelOf("1"))
	c.ask(modern(2, "tools/list", "m", "")) // the cancellation has been read
	c.server.opts.Clients.ToolsChanged()
	c.next().about(t, changed, `"1"`)
	c.quiet() // and no result
	c.ask(listenAs("1")).about(t, acked, "1")
	c.in.Close()
	if rest, err := c.end(); err != nil || len(rest) != 2 {
		t.Fatalf("%v, %v", err, rest)
	}
}

func TestIDOfAListenIsTaken(t *testing.T) {
	c := connect(t, echo)
	c.ask(listenAs("1"))
	for _, line := range []string{listenAs("1"), call(1, `{}`)} {
		if a := c.ask(line); a.code() != -32600 || !strings.Contains(a.Error.Message, "in flight") {
			t.Errorf("got %s", a.Raw)
		}
	}
}

func TestListensAreBounded(t *testing.T) {
	g := newGate()
	c := connect(t, g)
	for i := range maxListens {
		id := fmt.Sprint(i)
		c.ask(listenAs(id)).about(t, acked, id)
	}
	if a := c.ask(listenAs("100")); a.code() != busyCode {
		t.Fatalf("one too many: %s", a.Raw)
	}
	for i := range maxInFlight { // all room for requests is still there
		c.send(call(1000+i, `{}`))
	}
	for range maxInFlight {
		<-g.entered
	}
	c.send(cancelOf("0"))
	close(g.release)
	for range maxInFlight {
		if a := c.next(); a.text() != "{}" {
			t.Fatalf("got %s", a.Raw)
		}
	}
	c.ask(listenAs("100")).about(t, acked, "100")
}

// A listen may come in a line of 8 MiB, of which nothing but its id is kept.
func TestListenKeepsNoBytesInFlight(t *testing.T) {
	s := New(echo, testOptions())
	c := &conn{server: s, base: t.Context(), out: newOutbox(io.Discard, 10, 1<<20),
		listens: map[string]*listen{}}
	c.receive([]byte(strings.Replace(listenAs("1"), `"toolsListChanged"`,
		`"x":"`+strings.Repeat("x", 1<<20)+`","toolsListChanged"`, 1)))
	if l := c.listens["1"]; l == nil || len(l.changed)+len(l.end) > 1000 || c.requests.size != 0 ||
		len(c.requests.byID) != 0 {
		t.Fatalf("%d bytes and %d requests in flight, %v", c.requests.size, len(c.requests.byID), l)
	}
	if err := c.out.close(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestListenDoesNotHoldTheShutdown(t *testing.T) {
	for name, stop := range map[string]func(*client){
		"end of input": func(c *client) { c.in.Close() },
		"signal":       func(c *client) { c.cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, echo, func(o *Options) { o.Grace = time.Hour })
			c.ask(listenAs("1"))
			c.ask(listenAs("2"))
			stop(c)
			rest, err := c.end()
			if err != nil || len(rest) != 2 {
				t.Fatalf("%v, %v", err, rest)
			}
			if string(rest[0].ID) == "2" {
				rest[0], rest[1] = rest[1], rest[0]
			}
			rest[0].over(t, "1")
			rest[1].over(t, "2")
		})
	}
}

// At the end of input a listen ends before the calls, which have their grace.
func TestListenEndsBeforeTheGrace(t *testing.T) {
	g := newGate()
	c := connect(t, g, func(o *Options) { o.Grace = time.Hour })
	c.ask(listenAs("1"))
	c.send(call(2, `{}`))
	<-g.entered
	c.in.Close()
	c.next().over(t, "1")
	close(g.release)
	if rest, err := c.end(); err != nil || len(rest) != 1 || rest[0].text() != "{}" {
		t.Fatalf("%v, %v", err, rest)
	}
}

func TestToolsChangedReachesEveryConnection(t *testing.T) {
	s := New(echo, testOptions())
	var wg sync.WaitGroup
	connection := func(line string) (reply func() string, hangUp func()) {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		wg.Go(func() { s.Serve(t.Context(), inR, outW); outW.Close() })
		io.WriteString(inW, line+"\n")
		d := json.NewDecoder(outR)
		return func() string {
			var raw json.RawMessage
			d.Decode(&raw)
			return string(raw)
		}, func() { inW.Close(); io.Copy(io.Discard, outR) }
	}
	a, endA := connection(hello("a"))
	b, endB := connection(listenAs("7"))
	a()
	b()
	s.opts.Clients.ToolsChanged()
	if x, y := a(), b(); !strings.Contains(x, changed) || !strings.Contains(y, changed) ||
		!strings.Contains(y, ":7") || strings.Contains(x, "_meta") {
		t.Errorf("%s, %s", x, y)
	}
	endA()
	endB()
	wg.Wait()
	if len(s.opts.Clients.all) != 0 {
		t.Errorf("%d connections are left", len(s.opts.Clients.all))
	}
	s.opts.Clients.ToolsChanged()
}

// However the configuration changes while requests come and listens open and end, each
// acknowledgement is the first line of its subscription, the result is the last, and every change
// after the acknowledgement was read is announced.
func TestToolsChangedWhileListensComeAndGo(t *testing.T) {
	c := connect(t, echo)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				c.server.opts.Clients.ToolsChanged()
			}
		}
	})
	for i := range 200 {
		id := fmt.Sprint(i)
		c.send(listenAs(id))
		a := c.next()
		for ; a.Method != acked; a = c.next() { // of the one before, cancelled below
			a.about(t, changed, fmt.Sprint(i-1))
		}
		a.about(t, acked, id)
		c.next().about(t, changed, id)
		c.send(cancelOf(id))
	}
	close(stop)
	wg.Wait()
}

// A client that does not read gets one line of each kind, however often the configuration changes.
func TestToolsChangedDoesNotPileUp(t *testing.T) {
	c := dial(t, echo)
	c.send(hello("m"), listenAs("1"), listenAs("2"), `{"jsonrpc":"2.0","id":3,"method":"ping"}`)
	// what came before has been received
	c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	for range 10 * maxOutLines {
		c.server.opts.Clients.ToolsChanged()
	}
	c.read()
	c.in.Close()
	rest, err := c.end()
	if err != nil || len(rest) > 4+2*3+2 {
		t.Fatalf("%v, %d lines", err, len(rest))
	}
	count := map[string]int{}
	for _, a := range rest {
		count[a.Method]++
	}
	if count[changed] < 3 || count[acked] != 2 {
		t.Fatalf("%v", count)
	}
}

func TestPutAgainMovesTheWaitingLine(t *testing.T) {
	r, w := io.Pipe()
	o := newOutbox(w, 100, 100)
	o.put([]byte("first\n"))
	for len(o.snapshot()) > 0 { // the writer holds it, and nobody reads
		time.Sleep(time.Millisecond)
	}
	o.putAgain([]byte("again\n"))
	o.put([]byte("other\n"))
	o.putAgain([]byte("again\n"))
	if o.lines != 3 || o.bytes != 18 {
		t.Errorf("%d lines, %d bytes", o.lines, o.bytes)
	}
	go o.close(t.Context(), time.Minute)
	for !o.isClosed() {
		time.Sleep(time.Millisecond)
	}
	o.putAgain([]byte("again\n")) // too late to be queued, and no reason to lose the one that is
	all := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		all <- string(b)
	}()
	<-o.done
	w.Close()
	if got := <-all; got != "first\nother\nagain\n" {
		t.Errorf("got %q", got)
	}
}

func (o *outbox) snapshot() [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := make([][]byte, len(o.queue))
	for i, l := range o.queue {
		lines[i] = l.text
	}
	return lines
}

func (o *outbox) isClosed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}
