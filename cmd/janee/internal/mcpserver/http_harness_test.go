package mcpserver

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// web is the HTTP side of a server on the loopback interface, which accepts every token: "AGENT" or
// "AGENT:more".
type web struct {
	t    *testing.T
	http *HTTP
	url  string
}

func serveHTTP(t *testing.T, b Broker, change ...func(*Options)) *web {
	t.Helper()
	opts := testOptions()
	for _, f := range change {
		f(&opts)
	}
	h := New(b, opts).HTTP()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		token := r.Header.Get("Authorization")
		agent, _, _ := strings.Cut(token, ":")
		h.Serve(w, r, Principal{Agent: agent, Token: sha256.Sum256([]byte(token))}, body)
	}))
	t.Cleanup(func() {
		h.Close()
		s.CloseClientConnections()
		s.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return &web{t, h, s.URL}
}

// peer is one client with one connection.
type peer struct {
	*web
	token, id string
}

func (w *web) hello(token, name string) *peer {
	w.t.Helper()
	p := &peer{web: w, token: token}
	res := p.do(context.Background(), http.MethodPost, hello(name))
	defer res.Body.Close()
	if p.id = res.Header.Get("Mcp-Session-Id"); res.StatusCode != 200 || len(p.id) != 43 {
		w.t.Fatalf("initialize: %s, id %q", res.Status, p.id)
	}
	return p
}

func (p *peer) do(ctx context.Context, method, body string, header ...string) *http.Response {
	p.t.Helper()
	res, err := p.try(ctx, method, body, header...)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

func (p *peer) try(
	ctx context.Context, method, body string, header ...string,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", p.token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	if p.id != "" {
		req.Header.Set("Mcp-Session-Id", p.id)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return http.DefaultClient.Do(req)
}

// post returns the status and the messages of the answer, from JSON or a stream.
func (p *peer) post(body string, header ...string) (status int, messages []answer) {
	p.t.Helper()
	res := p.do(context.Background(), http.MethodPost, body, header...)
	defer res.Body.Close()
	return res.StatusCode, readAnswers(p.t, res)
}

// ask returns the one message that a post is answered with.
func (p *peer) ask(body string) answer {
	p.t.Helper()
	status, messages := p.post(body)
	if status != 200 || len(messages) != 1 {
		p.t.Fatalf("%s: %d, %d messages", body, status, len(messages))
	}
	return messages[0]
}

func readAnswers(t *testing.T, res *http.Response) (messages []answer) {
	t.Helper()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		for e := range events(res.Body) {
			messages = append(messages, e)
		}
		return messages
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return nil
	}
	a := answer{Raw: strings.TrimSpace(string(text))}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("not JSON: %q", text)
	}
	return []answer{a}
}

// events sends each event of a stream until it ends.
func events(body io.Reader) <-chan answer {
	all := make(chan answer, 100)
	go func() {
		defer close(all)
		for r := bufio.NewReader(body); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				a := answer{Raw: strings.TrimSpace(data)}
				_ = json.Unmarshal([]byte(data), &a)
				all <- a
			}
		}
	}()
	return all
}

// stream opens the GET stream of the connection; close ends it.
func (p *peer) stream() (all <-chan answer, close func()) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	res := p.do(ctx, http.MethodGet, "", "Accept", "text/event-stream")
	if res.StatusCode != 200 {
		p.t.Fatalf("GET: %s", res.Status)
	}
	all = events(res.Body)
	return all, func() { cancel(); res.Body.Close() }
}

func soon[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing within 20 seconds")
	}
	return v
}
