package upstream

import (
	"fmt"
	"strings"
	"testing"
)

// TestHeadersAreBounded: a head of more than 64 KiB, in one field or in many, in the reply or
// before it, is no reply. A large one below that is.
func TestHeadersAreBounded(t *testing.T) {
	const body = "Content-Length: 2\r\n\r\nhi"
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "X-%05d: 0123456789\r\n", i) // 21 bytes
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ answer, err string }{
		"one large": {"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 60<<10) + "\r\n" + body, ""},
		"many":      {"HTTP/1.1 200 OK\r\n" + many(2800) + body, ""},
		"one too large": {"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 80<<10) + "\r\n" +
			body, Unreachable},
		"too many": {"HTTP/1.1 200 OK\r\n" + many(4000) + body, Unreachable},
		"early hints of all": {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
			5000) + "HTTP/1.1 200 OK\r\n" + body, Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := always(t, tt.answer)
			out, r := do(t, newClient(t), request("GET", origin, "/"))
			if out.Err != tt.err || (tt.err == "") != (string(r.body) == "hi") {
				t.Errorf("%+v, %d heads, body %q", out, r.heads, r.body)
			}
		})
	}
}

// TestTrailersAreBounded: trailers reach nobody, and ones without end do not end well.
func TestTrailersAreBounded(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\n" +
		"ab\r\n0\r\n"
	for name, tt := range map[string]struct{ trailer, err string }{
		"some":     {"X-T: a\r\nX-U: b\r\n\r\n", ""},
		"too many": {strings.Repeat("X-T: a\r\n", 100_000) + "\r\n", Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := always(t, chunked+tt.trailer)
			out, r := do(t, newClient(t), request("GET", origin, "/"))
			if out.Err != tt.err {
				t.Errorf("%+v", out)
			}
			for _, h := range r.headers {
				if strings.HasPrefix(h.Name, "X-") {
					t.Errorf("trailer delivered: %v", h)
				}
			}
		})
	}
}
