// Package upstream sends one HTTP request to an API and delivers the reply to a [Receiver],
// decoded, piece by piece as it arrives. Use one [Client] for the whole process: it keeps the
// connections of services and agents apart, takes no proxy from the environment and follows no
// redirect. The package does not judge, sign, scrub or log: give it only requests that package core
// has decided on, and pass every byte that it delivers through the scrubber.
//
// [Client.Do] is the way through the package: newRequest refuses what cannot be sent as it was
// judged, pools finds the transport of the [Target] (guarded checks each address that it dials),
// sendOnce keeps a request from going out twice, decoder undoes the content codings of the reply,
// and explain says in words of our own what went wrong.
package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/egress"
	"github.com/true-and-useful/janee/core/wire"
)

// chunkSize is the most that Receiver.Chunk is given at once, in bytes.
const chunkSize = 64 << 10

// Target selects the pool of connections. Requests with equal targets share connections; no others
// do.
type Target struct {
	Service string // name in the configuration
	Agent   string // whose request it is; "" for what is fetched for all agents together
	CAFile  string // path of a PEM file trusted besides the system's roots; "" for none
	Origin  string // scheme://host[:port], exactly as the URL begins
	// scheme://host[:port] of an http, https or socks5 proxy; "" for none, whatever the environment
	// says
	Proxy string
	// Guard permits or refuses each address before it is dialled: an address of Origin's host, or,
	// with Proxy, of the proxy, which alone resolves Origin then. The zero value refuses all.
	Guard egress.Guard
}

// For returns the same target for an agent.
func (t Target) For(agent string) Target {
	t.Agent = agent
	return t
}

// Request is a request that is ready to be sent. Body must never change, not even after Do has
// returned: a server may answer before it has read everything.
type Request struct {
	Target
	Method        string // sent as it is
	URL           string // absolute, http or https, no user and no password
	RequestTarget string // path and query as they must be in the request line, byte for byte
	Headers       []wire.Header
	Body          []byte
	CADigest      string // SHA-256 in hex that the content of CAFile must have, "" = any
	// Timeout covers everything from the dial to the last byte of the body. It must be positive.
	Timeout time.Duration
	MaxBody int64 // the most decoded bytes that are delivered
}

// Receiver gets the reply to a request: Head once, then Chunk for each piece of the body in order,
// then End if the whole body has come. Do calls it from its own goroutine. Nothing is read from the
// API while a method runs, so a slow Receiver slows the API down.
//
// ctx ends when the request has no more time or was cancelled: a method that waits must return
// then. An error ends the request as Cancelled; [ErrEnough] ends it as a reply that was cut. What
// was delivered counts as a reply only if Outcome.Err is "" in the end: a wrong checksum shows
// last.
type Receiver interface {
	// Head gives the final status and the header fields, sorted by name. Trailers are not
	// delivered.
	Head(ctx context.Context, status int, headers []wire.Header) error
	// Chunk gives 1 to 65536 bytes of the decoded body, valid until it returns.
	Chunk(ctx context.Context, p []byte) error
	// End follows the last chunk of a body that came as a whole and was not cut at MaxBody.
	End(ctx context.Context) error
}

// Outcome says how a request ended.
type Outcome struct {
	// "" when the reply is whole or cut at MaxBody, else one of the constants below
	Err string
	// why, for the person's log: fixed texts that name at most one of the request's header fields,
	// never a value
	Detail    string
	Truncated bool  // the body was longer than MaxBody, or than the Receiver could take
	DateMs    int64 // the reply's Date field in Unix milliseconds, 0 if there is none
}

// Client sends requests. It is safe for concurrent use.
type Client struct{ pools pools }

// New returns a client without connections. files judges whether a file of certificate authorities
// may be trusted.
func New(files home.Guard) *Client {
	return &Client{pools: pools{all: map[Target]*pool{}, files: files}}
}

// Close drops idle connections and refuses further requests. It does not touch requests under way:
// cancel their contexts first.
func (c *Client) Close() { c.pools.close() }

// Do sends r once and delivers the reply to to. It returns within r.Timeout, or at once when ctx
// ends, plus the time that to takes. A request is repeated on another connection only if nothing of
// it was sent, or if it is a GET, HEAD or OPTIONS that met a connection closed by the server.
func (c *Client) Do(ctx context.Context, r Request, to Receiver) Outcome {
	req, err := newRequest(r)
	if err != nil {
		return ended(err)
	}
	transport, err := c.pools.get(r.Target, r.CADigest)
	if err != nil {
		return ended(err)
	}
	ctx, stop := context.WithTimeout(ctx, r.Timeout)
	defer stop()
	ctx = sendOnce(ctx, r.Method)
	resp, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return ended(explain(ctx, err, beforeReply(err)))
	}
	defer resp.Body.Close() // an unread rest closes the connection, or resets the HTTP/2 stream
	truncated, err := receive(ctx, resp, r.MaxBody, to)
	if err != nil {
		err = explain(ctx, err, "the reply ended early")
	}
	out := ended(err)
	out.Truncated, out.DateMs = truncated, date(resp)
	return out
}

// receive delivers a reply. truncated: the body was cut, at limit or because to had enough.
func receive(
	ctx context.Context, resp *http.Response, limit int64, to Receiver,
) (truncated bool, err error) {
	// net/http takes 000 to 099, which are no statuses (RFC 9110 section 15)
	if resp.StatusCode < 100 {
		return false, &fault{Unreachable, "the reply has no valid status"}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return false, &fault{Unscannable, "the server switched to another protocol"}
	}
	var body decoder
	if hasBody(resp) {
		if body, err = newDecoder(resp); err != nil {
			return false, err
		}
		defer body.Close()
	}
	if err := to.Head(ctx, resp.StatusCode, fields(resp.Header, body.decodes())); err != nil {
		return false, errReceiver
	}
	return pump(ctx, &body, limit, to)
}

// hasBody holds for HTTP/2 as well, where a server can send DATA after a 204.
func hasBody(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusNotModified:
		return false
	}
	return resp.Request.Method != http.MethodHead && resp.Body != http.NoBody
}

var buffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// pump delivers at most limit bytes of body, and reads no more before they are taken.
func pump(
	ctx context.Context, body *decoder, limit int64, to Receiver,
) (truncated bool, err error) {
	buf := buffers.Get().(*[chunkSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := body.Read(buf[:])
		fits := min(int64(n), max(limit, 0))
		limit -= int64(n)
		if fits > 0 {
			if refused := to.Chunk(ctx, buf[:fits]); refused != nil {
				return cut(refused)
			}
		}
		switch {
		case limit < 0:
			return true, nil
		case err == io.EOF:
			return cut(to.End(ctx))
		case err != nil:
			return false, err
		}
	}
}

// cut says what the error of a Receiver means for the body.
func cut(refused error) (truncated bool, err error) {
	switch {
	case refused == nil:
		return false, nil
	case errors.Is(refused, ErrEnough):
		return true, nil
	}
	return false, errReceiver
}

// describesBytes lists the fields that are true only of the body as it came over the wire.
var describesBytes = []string{
	"Content-Digest", "Content-Encoding", "Content-Length", "Content-Md5", "Digest", "Repr-Digest",
}

// fields lists h by name, because net/http does not keep the order of the wire.
func fields(h http.Header, decoded bool) []wire.Header {
	list := make([]wire.Header, 0, len(h))
	for name, values := range h {
		if decoded && slices.Contains(describesBytes, name) {
			continue
		}
		for _, v := range values {
			list = append(list, wire.Header{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(list, func(a, b wire.Header) int {
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

func date(resp *http.Response) int64 {
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}
