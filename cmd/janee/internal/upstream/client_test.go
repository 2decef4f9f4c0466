package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
)

// TestRequestBytes compares the whole request: what is judged and signed is what is sent.
func TestRequestBytes(t *testing.T) {
	seen := make(chan string, 1)
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for raw := readRequest(r); raw != ""; raw = readRequest(r) {
			seen <- raw
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	host := strings.TrimPrefix(origin, "http://")
	c := newClient(t)
	for _, target := range []string{
		"/", "/a%2fb?x[]=1|{}", "/a%2Fb/%C3%A9?", "/?", "//double//slash", "/a;b=c,d/@:!$&'()*+",
		"/p?q=%20+%2B&&=;?/", "/%E2%82%AC?a=b#"[:13],
	} {
		x := request("POST", origin, target, wire.Header{Name: "x-aPI-key", Value: "k"},
			wire.Header{Name: "HOST", Value: host},
			wire.Header{Name: "Content-Length", Value: "2"})
		x.Body = []byte("hi")
		out, _ := do(t, c, x)
		want(t, out, "", "")
		wanted := "POST " + target + " HTTP/1.1\r\nHost: " +
			host +
			"\r\nUser-Agent: janee\r\nContent-Length: 2\r\nAccept-Encoding: gzip\r\n" +
			"x-aPI-key: k\r\n\r\nhi"
		if got := <-seen; got != wanted {
			t.Errorf("sent %q\nwant %q", got, wanted)
		}
	}
}

func TestHeaderDefaults(t *testing.T) {
	for name, tt := range map[string]struct {
		method  string
		headers []wire.Header
		sent    string
	}{
		"user agent": {"GET", []wire.Header{{Name: "user-agent", Value: "me/1"}},
			"User-Agent: me/1\r\nAccept-Encoding: gzip\r\n"},
		"accept encoding": {"GET", []wire.Header{{Name: "accept-encoding", Value: "zstd"}},
			"User-Agent: janee\r\naccept-encoding: zstd\r\n"},
		"range": {"GET", []wire.Header{{Name: "range", Value: "bytes=0-1"}},
			"User-Agent: janee\r\nAccept-Encoding: identity\r\nrange: bytes=0-1\r\n"},
		"head": {"HEAD", nil,
			"User-Agent: janee\r\nConnection: close\r\nAccept-Encoding: identity\r\n"},
		"empty post": {"POST", nil,
			"User-Agent: janee\r\nContent-Length: 0\r\nAccept-Encoding: gzip\r\n"},
		"twice": {"GET",
			[]wire.Header{{Name: "X-A", Value: "1"}, {Name: "X-A", Value: ""}},
			"User-Agent: janee\r\nAccept-Encoding: gzip\r\nX-A: 1\r\nX-A: \r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan string, 1)
			origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
				seen <- readRequest(r)
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			out, _ := do(t, newClient(t), request(tt.method, origin, "/", tt.headers...))
			want(t, out, "", "")
			got := <-seen
			if _, rest, _ := strings.Cut(got, "\r\nHost: "+origin[7:]+"\r\n"); rest != tt.sent+
				"\r\n" {
				t.Errorf("sent %q, want %q", rest, tt.sent)
			}
		})
	}
}

// TestRejected shows for each check that nothing is dialled.
func TestRejected(t *testing.T) {
	origin, accepted := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	host := origin[7:]
	with := func(change func(*Request)) Request {
		x := request("GET", origin, "/a")
		change(&x)
		return x
	}
	header := func(name, value string) Request {
		return request("GET", origin, "/a", wire.Header{Name: name, Value: value})
	}
	cases := map[string]Request{
		"no timeout":        with(func(x *Request) { x.Timeout = 0 }),
		"no method":         with(func(x *Request) { x.Method = "" }),
		"method with blank": with(func(x *Request) { x.Method = "GET /b" }),
		"connect":           with(func(x *Request) { x.Method = "CONNECT" }),
		"broken url": with(func(x *Request) {
			x.URL = origin + "/%zz"
			x.RequestTarget = "/%zz"
		}),
		"other scheme": with(func(x *Request) {
			x.URL = "ftp://" + host + "/a"
			x.Origin = "ftp://" + host
		}),
		"user":         with(func(x *Request) { x.URL = "http://u:p@" + host + "/a" }),
		"no host":      with(func(x *Request) { x.URL = "http:///a"; x.Origin = "http://" }),
		"opaque":       with(func(x *Request) { x.URL = "http:a" }),
		"other origin": with(func(x *Request) { x.Origin = "http://127.0.0.1:1" }),
		"no origin":    with(func(x *Request) { x.Origin = "" }),
		"other target": with(func(x *Request) { x.RequestTarget = "/b" }),
		"re-encoded path": with(func(x *Request) {
			x.URL = origin + "/a|b"
			x.RequestTarget = "/a|b"
		}),
		"raw path bytes": with(func(x *Request) { x.URL = origin + "/é"; x.RequestTarget = "/é" }),
		"fragment": with(func(x *Request) {
			x.URL = origin + "/a#b"
			x.RequestTarget = "/a#b"
		}),
		"control byte": with(func(x *Request) {
			x.URL = origin + "/a?b\r\nX: y"
			x.RequestTarget = "/a?b\r\nX: y"
		}),
		"header name":       header("X Y", "1"),
		"header value":      header("X-Y", "1\r\nX-Z: 2"),
		"other host":        header("host", "example.com"),
		"wrong length":      header("Content-Length", "7"),
		"transfer encoding": header("transfer-ENCODING", "chunked"),
		"connection":        header("Connection", "close"),
		"upgrade":           header("Upgrade", "websocket"),
		"trailer":           header("Trailer", "X"),
		"expect":            header("Expect", "100-continue"),
		"te":                header("TE", "trailers"),
		"proxy credentials": header("Proxy-Authorization", "Basic eA=="),
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			out, r := do(t, newClient(t), x)
			want(t, out, Rejected, "")
			if r.heads != 0 || accepted() != 0 {
				t.Errorf("%d heads, %d connections", r.heads, accepted())
			}
		})
	}
	c := newClient(t)
	c.Close()
	out, _ := do(t, c, request("GET", origin, "/"))
	want(t, out, Cancelled, "the client is closed")
}

