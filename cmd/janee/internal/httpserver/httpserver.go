// Package httpserver stands between a network and the tools: it accepts connections, and lets a
// request through that names an allowed host and origin, is JSON of bounded size, and carries the
// token of an agent. What it lets through goes to mcpserver.HTTP, which speaks the protocol. Do not
// use it for line connections, and do not add a route that needs no token unless anybody may read
// what it says.
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

// The limits of the server. They stand in docs and tests, and no setting changes them.
const (
	maxBody        = 4 << 20
	maxHeader      = 16 << 10 // net/http grants 4 KiB more
	maxConnections = 2048     // open at a time
	// connectionFloor is how many connections with requests each agent may have whatever the others
	// have.
	connectionFloor = 8
	headerTime      = 10 * time.Second // for a TLS handshake, and for the header of a request
	// for a request as a whole to arrive, and for its answer to be taken
	bodyTime  = 30 * time.Second
	idleTime  = 2 * time.Minute  // between requests
	drainTime = 10 * time.Second // for what is in flight when the server ends
	lastWait  = time.Second      // for it to end once cancelled
)

// MCP answers the requests that are let through; body is nil but for a POST.
type MCP interface {
	Serve(w http.ResponseWriter, r *http.Request, from mcpserver.Principal, body []byte)
	EndStreams()
	Close()
}

// Tokens finds whose token this is, in the configuration in force.
type Tokens interface {
	Agent(token string) (name string, ok bool)
}

// Options of a server. Tokens is needed.
type Options struct {
	Tokens       Tokens
	AllowedHosts []string // names or name:port, beside the loopback names
	// also where AllowedHosts is empty: for listeners on loopback, which web pages can reach by DNS
	// rebinding
	EnforceHosts bool
	Certificate  *tls.Certificate // nil: plain HTTP
	Ready        func() bool      // whether config.yaml as it stands is in force; nil = always
	Log          func(string)     // what went wrong, without any value a client sent; nil = nowhere
}

// Server is one HTTP server.
type Server struct {
	http     *http.Server
	mcp      MCP
	options  Options
	hosts    hosts
	conns    *connections
	load     *load
	patience time.Duration
	drain    time.Duration
}

// New makes a server.
func New(m MCP, o Options) *Server {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	s := &Server{
		mcp:      m,
		options:  o,
		hosts:    newHosts(o.AllowedHosts),
		conns:    newConnections(maxConnections),
		load:     newLoad(),
		patience: bodyTime,
		drain:    drainTime,
	}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.conns.state,
		ConnContext:       s.conns.context,
		ErrorLog:          log.New(io.Discard, "", 0), // it would show what strangers send
		Protocols:         new(http.Protocols),
	}
	// one request a connection at a time: what bounds connections bounds requests
	s.http.Protocols.SetHTTP1(true)
	return s
}

// Serve accepts connections until ctx is cancelled, gives what is in flight ten seconds, and
// returns when all is over. It closes l. Errors: accepting failed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.accept(l) }()
	select {
	case err := <-served:
		s.mcp.Close()
		return fmt.Errorf("accepting connections: %w", err)
	case <-ctx.Done():
	}
	s.shutdown()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("accepting connections: %w", err)
	}
	return nil
}

func (s *Server) accept(l net.Listener) error {
	if c := s.options.Certificate; c != nil {
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*c},
			MinVersion: tls.VersionTLS12}
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// shutdown ends in order: no new connections, no streams, no strangers; then what is in flight, of
// its own or cancelled.
func (s *Server) shutdown() {
	s.mcp.EndStreams()
	s.conns.end() // net/http waits five seconds for those that have not sent anything
	if s.shutdownWithin(s.drain) {
		s.mcp.Close()
		return
	}
	s.mcp.Close()
	if !s.shutdownWithin(lastWait) {
		s.options.Log("calls that did not end when cancelled are abandoned")
		_ = s.http.Close()
	}
}

func (s *Server) shutdownWithin(d time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.http.Shutdown(ctx) == nil
}
