package mcpserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// asking shows one form per call, and answers with what came back.
var asking = brokerFunc(func(ctx context.Context, c Call) Reply {
	if c.Elicit == nil {
		return Reply{Text: []byte("nobody to ask")}
	}
	content, ok := c.Elicit(ctx, "may I?", json.RawMessage(`{"type":"object"}`))
	return Reply{Text: fmt.Appendf(nil, "%v %s", ok, content)}
})

func helloForms(capability string) string {
	return strings.Replace(hello("asker"), `"capabilities":{}`,
		`"capabilities":{`+capability+`}`, 1)
}

const forms = `"elicitation":{}`

func accepted(id int, content string) string {
	return fmt.Sprintf(
		`{"jsonrpc":"2.0","id":"janee-%d","result":{"action":"accept","content":%s}}`, id, content)
}

func wantForm(t *testing.T, a answer, id int) {
	t.Helper()
	if want := fmt.Sprintf(`{"jsonrpc":"2.0","id":"janee-%d","method":"elicitation/create",`+
		`"params":{"message":"may I?","requestedSchema":{"type":"object"}}}`, id); a.Raw != want {
		t.Fatalf("got  %s\nwant %s", a.Raw, want)
	}
}

func TestAFormIsAnswered(t *testing.T) {
	c := connect(t, asking)
	c.ask(helloForms(forms))
	c.send(call(1, "{}"))
	wantForm(t, c.next(), 1)
	c.send(call(2, "{}"))
	wantForm(t, c.next(), 2)
	c.send(accepted(3, `{}`), accepted(2, `{"n":2}`))
	if a := c.next(); string(a.ID) != "2" || a.text() != `true {"n":2}` {
		t.Errorf("got %s", a.Raw)
	}
	c.send(accepted(2, `{"late":1}`), accepted(1, `{"n":1}`), accepted(1, `{"n":9}`))
	if a := c.next(); string(a.ID) != "1" || a.text() != `true {"n":1}` {
		t.Errorf("got %s", a.Raw)
	}
	c.quiet()
}

