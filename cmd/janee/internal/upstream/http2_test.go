package upstream

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Frame types and flags of RFC 9113 section 6.
const (
	data, headers, rstStream, settings = 0, 1, 3, 4
	ack, endStream, endHeaders         = 1, 1, 4
)

// TestHTTP2NeverRepeatsAnUnsafeRequest answers every HEADERS frame with RST_STREAM, PROTOCOL_ERROR:
// net/http takes that as leave to send again.
func TestHTTP2NeverRepeatsAnUnsafeRequest(t *testing.T) {
	cert := certificate(t, tomorrow())
	ca := writeCA(t, filepath.Join(t.TempDir(), "ca"), cert)
	for _, tt := range []struct {
		method, body string
		repeated     bool
	}{{"GET", "", true}, {"POST", "", false}, {"POST", "body", false}, {"DELETE", "", false}} {
		t.Run(tt.method+tt.body, func(t *testing.T) {
			var requests atomic.Int64
			origin := rawHTTP2(t, cert, func(stream uint32) []byte {
				requests.Add(1)
				return frame(rstStream, 0, stream, []byte{0, 0, 0, 1})
			})
			x := request(tt.method, origin, "/")
			x.CAFile, x.Body, x.Timeout = ca, []byte(tt.body), 300*time.Millisecond
			out, _ := do(t, newClient(t), x)
			if got := requests.Load(); (got > 1) != tt.repeated || got == 0 {
				t.Errorf("sent %d times", got)
			}
			if !tt.repeated {
				want(t, out, Unreachable, errTwice.detail)
			}
		})
	}
}

// TestHTTP2BodyAfter204 drops what a server sends where there can be no body: HPACK's 0x89 is
// ":status: 204" (RFC 7541 appendix A).
func TestHTTP2BodyAfter204(t *testing.T) {
	cert := certificate(t, tomorrow())
	origin := rawHTTP2(t, cert, func(stream uint32) []byte {
		return append(frame(headers, endHeaders, stream, []byte{0x89}),
			frame(data, endStream, stream, []byte("secret"))...)
	})
	x := request("GET", origin, "/")
	x.CAFile = writeCA(t, filepath.Join(t.TempDir(), "ca"), cert)
	out, r := do(t, newClient(t), x)
	want(t, out, "", "")
	if r.status != 204 || len(r.body) != 0 {
		t.Errorf("status %d, body %q", r.status, r.body)
	}
}

// rawHTTP2 speaks HTTP/2 by hand (RFC 9113 section 4.1) and gives answer's frames to each HEADERS
// frame.
func rawHTTP2(
	t testing.TB, cert tls.Certificate, answer func(stream uint32) []byte,
) (origin string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0",
		&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	runServer(t, l, func(_ int, c net.Conn, r *bufio.Reader) {
		r.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		c.Write(frame(settings, 0, 0, nil))
		for head := make([]byte, 9); ; {
			if _, err := io.ReadFull(r, head); err != nil {
				return
			}
			r.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2]))
			switch {
			case head[3] == settings && head[4]&ack == 0:
				c.Write(frame(settings, ack, 0, nil))
			case head[3] == headers:
				c.Write(answer(binary.BigEndian.Uint32(head[5:])))
			}
		}
	})
	return "https://" + l.Addr().String()
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := binary.BigEndian.AppendUint32([]byte{0, 0, byte(len(payload)), kind, flags}, stream)
	return bytes.Join([][]byte{head, payload}, nil)
}

// waiting takes nothing of a body until it is closed.
type waiting struct {
	reply
	open chan struct{}
}

func (w *waiting) Chunk(ctx context.Context, p []byte) error {
	<-w.open
	return w.reply.Chunk(ctx, p)
}

// TestHTTP2TakesInLittleForAReceiverThatWaits: over HTTP/2 the sender is held back by the window
// alone.
func TestHTTP2TakesInLittleForAReceiverThatWaits(t *testing.T) {
	const size = 8 << 20
	var sent atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.ProtoMajor != 2 {
			t.Errorf("it speaks %s", q.Proto)
		}
		for block := make([]byte, 16<<10); sent.Load() < size; sent.Add(int64(len(block))) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	cert := certificate(t, tomorrow())
	s.EnableHTTP2, s.TLS = true, &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	defer s.Close()
	x := request("GET", s.URL, "/")
	x.CAFile, x.MaxBody = writeCA(t, filepath.Join(t.TempDir(), "ca"), cert), size
	w := &waiting{open: make(chan struct{})}
	done := make(chan Outcome)
	go func() { done <- newClient(t).Do(t.Context(), x, w) }()
	last := int64(-1)
	for now := sent.Load(); now == 0 || now != last; now = sent.Load() {
		last = now
		time.Sleep(200 * time.Millisecond)
	}
	if last > 2*streamWindow {
		t.Errorf("%d bytes were sent to a receiver that waits", last)
	}
	close(w.open)
	if out := <-done; out.Err != "" || len(w.body) != size {
		t.Errorf("%+v, %d bytes", out, len(w.body))
	}
}
