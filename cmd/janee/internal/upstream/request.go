package upstream

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

func reject(format string, args ...any) error {
	return &fault{Rejected, fmt.Sprintf(format, args...)}
}

// newRequest makes sure that what is sent is what was judged: net/http writes URL.RequestURI() into
// the request line, so that must be equal to RequestTarget.
func newRequest(x Request) (*http.Request, error) {
	if x.Timeout <= 0 {
		return nil, reject("the request has no time limit")
	}
	if !wire.ValidName(x.Method) || x.Method == http.MethodConnect {
		return nil, reject("the method cannot be sent")
	}
	req, err := http.NewRequest(x.Method, x.URL, bytes.NewReader(x.Body))
	if err != nil {
		return nil, reject("the URL cannot be read")
	}
	u := req.URL
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, reject("the URL is neither http nor https")
	case u.User != nil:
		return nil, reject("the URL holds a user name")
	case u.Host == "" || x.Origin != u.Scheme+"://"+u.Host:
		return nil, reject("the URL leads to another origin than the service's")
	case u.RequestURI() != x.RequestTarget:
		return nil, reject("the URL would be sent as another target than was judged")
	}
	// Some servers answer HEAD with a body. If part of it arrived before the connection was idle,
	// it would be read as the reply to the next request, and an agent can choose what a body says.
	// So no request follows on that connection (RFC 9112 section 9.6).
	req.Close = x.Method == http.MethodHead
	return req, setHeaders(req, x.Headers)
}

// computed lists the fields that frame the message or control the connection: only net/http writes
// them (RFC 9110 section 7.6.1, RFC 9112 section 6).
var computed = map[string]bool{
	"connection": true, "expect": true, "http2-settings": true, "keep-alive": true,
	"proxy-authorization": true, "proxy-connection": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true,
}

func setHeaders(req *http.Request, list []wire.Header) error {
	for _, h := range list {
		lower := strings.ToLower(h.Name)
		switch {
		case !wire.ValidName(h.Name):
			return reject("a header name holds a byte that cannot be sent")
		case !wire.ValidValue(h.Value):
			return reject("the value of header %q holds a byte that cannot be sent", h.Name)
		case computed[lower]:
			return reject("header %q is the sender's to write", h.Name)
		case lower == "host" && h.Value != req.Host, lower == "content-length" &&
			h.Value != strconv.FormatInt(req.ContentLength, 10):
			return reject("header %q does not agree with the request", h.Name)
		// A signer may list these two, but net/http writes them.
		case lower == "host", lower == "content-length":
		default:
			name := spelling(h.Name, lower)
			req.Header[name] = append(req.Header[name], h.Value)
		}
	}
	setDefault(req, "User-Agent", "janee")
	setDefault(req, "Accept-Encoding", acceptable(req))
	return nil
}

// spelling keeps the name as given, except where net/http looks for an exact spelling. It adds its
// own User-Agent unless it finds that one. And where it finds Idempotency-Key it may send a POST
// twice, so it must not find that.
func spelling(name, lower string) string {
	switch lower {
	case "user-agent":
		return "User-Agent"
	case "idempotency-key", "x-idempotency-key":
		return lower
	}
	return name
}

// acceptable asks for no coding if only part of the body is wanted, because part of a gzip stream
// cannot be decoded (RFC 9110 section 14.2).
func acceptable(req *http.Request) string {
	if req.Method == http.MethodHead || has(req.Header, "Range") {
		return "identity"
	}
	return "gzip"
}

func setDefault(req *http.Request, name, value string) {
	if !has(req.Header, name) {
		req.Header[name] = []string{value}
	}
}

func has(h http.Header, name string) bool {
	for key := range h {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}
