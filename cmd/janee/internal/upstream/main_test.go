package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/egress"
	"github.com/true-and-useful/janee/core/wire"
)

// TestMain names a proxy that is not there, before net/http reads the environment: a call that went
// through it would fail.
func TestMain(m *testing.M) {
	for _, name := range []string{
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
	} {
		os.Setenv(name, "http://127.0.0.1:9")
	}
	goleak.VerifyTestMain(m)
}

// reply collects what a Receiver is told.
type reply struct {
	status  int
	headers []wire.Header
	body    []byte
	heads   int
	ends    int
	chunk   int                // longest
	onHead  func() error       // optional
	onChunk func([]byte) error // optional, in place of collecting
	onEnd   func() error       // optional
}

func (r *reply) Head(_ context.Context, status int, headers []wire.Header) error {
	r.status, r.headers = status, headers
	r.heads++
	if r.onHead != nil {
		return r.onHead()
	}
	return nil
}

func (r *reply) Chunk(_ context.Context, p []byte) error {
	if r.heads != 1 || r.ends != 0 || len(p) == 0 {
		return errors.New("chunk before the head, after the end, or an empty one")
	}
	r.chunk = max(r.chunk, len(p))
	if r.onChunk != nil {
		return r.onChunk(p)
	}
	r.body = append(r.body, p...)
	return nil
}

func (r *reply) End(context.Context) error {
	r.ends++
	if r.onEnd != nil {
		return r.onEnd()
	}
	return nil
}

func newClient(t testing.TB) *Client {
	c := New(home.Guard{})
	t.Cleanup(c.Close)
	return c
}

// request is a Request that fits origin, good for five seconds and 1 MiB.
func request(method, origin, target string, headers ...wire.Header) Request {
	return Request{
		Target:        Target{Service: "test", Origin: origin, Guard: guardOf(origin)},
		Method:        method,
		URL:           origin + target,
		RequestTarget: target,
		Headers:       headers,
		Timeout:       5 * time.Second,
		MaxBody:       1 << 20,
	}
}

// guardOf is what package config makes of a base URL; an origin that cannot be read has the guard
// that refuses all.
func guardOf(origin string, allowPrivate ...egress.Range) egress.Guard {
	u, err := url.Parse(origin)
	if err != nil {
		return egress.Guard{}
	}
	g, _ := egress.New(u.Hostname(), allowPrivate...)
	return g
}

func do(t testing.TB, c *Client, x Request) (Outcome, *reply) {
	t.Helper()
	r := new(reply)
	return c.Do(t.Context(), x, r), r
}

func want(t testing.TB, out Outcome, kind, detail string) {
	t.Helper()
	if out.Err != kind || detail != "" && out.Detail != detail {
		t.Errorf("outcome = %+v, want %q %q", out, kind, detail)
	}
}

// rawServer runs serve for each connection, n counting from 1, and returns the origin and a count
// of connections.
func rawServer(
	t testing.TB, serve func(n int, c net.Conn, r *bufio.Reader),
) (origin string, accepted func() int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + l.Addr().String(), runServer(t, l, serve)
}

func runServer(
	t testing.TB, l net.Listener, serve func(n int, c net.Conn, r *bufio.Reader),
) (accepted func() int) {
	var mu sync.Mutex
	var open []net.Conn
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			n := len(open)
			mu.Unlock()
			running.Go(func() { defer c.Close(); serve(n, c, bufio.NewReader(c)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return func() int { mu.Lock(); defer mu.Unlock(); return len(open) }
}

// readRequest returns the bytes of one request, by Content-Length, or "" when the client has gone.
func readRequest(r *bufio.Reader) string {
	var raw bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(oneByte{r}, &raw)))
	if err != nil {
		return ""
	}
	io.Copy(io.Discard, req.Body)
	return raw.String()
}

// oneByte keeps the reader of one request from taking bytes of the next.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

// always answers every request on every connection with the same bytes; an answer without a length
// is ended by closing.
func always(t testing.TB, answer string) (origin string, accepted func() int) {
	return rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for readRequest(r) != "" {
			io.WriteString(c, answer)
			if !strings.Contains(answer, "Content-Length") {
				return
			}
		}
	})
}

func headerOf(name, value string) wire.Header { return wire.Header{Name: name, Value: value} }

func parse(t testing.TB, raw string) *http.Request {
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func last(c chan string) (s string) {
	for len(c) > 0 {
		s = <-c
	}
	return s
}