func TestReplies(t *testing.T) {
	for name, tt := range map[string]struct {
		method, answer string
		status         int
		body           string
	}{
		"plain": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
		"redirect": {"GET",
			"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 2\r\n\r\nhi", 302, "hi"},
		"redirect post": {"POST",
			"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
			307, ""},
		"head": {"HEAD",
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Encoding: gzip\r\n\r\n", 200, ""},
		"no content": {"GET",
			"HTTP/1.1 204 No Content\r\nContent-Encoding: what\r\nX-N: Content-Length\r\n\r\n",
			204, ""},
		"not modified": {"GET",
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nContent-Encoding: br\r\n\r\n",
			304, ""},
		"early hints": {"GET",
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
				"HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx", 201, "x"},
		"by close": {"GET", "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it"},
		"old":      {"GET", "HTTP/1.0 200 OK\r\n\r\nold", 200, "old"},
		"chunked": {"GET",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nab\r\n" +
				"1\r\nc\r\n0\r\nX-T: dropped\r\n\r\n", 200, "abc"},
		"teapot": {"DELETE", "HTTP/1.1 418 \r\nContent-Length: 0\r\n\r\n", 418, ""},
		"early too large": {"PUT",
			"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig", 413,
			"big"},
	} {
		t.Run(name, func(t *testing.T) {
			origin, accepted := always(t, tt.answer)
			out, r := do(t, newClient(t), request(tt.method, origin, "/"))
			want(t, out, "", "")
			if r.status != tt.status || string(r.body) != tt.body ||
				r.heads != 1 || accepted() != 1 {
				t.Errorf("status %d, body %q, %d heads, %d connections", r.status, r.body,
					r.heads, accepted())
			}
			if v, ok := wire.Get(r.headers, "X-T"); ok && v != "" {
				t.Errorf("trailer delivered: %q", v)
			}
		})
	}
}

// TestBodyBehindHeadIsNobodysReply: of many calls at once none may take what a server sends behind
// the answer to a HEAD for its own.
func TestBodyBehindHeadIsNobodysReply(t *testing.T) {
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for raw := readRequest(r); raw != ""; raw = readRequest(r) {
			if strings.HasPrefix(raw, "HEAD") {
				io.WriteString(c,
					"HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\nHTTP/1.1 200 OK\r\n"+
						"Content-Length: 6\r\n\r\npoison")
			} else {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
			}
		}
	})
	c := newClient(t)
	var all sync.WaitGroup
	for i := range 16 {
		method := []string{"HEAD", "GET"}[i%2]
		all.Go(func() {
			for range 50 {
				out, r := do(t, c, request(method, origin, "/"))
				if body := string(r.body); out.Err != "" || method == "GET" && body != "fresh" {
					t.Errorf("%s: %+v, %q", method, out, body)
				}
			}
		})
	}
	all.Wait()
}

func TestHead(t *testing.T) {
	origin, _ := always(t,
		"HTTP/1.1 200 OK\r\nx-b: 2\r\nDate: Thu, 01 Jan 2026 00:00:01 GMT\r\nX-A: 1\r\nx-b: 3\r\n"+
			"Content-Length: 0\r\n\r\n")
	out, r := do(t, newClient(t), request("GET", origin, "/"))
	got := fmt.Sprint(r.headers)
	if got != "[{Content-Length 0} {Date Thu, 01 Jan 2026 00:00:01 GMT} {X-A 1} {X-B 2} {X-B 3}]" ||
		out.DateMs != 1767225601000 {
		t.Errorf("headers %s, date %d", got, out.DateMs)
	}
}

