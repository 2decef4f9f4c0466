package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// drip writes text over and over, a byte each 5 ms, until the client has gone.
func drip(c net.Conn, text string) {
	for i := 0; ; i = (i + 1) % len(text) {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// awaitClose returns when the client has closed the connection.
func awaitClose(r *bufio.Reader) { io.Copy(io.Discard, r) }

func TestTimeoutBoundsEverything(t *testing.T) {
	for name, serve := range map[string]func(c net.Conn, r *bufio.Reader){
		"never reads":   func(c net.Conn, r *bufio.Reader) { time.Sleep(400 * time.Millisecond) },
		"never answers": func(c net.Conn, r *bufio.Reader) { awaitClose(r) },
		"drips its head": func(c net.Conn, r *bufio.Reader) {
			drip(c, "HTTP/1.1 200 OK\r\nX-Long: "+strings.Repeat("a", 9999))
		},
		"drips a 100": func(c net.Conn, r *bufio.Reader) {
			drip(c, "HTTP/1.1 100 Continue\r\n\r\n")
		},
		"drips its body": func(c net.Conn, r *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			drip(c, "a")
		},
		"stops in a body": func(c net.Conn, r *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
			awaitClose(r)
		},
		"stops in gzip": func(c net.Conn, r *bufio.Reader) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00")
			awaitClose(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
				r.Peek(1) // net/http gives up a connection that speaks before it is asked
				serve(c, r)
			})
			x, start := request("POST", origin, "/"), time.Now()
			// more than the socket buffers hold
			x.Timeout, x.Body = 200*time.Millisecond, make([]byte, 8<<20)
			out, _ := do(t, newClient(t), x)
			want(t, out, Timeout, "no whole reply in the time allowed")
			if took := time.Since(start); took < x.Timeout || took > x.Timeout+time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestFastServerCannotOutrunTheTimeout holds even where a read never has to wait.
func TestFastServerCannotOutrunTheTimeout(t *testing.T) {
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		for block := make([]byte, 1<<16); ; {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	})
	x, start := request("GET", origin, "/"), time.Now()
	x.Timeout, x.MaxBody = 100*time.Millisecond, 1<<50
	out := newClient(t).Do(t.Context(), x, &reply{onChunk: func([]byte) error { return nil }})
	want(t, out, Timeout, "")
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func TestCallersDeadlineIsATimeout(t *testing.T) {
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) { awaitClose(r) })
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	want(t, newClient(t).Do(ctx, request("GET", origin, "/"), new(reply)), Timeout, "")
}

// TestCancel ends a request at each stage and expects it to be over within 50 ms.
func TestCancel(t *testing.T) {
	for name, answer := range map[string]string{
		"before the head": "",
		"in the head":     "HTTP/1.1 200 OK\r\n",
		"in the body":     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
		"in gzip":         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
	} {
		t.Run(name, func(t *testing.T) {
			waiting, gone := make(chan bool), make(chan bool, 1)
			origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readRequest(r)
				io.WriteString(c, answer)
				waiting <- true
				awaitClose(r)
				gone <- true
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			var at time.Time
			go func() {
				<-waiting
				time.Sleep(20 * time.Millisecond)
				at = time.Now()
				cancel(errors.New("revoked"))
			}()
			out := newClient(t).Do(ctx, request("GET", origin, "/"), new(reply))
			took := time.Since(at)
			want(t, out, Cancelled, "the call was cancelled")
			<-gone // the connection is closed, not left to finish
			if took > 50*time.Millisecond {
				t.Errorf("took %v", took)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	origin, accepted := always(t, "")
	want(t, newClient(t).Do(ctx, request("GET", origin, "/"), new(reply)), Cancelled, "")
	if accepted() != 0 {
		t.Error("a cancelled request was dialled")
	}
}

func TestBrokenReplies(t *testing.T) {
	const noReply = "the server closed the connection without a reply"
	for name, tt := range map[string]struct {
		serve  func(c *net.TCPConn)
		detail string
		heads  int
	}{
		"closes": {func(c *net.TCPConn) {}, noReply, 0},
		"closes in head": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: 1\r\n")
		}, noReply, 0},
		"reset": {func(c *net.TCPConn) { c.SetLinger(0) }, "connection reset by the server", 0},
		"not http": {func(c *net.TCPConn) { io.WriteString(c, "SSH-2.0-secret\r\n\r\n") },
			"the connection broke before a usable reply came", 0},
		"status 000": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n")
		}, "the reply has no valid status", 0},
		"status 099": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n")
		}, "the reply has no valid status", 0},
		"long head": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("a", 66<<10)+"\r\n\r\n")
		}, "the connection broke before a usable reply came", 0},
		"endless 100s": {func(c *net.TCPConn) {
			io.WriteString(c,
				strings.Repeat("HTTP/1.1 100 Continue\r\nX-A: "+
					strings.Repeat("a", 999)+"\r\n\r\n", 70))
		}, "the connection broke before a usable reply came", 0},
		"short body": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
		}, "the reply ended early", 1},
		"half-close": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
			c.CloseWrite()
			awaitClose(bufio.NewReader(c))
		}, "the reply ended early", 1},
		"reset in a body": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
			time.Sleep(20 * time.Millisecond)
			c.SetLinger(0)
		}, "the reply ended early", 1},
		"no last chunk": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
		}, "the reply ended early", 1},
		"broken chunks": {func(c *net.TCPConn) {
			io.WriteString(c,
				"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nsecret\r\n")
		}, "the reply ended early", 1},
		"lost in gzip": {func(c *net.TCPConn) {
			io.WriteString(c,
				"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Encoding: gzip\r\n\r\n"+
					"\x1f\x8b\x08\x00\x00")
		}, "the reply ended early", 1},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readRequest(r)
				tt.serve(c.(*net.TCPConn))
			})
			out, r := do(t, newClient(t), request("POST", origin, "/"))
			want(t, out, Unreachable, tt.detail)
			if r.heads != tt.heads {
				t.Errorf("%d heads", r.heads)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	out, _ := do(t, newClient(t), request("GET", "http://"+l.Addr().String(), "/"))
	want(t, out, Unreachable, "connection refused")
	// A label of over 63 bytes is refused by the resolver itself, without a packet.
	out, _ = do(t, newClient(t), request("GET", "http://"+strings.Repeat("a", 64)+".invalid", "/"))
	want(t, out, Unreachable, "no such host")
}

