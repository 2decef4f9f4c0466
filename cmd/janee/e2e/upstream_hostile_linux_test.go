//go:build !race

package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// hostile is an API that answers a request for /NAME in this way, and what the agent is told about
// it.
type hostile struct {
	name   string
	serve  func(c *net.TCPConn, r *bufio.Reader)
	answer string // a pattern
	code   string // of the record, "" for a reply
}

// most is how much of the reply is asked for: all of what there is room for, of those that have as
// much.
func (h hostile) most() int {
	switch {
	case h.name == "gibibyte" || h.name == "never-ends":
		return 10 << 20
	case strings.HasSuffix(h.name, "-bomb"):
		return 4 << 20
	}
	return 1 << 20
}

const (
	refusedTimeout     = "UPSTREAM_TIMEOUT"
	refusedUnreachable = "UPSTREAM_UNREACHABLE"
	refusedUnscannable = "RESPONSE_UNSCANNABLE"
)

func says(text string) func(*net.TCPConn, *bufio.Reader) {
	return func(c *net.TCPConn, _ *bufio.Reader) { _, _ = io.WriteString(c, text) }
}

// drips writes head at once and then text over and over, a byte each 50 ms, for as long as it is
// listened to.
func drips(head, text string) func(*net.TCPConn, *bufio.Reader) {
	return func(c *net.TCPConn, _ *bufio.Reader) {
		_, err := io.WriteString(c, head)
		for i := 0; err == nil; i = (i + 1) % len(text) {
			_, err = c.Write([]byte{text[i]})
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// floods writes head and then n bytes, as fast as they are taken.
func floods(head string, n int64) func(*net.TCPConn, *bufio.Reader) {
	return func(c *net.TCPConn, _ *bufio.Reader) {
		_, err := io.WriteString(c, head)
		for block := make([]byte, 64<<10); err == nil && n > 0; n -= int64(len(block)) {
			_, err = c.Write(block)
		}
	}
}

// bombs is a reply of 64 MiB of nothing, packed by a coding.
func bombs(
	t *testing.T, coding string, pack func(io.Writer) (io.WriteCloser, error),
) func(*net.TCPConn, *bufio.Reader) {
	t.Helper()
	var packed bytes.Buffer
	w, err := pack(&packed)
	if err == nil {
		_, err = w.Write(make([]byte, 64<<20))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return says(fmt.Sprintf(
		"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding,
		packed.Len(), packed.Bytes()))
}

func hostiles(t *testing.T) []hostile {
	const ok, length = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"
	const cut = `"truncated":true`
	return []hostile{
		{"never-answers", func(_ *net.TCPConn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) },
			refusedTimeout, refusedTimeout},
		{"drips-its-head", drips(ok, "X-Long: a\r\n"), refusedTimeout, refusedTimeout},
		{"drips-its-body", drips(ok+"\r\n", "a"), refusedTimeout, refusedTimeout},
		{"stops-in-its-body",
			func(c *net.TCPConn, r *bufio.Reader) {
				_, _ = io.WriteString(c, length)
				_, _ = io.Copy(io.Discard, r)
			}, refusedTimeout, refusedTimeout},
		{"never-ends", floods(ok+"\r\n", 1<<40), cut + "|" + refusedTimeout, ""},
		{"gibibyte", floods(ok+"Content-Length: 1073741824\r\n\r\n", 1<<30),
			cut + "|" + refusedTimeout, ""},
		{"claims-10-gibibytes", says(ok + "Content-Length: 10737418240\r\n\r\nab"),
			refusedUnreachable, refusedUnreachable},
		{"half-closes",
			func(c *net.TCPConn, r *bufio.Reader) {
				_ = c.CloseWrite()
				_, _ = io.Copy(io.Discard, r)
			}, refusedUnreachable, refusedUnreachable},
		{"resets-in-its-body", func(c *net.TCPConn, _ *bufio.Reader) {
			_, _ = io.WriteString(c, length)
			time.Sleep(50 * time.Millisecond)
			_ = c.SetLinger(0)
		}, refusedUnreachable, refusedUnreachable},
		{"refuses-early", func(c *net.TCPConn, r *bufio.Reader) {
			_, _ = io.WriteString(c,
				"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"+
					"no")
			_, _ = io.Copy(io.Discard, r)
		}, `"status":413`, ""},
		{"many-headers", says(ok + strings.Repeat("X-A: 1\r\n", 20_000) + "\r\n"),
			refusedUnreachable, refusedUnreachable},
		{"giant-header", says(ok + "X-A: " + strings.Repeat("a", 4<<20) + "\r\n\r\n"),
			refusedUnreachable, refusedUnreachable},
		{"broken-chunks", says(ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n-7\r\nx"),
			refusedUnreachable, refusedUnreachable},
		{"giant-chunk", says(ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab"),
			refusedUnreachable, refusedUnreachable},
		{"two-lengths", says(ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
			refusedUnreachable, refusedUnreachable},
		{"splits",
			says(ok +
				"X-Request-Id: a\rSet-Cookie: b\r\nLocation: /\x00\r\nContent-Length: 2\r\n\r\nok"),
			`"status":200|` + refusedUnreachable, ""},
		{"answers-twice", says(strings.Repeat(ok+"Content-Length: 6\r\n\r\npoison", 2)),
			`"body":"poison"`, ""},
		{"switches",
			says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
			refusedUnscannable, refusedUnscannable},
		{"speaks-another-protocol", says("SSH-2.0-x\r\n\r\n"), refusedUnreachable,
			refusedUnreachable},
		{"gzip-bomb", bombs(t, "gzip", func(w io.Writer) (io.WriteCloser, error) {
			return gzip.NewWriterLevel(w, 5)
		}), cut + "|" + refusedUnscannable, ""},
		{"br-bomb", bombs(t, "br", func(w io.Writer) (io.WriteCloser, error) {
			return brotli.NewWriterLevel(w, 1), nil
		}), cut + "|" + refusedUnscannable, ""},
		{"zstd-bomb", bombs(t, "zstd", func(w io.Writer) (io.WriteCloser, error) {
			return zstd.NewWriter(w)
		}), cut + "|" + refusedUnscannable, ""},
	}
}

// serveHostile answers as the path of each request says; /fine is a good reply.
func serveHostile(t *testing.T, all []hostile) (url string) {
	t.Helper()
	serve := map[string]func(*net.TCPConn, *bufio.Reader){"fine": says(
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")}
	for _, h := range all {
		serve[h.name] = h.serve
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				req, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				name := req.URL.Path[1:]
				if name != "refuses-early" && name != "never-answers" {
					// a close with bytes unread would be a reset
					_, _ = io.Copy(io.Discard, req.Body)
				}
				if serve[name] != nil {
					serve[name](c.(*net.TCPConn), in)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

const hostileConfig = `
services:
  api:
    baseUrl: %s
    auth: {type: bearer, key: key_of_the_hostile_upstreams}
capabilities:
  api: {service: api, timeout: 3s}
`

// TestHostileUpstreams makes one call to each at once. The time allowed holds, the record says why,
// and nothing is left behind: the next call works, memory has stayed within bounds, and goroutines
// and descriptors are as many as before.
func TestHostileUpstreams(t *testing.T) {
	t.Parallel()
	all := hostiles(t)
	p := newPlace(t)
	p.configure(fmt.Sprintf(hostileConfig, serveHostile(t, all)))
	usual := p.serve("usual")
	wants(t, usual.get("api", "/fine"), `"status":200`)
	before, goroutines := descriptors(usual.cmd.Process.Pid), usual.goroutines()

	s := p.serve("tester")
	answers := make([]<-chan reply, len(all))
	for i, h := range all {
		answers[i] = s.start("execute", map[string]any{"capability": "api", "method": "POST",
			"path": "/" + h.name, "maxBytes": h.most(),
			"headers": map[string]any{"Expect": "100-continue"},
			"body":    strings.Repeat("x", 1<<20)})
	}
	for i, h := range all {
		select {
		case r := <-answers[i]:
			if got := r.text(); !regexp.MustCompile(h.answer).MatchString(got) {
				t.Errorf("%s: %.300s", h.name, got)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: no answer", h.name)
		}
	}
	for range 3 {
		wants(t, s.get("api", "/fine"), `"body":"fine"`)
	}
	p.recorded(all)
	pid := s.cmd.Process.Pid
	if most := memory(pid, "VmHWM"); most > 300<<20 || most == 0 {
		t.Errorf("the server held %d MiB", most>>20)
	}
	if before > 0 {
		eventually(t, "descriptors as before", func() bool { return descriptors(pid) <= before+4 })
	}
	if n := s.goroutines(); n > goroutines+8 {
		t.Errorf("%d goroutines are left, usual are %d", n, goroutines)
	}
}

// recorded finds an intent and a result for each, with the code that the agent was told.
func (p *place) recorded(all []hostile) {
	p.t.Helper()
	rows := p.logged()
	for _, h := range all {
		n := 0
		for _, r := range rows {
			if r.Target == "/"+h.name && r.Event == "result" {
				n++
				if h.code != "" && r.Code != h.code {
					p.t.Errorf("%s is recorded as %q", h.name, r.Code)
				}
			}
		}
		if n != 1 {
			p.t.Errorf("%s has %d results", h.name, n)
		}
	}
	wants(p.t, p.run("", "logs", "verify"), "the log is whole")
}
