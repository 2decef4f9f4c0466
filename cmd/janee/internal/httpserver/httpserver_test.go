package httpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inner records what is let through. It answers the body "wait" when release is closed or ctx ends,
// and panics at the body "panic".
type inner struct {
	mu      sync.Mutex
	seen    []string
	entered chan struct{}
	release chan struct{}
	ended   chan struct{}
}

func newInner() *inner {
	return &inner{entered: make(chan struct{}, 1000), release: make(chan struct{}),
		ended: make(chan struct{})}
}

func (i *inner) Serve(
	w http.ResponseWriter, r *http.Request, from mcpserver.Principal, body []byte,
) {
	i.mu.Lock()
	i.seen = append(i.seen,
		fmt.Sprintf("%s %s %s %.20s %d", from.Agent, r.Method, r.URL.Path, body, len(body)))
	i.mu.Unlock()
	switch string(body) {
	case "panic":
		panic("sk_live_secret")
	case "wait":
		i.entered <- struct{}{}
		select {
		case <-i.release:
		case <-i.ended:
			return
		}
	}
	fmt.Fprintf(w, "hello %s", from.Agent)
}

func (i *inner) EndStreams() {}
func (i *inner) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-i.ended:
	default:
		close(i.ended)
	}
}

func (i *inner) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.seen)
}

// tokens of two agents.
type tokens map[string]string

func (t tokens) Agent(token string) (string, bool) { name, ok := t[token]; return name, ok }

// site is a server on the loopback interface.
type site struct {
	t     *testing.T
	inner *inner
	addr  string
	stop  context.CancelFunc
	done  chan error
	log   *strings.Builder
}

func start(t *testing.T, o Options, change ...func(*Server)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, inner: newInner(), addr: l.Addr().String(), done: make(chan error, 1),
		log: &strings.Builder{}}
	o.Tokens = tokens{"alice-token": "alice", "bob-token": "bob"}
	o.EnforceHosts = true
	var mu sync.Mutex
	o.Log = func(line string) { mu.Lock(); defer mu.Unlock(); s.log.WriteString(line + "\n") }
	server := New(s.inner, o)
	for _, f := range change {
		f(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		s.inner.Close()
		s.wait()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *site) wait() {
	s.t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Error(err)
		}
	case <-time.After(20 * time.Second):
		s.t.Fatal("the server does not end")
	}
}

func (s *site) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// raw sends a request as it is, with CRLF for each line end, and returns the answer.
func (s *site) raw(request string) (status int, header http.Header, body string) {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		s.t.Fatal(err)
	}
	return s.answer(c)
}

func (s *site) answer(c net.Conn) (status int, header http.Header, body string) {
	s.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatalf("no answer: %v", err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	return res.StatusCode, res.Header, string(text)
}

// post is a good request whose header fields can be replaced: "Host", "other.example".
func post(body string, fields ...string) string {
	h := map[string]string{
		"Host": "127.0.0.1:9100", "Authorization": "Bearer alice-token",
		"Content-Type": "application/json", "Content-Length": fmt.Sprint(len(body)),
	}
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = fields[i+1]
	}
	request := "POST /mcp HTTP/1.1\n"
	for name, value := range h {
		if value != "-" {
			request += name + ": " + value + "\n"
		}
	}
	return request + "\n" + body
}

// asks fails unless a good request is answered: other agents notice nothing.
func (s *site) asks() {
	s.t.Helper()
	if status, _, body := s.raw(post("{}", "Authorization", "Bearer bob-token")); status != 200 ||
		body != "hello bob" {
		s.t.Errorf("another agent gets %d %q", status, body)
	}
}