// TestDetails covers what cannot be brought about on the loopback.
func TestDetails(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		err          error
		kind, detail string
	}{
		{dial(&net.DNSError{Name: "secret", IsNotFound: true}), Unreachable, "no such host"},
		{dial(&net.DNSError{Name: "secret", Err: "server misbehaving"}), Unreachable,
			"the name lookup failed"},
		{dial(&net.DNSError{Name: "secret", IsTimeout: true}), Timeout,
			"the connection took too long to make"},
		{dial(syscall.EHOSTUNREACH), Unreachable, "no route to the host"},
		{dial(syscall.ENETUNREACH), Unreachable, "the network is unreachable"},
		{dial(syscall.ETIMEDOUT), Timeout, "the connection took too long to make"},
		{dial(syscall.EMFILE), Unreachable, "too many open files"},
		{fmt.Errorf("write: %w", syscall.EPIPE), Unreachable,
			"the server closed the connection without a reply"},
		{errors.New("secret"), Unreachable, "the connection broke before a usable reply came"},
	} {
		out := ended(explain(t.Context(), tt.err, beforeReply(tt.err)))
		want(t, out, tt.kind, tt.detail)
	}
	want(t, ended(errors.New("secret")), Unreachable, "the request failed")
	if got := (&fault{Timeout, "x"}).Error(); got != "timeout: x" {
		t.Error(got)
	}
}

// TestStaleConnection drops the second request of a connection unanswered, as a server does whose
// keep-alive runs out just then. A GET is sent again; a POST, whatever its headers say, is not: it
// may have been carried out.
func TestStaleConnection(t *testing.T) {
	for _, tt := range []struct {
		method, key, body string
		sent              int
		kind              string
	}{
		{"GET", "", "", 2, ""}, {"HEAD", "", "", 2, ""}, {"OPTIONS", "", "", 2, ""},
		{"GET", "", "with a body", 2, ""},
		{"POST", "", "", 1, Unreachable}, {"POST", "", "body", 1, Unreachable},
		{"PUT", "", "body", 1, Unreachable}, {"DELETE", "", "", 1, Unreachable},
		{"POST", "Idempotency-Key", "", 1, Unreachable},
		{"POST", "Idempotency-Key", "body", 1, Unreachable},
		{"POST", "X-Idempotency-Key", "", 1, Unreachable},
		{"PATCH", "X-Idempotency-Key", "body", 1, Unreachable},
	} {
		t.Run(tt.method+tt.key+tt.body, func(t *testing.T) {
			requests := make(chan string, 9)
			origin, _ := rawServer(t, func(n int, c net.Conn, r *bufio.Reader) {
				requests <- readRequest(r)
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
				if raw := readRequest(r); raw != "" {
					requests <- raw
				}
			})
			c := newClient(t)
			out, _ := do(t, c, request("GET", origin, "/warm"))
			want(t, out, "", "")
			x := request(tt.method, origin, "/second")
			x.Body = []byte(tt.body)
			if tt.key != "" {
				x.Headers = append(x.Headers, headerOf(tt.key, "k1"))
			}
			out, _ = do(t, c, x)
			want(t, out, tt.kind, "")
			if sent := len(requests) - 1; sent != tt.sent {
				t.Errorf("sent %d times, want %d", sent, tt.sent)
			}
			if raw := last(requests); tt.key != "" && parse(t, raw).Header.Get(tt.key) != "k1" {
				t.Errorf("the key is missing: %q", raw)
			}
		})
	}
}

// TestClosedIdleConnection: once the close has arrived, a POST goes out on a new connection, once.
func TestClosedIdleConnection(t *testing.T) {
	requests := make(chan string, 9)
	origin, accepted := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		requests <- readRequest(r)
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	c := newClient(t)
	for range 3 {
		x := request("POST", origin, "/")
		x.Body = []byte("body")
		out, _ := do(t, c, x)
		want(t, out, "", "")
		time.Sleep(30 * time.Millisecond)
	}
	if len(requests) != 3 || accepted() != 3 {
		t.Errorf("%d requests on %d connections", len(requests), accepted())
	}
}
