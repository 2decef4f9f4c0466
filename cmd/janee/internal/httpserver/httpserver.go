// Package httpserver protects the tools from the network. A Server accepts connections and lets a
// request through only if it names an allowed host and origin, is JSON of bounded size, and carries
// the token of an agent. It also bounds what one agent, and what strangers, can occupy.
//
// A request that passes goes to mcpserver.HTTP, which speaks the protocol and judges no tokens.
// In this package a connection is a network connection; those of mcpserver are MCP sessions.
//
// It does not serve line connections (see mcpserver.Server.Serve) and knows nothing of tools. Do
// not add a route without a token unless anyone may read what it returns.
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

// The limits of the server. The documentation and tests state them, and no setting changes them.
const (
	maxBody        = 4 << 20
	maxHeader      = 16 << 10 // net/http grants 4 KiB more
	maxConnections = 2048     // open at a time
	// connectionFloor is how many connections with requests each agent may have, however many the
	// others have.
	connectionFloor = 8
	headerTime      = 10 * time.Second // for a TLS handshake, and for the header of a request
	// bodyTime is the time for a whole request to arrive, and for the client to take its answer.
	bodyTime  = 30 * time.Second
	idleTime  = 2 * time.Minute  // between requests
	drainTime = 10 * time.Second // for requests in flight when the server ends
	lastWait  = time.Second      // for them to end once cancelled
)

// MCP answers the requests that are let through; body is nil except for a POST.
type MCP interface {
	Serve(w http.ResponseWriter, r *http.Request, from mcpserver.Principal, body []byte)
	EndStreams()
	Close()
}

// Tokens finds the agent that a token belongs to, in the configuration in force.
type Tokens interface {
	Agent(token string) (name string, ok bool)
}

// Options configure a Server; Tokens is required.
type Options struct {
	Tokens       Tokens
	AllowedHosts []string // NAME or NAME:PORT, in addition to the loopback names
	// EnforceHosts checks Host even if AllowedHosts is empty. A listener on loopback needs it,
	// because web pages can reach it by DNS rebinding.
	EnforceHosts bool
	Certificate  *tls.Certificate // nil for plain HTTP
	Ready        func() bool      // whether the present config.yaml is in force; nil = always
	// Log receives failures, without any value that a client sent; nil discards them.
	Log func(string)
}

// Server is an HTTP server for one listener.
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

// New makes a Server that passes requests to m.
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
		ErrorLog:          log.New(io.Discard, "", 0), // it would log what strangers send
		Protocols:         new(http.Protocols),
	}
	// HTTP/1 has one request per connection at a time, so the bound on connections bounds requests
	s.http.Protocols.SetHTTP1(true)
	return s
}

// Serve accepts connections until ctx is cancelled, gives the requests in flight ten seconds, and
// returns when all have ended. It closes l. It returns an error if accepting fails.
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
		s.http.TLSConfig = &tls.Config{
			Certificates: []tls.Certificate{*c},
			MinVersion:   tls.VersionTLS12,
		}
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// shutdown ends the streams and the connections that wait, and then the requests in flight: it
// gives them time to finish, and cancels the rest.
func (s *Server) shutdown() {
	s.mcp.EndStreams()
	s.conns.end() // net/http would wait five seconds for those that have not sent anything
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