// TestWhatIsNoYes tries everything except a form that was filled in and sent.
func TestWhatIsNoYes(t *testing.T) {
	c := connect(t, asking)
	c.ask(helloForms(forms))
	for i, a := range []string{
		`"result":{"action":"decline"}`, `"result":{"action":"cancel"}`,
		`"result":{"action":"accept"}`, `"result":{}`, `"result":null`,
		`"result":{"action":"accept","content":null}`,
		`"result":{"action":"accept","content":"{}"}`, `"result":{"action":"Accept","content":{}}`,
		`"result":[]`, `"result":{"action":"decline","content":{"code":"x"}}`,
		`"result":{"action":"decline","action":"accept","content":{}}`,
		`"result":{"action":"accept","content":{"code":"a","code":"b"}}`,
		`"error":{"code":-32601,"message":"no"}`,
		`"error":{"code":1,"message":"no"},"result":{"action":"accept","content":{}}`,
	} {
		c.send(call(i, "{}"))
		wantForm(t, c.next(), i+1)
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"janee-%d",%s}`, i+1, a))
		if got := c.next(); got.text() != "false " {
			t.Errorf("%s: %s", a, got.Raw)
		}
	}
}

func TestWhoIsNotAsked(t *testing.T) {
	for _, capability := range []string{
		"", `"elicitation":true`, `"elicitation":null`, `"elicitation":{"url":{}}`,
		`"elicitation":{"form":false}`, `"Elicitation":{}`,
		`"experimental":{"elicitation":{}}`,
	} {
		c := connect(t, asking)
		c.ask(helloForms(capability))
		if a := c.ask(call(1, "{}")); a.text() != "nobody to ask" {
			t.Errorf("%s: %s", capability, a.Raw)
		}
	}
	c := connect(t, asking)
	if a := c.ask(call(1, "{}")); a.text() != "nobody to ask" {
		t.Errorf("before initialize: %s", a.Raw)
	}
	c = connect(t, asking)
	c.ask(helloForms(`"elicitation":{"form":{},"url":{}}`))
	if a := c.ask(modern(1, "tools/call", "asker", `,"name":"execute","arguments":{}`)); a.text() !=
		"nobody to ask" {
		t.Errorf("2026-07-28: %s", a.Raw)
	}
	c.send(call(2, "{}"))
	wantForm(t, c.next(), 1)
}

func TestAFormIsTakenBack(t *testing.T) {
	const taken = `{"jsonrpc":"2.0","method":"notifications/cancelled",` +
		`"params":{"requestId":"janee-1","reason":"the call that asked is over"}}`
	c := connect(t, asking)
	c.ask(helloForms(forms))
	c.send(call(1, "{}"))
	wantForm(t, c.next(), 1)
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if a := c.next(); a.Raw != taken {
		t.Errorf("the call is cancelled: %s", a.Raw)
	}
	c.send(accepted(1, "{}"))
	c.quiet()

	c = connect(t, brokerFunc(func(ctx context.Context, c Call) Reply {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, ok := c.Elicit(ctx, "may I?", json.RawMessage(`{"type":"object"}`))
		return Reply{Text: fmt.Appendf(nil, "%v", ok)}
	}))
	c.ask(helloForms(forms))
	c.send(call(1, "{}"))
	wantForm(t, c.next(), 1)
	if a := c.next(); a.Raw != taken {
		t.Errorf("the call ends: %s", a.Raw)
	}
	if a := c.next(); a.text() != "false" {
		t.Errorf("got %s", a.Raw)
	}
}

func (w *web) helloForms(token, capability string) *peer {
	w.t.Helper()
	p := &peer{web: w, token: token}
	res := p.do(context.Background(), http.MethodPost, helloForms(capability))
	res.Body.Close()
	p.id = res.Header.Get("Mcp-Session-Id")
	return p
}

// calls opens the stream of a call.
func (p *peer) calls(ctx context.Context, id int) (<-chan answer, io.Closer) {
	p.t.Helper()
	res := p.do(ctx, http.MethodPost, call(id, "{}"))
	if res.StatusCode != 200 ||
		!strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		p.t.Fatalf("%s, %s", res.Status, res.Header)
	}
	return events(bufio.NewReader(res.Body)), res.Body
}

func TestAFormOverHTTP(t *testing.T) {
	w := serveHTTP(t, asking)
	p := w.helloForms("alice", forms)
	stream, body := p.calls(t.Context(), 1)
	defer body.Close()
	wantForm(t, soon(t, stream), 1)
	if status, rest := p.post(accepted(1, `{"n":1}`)); status != http.StatusAccepted ||
		rest != nil {
		t.Errorf("an answer is answered with %d, %v", status, rest)
	}
	if a := soon(t, stream); a.text() != `true {"n":1}` {
		t.Errorf("got %s", a.Raw)
	}
	if a := w.helloForms("bob", "").ask(call(1, "{}")); a.text() != "nobody to ask" {
		t.Errorf("without the capability: %s", a.Raw)
	}
	if status, got := p.post(call(2, "{}"), "Accept", "application/json"); status != 200 ||
		got[0].text() != "nobody to ask" {
		t.Errorf("without a stream: %d, %v", status, got)
	}
}

// TestTheAnswerOfAnotherConnection tries an answer from another connection of the same token,
// from another agent, and without a connection.
func TestTheAnswerOfAnotherConnection(t *testing.T) {
	w := serveHTTP(t, asking)
	p := w.helloForms("alice", forms)
	stream, body := p.calls(t.Context(), 1)
	defer body.Close()
	wantForm(t, soon(t, stream), 1)
	for name, other := range map[string]*peer{
		"the same token": w.helloForms("alice", forms), "another": w.helloForms("bob", forms),
	} {
		if status, _ := other.post(accepted(1, `{"n":"`+name+`"}`)); status != http.StatusAccepted {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := (&peer{web: w, token: "bob", id: p.id}).post(accepted(1,
		`{"n":"taken"}`)); status != http.StatusNotFound {
		t.Errorf("another's connection: %d", status)
	}
	if status, _ := (&peer{web: w, token: "alice"}).post(accepted(1, `{"n":"none"}`)); status !=
		http.StatusBadRequest {
		t.Errorf("without a connection: %d", status)
	}
	p.post(accepted(1, `{"n":1}`))
	if a := soon(t, stream); a.text() != `true {"n":1}` {
		t.Errorf("got %s", a.Raw)
	}
}

func TestAFormOverHTTPIsTakenBack(t *testing.T) {
	w := serveHTTP(t, asking)
	p := w.helloForms("alice", forms)
	stream, body := p.calls(t.Context(), 1)
	defer body.Close()
	wantForm(t, soon(t, stream), 1)
	p.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if a := soon(t, stream); a.Method != "notifications/cancelled" ||
		!strings.Contains(a.Raw, `"janee-1"`) {
		t.Errorf("got %s", a.Raw)
	}
}