func TestSwitchingProtocolsRefused(t *testing.T) {
	origin, _ := always(t,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nsecret")
	out, r := do(t, newClient(t), request("GET", origin, "/"))
	want(t, out, Unscannable, "the server switched to another protocol")
	if r.heads != 0 {
		t.Error("the head was delivered")
	}
}

func TestMaxBody(t *testing.T) {
	whole := strings.Repeat("0123456789", 20_000)
	origin, accepted := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"+whole)
	c := newClient(t)
	for _, tt := range []struct {
		limit     int64
		delivered int
		truncated bool
		conns     int // in all: a cut reply costs its connection
	}{
		{200_001, 200_000, false, 1}, {200_000, 200_000, false, 1}, {70_000, 70_000, true, 1},
		{1, 1, true, 2}, {0, 0, true, 3}, {-1, 0, true, 4}, {200_000, 200_000, false, 5},
	} {
		x := request("GET", origin, "/")
		x.MaxBody = tt.limit
		out, r := do(t, c, x)
		want(t, out, "", "")
		if string(r.body) != whole[:tt.delivered] || out.Truncated != tt.truncated ||
			accepted() != tt.conns {
			t.Errorf("limit %d: %d bytes, truncated %v, %d connections", tt.limit, len(r.body),
				out.Truncated, accepted())
		}
	}
}

// TestEndlessBody cuts a stream of 1 GiB at 256 MiB without keeping it.
func TestEndlessBody(t *testing.T) {
	stopped := make(chan int, 1)
	origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
		block, sent := make([]byte, 1<<20), 0
		for ; sent < 1<<30; sent += len(block) {
			if _, err := c.Write(block); err != nil {
				break
			}
		}
		stopped <- sent
	})
	x, got := request("GET", origin, "/"), int64(0)
	x.MaxBody, x.Timeout = 256<<20, time.Minute
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := &reply{onChunk: func(p []byte) error { got += int64(len(p)); return nil }}
	out := newClient(t).Do(t.Context(), x, r)
	runtime.ReadMemStats(&after)
	want(t, out, "", "")
	if !out.Truncated || got != x.MaxBody || r.chunk > 64<<10 {
		t.Errorf("truncated %v, %d bytes, chunks up to %d", out.Truncated, got, r.chunk)
	}
	if sent := <-stopped; sent >= 1<<30 {
		t.Error("the server could send everything")
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("allocated %d bytes", used)
	}
}

func TestReceiverEndsTheRequest(t *testing.T) {
	origin, _ := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	no := errors.New("no")
	for name, r := range map[string]*reply{
		"head":  {onHead: func() error { return no }},
		"chunk": {onChunk: func([]byte) error { return no }},
		"end":   {onEnd: func() error { return no }},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, newClient(t).Do(t.Context(), request("GET", origin, "/"), r), Cancelled,
				"the receiver refused the reply")
		})
	}
}

// TestEndFollowsAWholeBody: a reply that broke off, or was cut, has no end.
func TestEndFollowsAWholeBody(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	for name, tt := range map[string]struct {
		answer    string
		limit     int64
		on        func([]byte) error
		ends      int
		truncated bool
		err       string
	}{
		"whole":     {head + "Content-Length: 2\r\n\r\nhi", 2, nil, 1, false, ""},
		"no body":   {head + "Content-Length: 0\r\n\r\n", 2, nil, 1, false, ""},
		"cut":       {head + "Content-Length: 3\r\n\r\nhi!", 2, nil, 0, true, ""},
		"broke off": {head + "Content-Length: 3\r\n\r\nhi", 9, nil, 0, false, Unreachable},
		"enough": {head + "Content-Length: 2\r\n\r\nhi", 9, func([]byte) error {
			return ErrEnough
		}, 0, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readRequest(r)
				io.WriteString(c, tt.answer)
			})
			x := request("GET", origin, "/")
			x.MaxBody = tt.limit
			r := &reply{onChunk: tt.on}
			out := newClient(t).Do(t.Context(), x, r)
			if out.Err != tt.err || out.Truncated != tt.truncated || r.ends != tt.ends {
				t.Errorf("%+v, %d ends", out, r.ends)
			}
		})
	}
}

// blocked takes no chunk before its time is over.
type blocked struct{ reply }

func (*blocked) Chunk(ctx context.Context, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAReceiverThatBlocksIsTold: what ends the request is told, and not that the receiver gave up.
func TestAReceiverThatBlocksIsTold(t *testing.T) {
	origin, _ := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	x := request("GET", origin, "/")
	x.Timeout = 100 * time.Millisecond
	want(t, newClient(t).Do(t.Context(), x, &blocked{}), Timeout,
		"no whole reply in the time allowed")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	want(t, newClient(t).Do(ctx, request("GET", origin, "/"), &blocked{}), Cancelled,
		"the call was cancelled")
}
