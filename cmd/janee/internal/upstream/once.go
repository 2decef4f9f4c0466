package upstream

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

var errTwice = &fault{Unreachable,
	"the server dropped the request after it was sent; it was not sent again"}

// sendOnce keeps HTTP/2 from repeating a request that may have been carried out. net/http repeats
// any method after RST_STREAM with PROTOCOL_ERROR (golang.org/issue/47635), although the server may
// have acted. Ending ctx in GotConn stops that: the HTTP/2 client looks at ctx once more before it
// writes. HTTP/1 needs no such guard: it repeats only a safe method, a request with an
// Idempotency-Key (see spelling), or one of which nothing was written.
func sendOnce(ctx context.Context, method string) context.Context {
	if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
		return ctx
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var sent atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			if sent.Load() && speaksHTTP2(info) {
				cancel(errTwice)
			}
		},
	})
}

func speaksHTTP2(info httptrace.GotConnInfo) bool {
	conn, ok := info.Conn.(*tls.Conn)
	return ok && conn.ConnectionState().NegotiatedProtocol == "h2"
}
