// Package upstream sends one HTTP exchange to an API and hands back its reply, decoded, in small
// pieces. Use a single Client for the whole process: it keeps connections apart by service, takes
// no proxy from the environment and follows no redirect. It does not judge, sign, scrub or log:
// give it only a request that package core has decided on, and pass every byte it delivers through
// the scrubber.
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

// Target selects the pool of connections. Exchanges with equal targets share connections; no others
// do.
type Target struct {
	Service string // name in the configuration
	Agent   string // for which it is sent; "" for what is fetched for all agents together
	CAFile  string // path of a PEM file trusted besides the system's roots; "" for none
	Origin  string // scheme://host[:port], exactly as the URL begins
	// scheme://host[:port] of an http, https or socks5 proxy; "" for none, whatever the environment
	// says
	Proxy string
	// Guard permits each address that is dialled: one of Origin's host, or with Proxy one of the
	// proxy's, which then alone sees where Origin leads. The zero value refuses all.
	Guard egress.Guard
}

// For returns the same target for an agent.
func (t Target) For(agent string) Target {
	t.Agent = agent
	return t
}

// Exchange is one request, ready to be sent. Body must not change until Do has returned, nor
// afterwards: a server may answer before it has read everything.
type Exchange struct {
	Target
	Method        string // sent as it is
	URL           string // absolute, http or https, no user and no password
	RequestTarget string // path and query that must stand in the request line, byte for byte
	Headers       []wire.Header
	Body          []byte
	CADigest      string // SHA-256 in hex that the content of CAFile must have, "" = any
	// for everything from the dial to the last byte of the body; must be positive
	Timeout time.Duration
	MaxBody int64 // most decoded bytes delivered
}

// Receiver is told about the reply: Head once, then Chunk for each piece of the body, in order,
// from the goroutine that called Do. An error from either ends the exchange as Cancelled, ErrEnough
// from Chunk as cut. What was delivered is a reply only if Outcome.Err is "" in the end: a wrong
// checksum shows last.
type Receiver interface {
	// Head gives the final status and the header fields, sorted by name. Trailers are not
	// delivered.
	Head(status int, headers []wire.Header) error
	// Chunk gives 1 to 65536 bytes of decoded body, valid until it returns.
	Chunk(p []byte) error
}

// Outcome says how an exchange ended.
type Outcome struct {
	// "" when the reply is whole or cut at MaxBody, else one of the constants below
	Err string
	// why, for the person's log: fixed texts that name at most one of the request's header fields,
	// never a value
	Detail    string
	Truncated bool  // the body was longer than MaxBody, or than the Receiver could take
	DateMs    int64 // the reply's Date field in Unix milliseconds, 0 if there is none
}

// Client does exchanges. It is safe for concurrent use.
type Client struct{ pools pools }

// New returns a client without connections. files says whose files of certificate authorities
// count.
func New(files home.Guard) *Client {
	return &Client{pools: pools{all: map[Target]*pool{}, files: files}}
}

// Close drops idle connections and refuses further exchanges. It leaves those under way alone:
// cancel their contexts first.
func (c *Client) Close() { c.pools.close() }

// Do sends x once and delivers the reply to to. It returns within x.Timeout, or at once when ctx
// ends, save for the time that to takes. A request is repeated on another connection only if
// nothing of it was sent, or if it is a GET, HEAD or OPTIONS that met a connection closed by the
// server.
func (c *Client) Do(ctx context.Context, x Exchange, to Receiver) Outcome {
	req, err := newRequest(x)
	if err != nil {
		return ended(err)
	}
	transport, err := c.pools.get(x.Target, x.CADigest)
	if err != nil {
		return ended(err)
	}
	ctx, stop := context.WithTimeout(ctx, x.Timeout)
	defer stop()
	ctx = sendOnce(ctx, x.Method)
	resp, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return ended(explain(ctx, err, beforeReply(err)))
	}
	defer resp.Body.Close() // an unread rest closes the connection, or resets the HTTP/2 stream
	truncated, err := receive(resp, x.MaxBody, to)
	if err != nil {
		err = explain(ctx, err, "the reply ended early")
	}
	out := ended(err)
	out.Truncated, out.DateMs = truncated, date(resp)
	return out
}

func receive(resp *http.Response, limit int64, to Receiver) (truncated bool, err error) {
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
	if to.Head(resp.StatusCode, fields(resp.Header, body.decodes())) != nil {
		return false, errReceiver
	}
	return pump(&body, limit, to)
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

func pump(body *decoder, limit int64, to Receiver) (truncated bool, err error) {
	buf := buffers.Get().(*[chunkSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := body.Read(buf[:])
		truncated = int64(n) > limit
		p := buf[:min(int64(n), max(limit, 0))]
		limit -= int64(n)
		if len(p) > 0 {
			if err := to.Chunk(p); errors.Is(err, ErrEnough) {
				return true, nil
			} else if err != nil {
				return truncated, errReceiver
			}
		}
		if truncated || err == io.EOF {
			return truncated, nil
		}
		if err != nil {
			return false, err
		}
	}
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
