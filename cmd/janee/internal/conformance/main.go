// Command conformance is Janee's HTTP server with the tools that the MCP conformance suite calls
// (@modelcontextprotocol/conformance, `make conformance`). Packages mcpserver and httpserver are
// the ones that ship. The suite cannot send a token, so it talks to a small proxy, which adds the
// token and changes nothing else. It is a test program that never serves a real home.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/httpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

const token = "token_of_the_conformance_suite"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run prints the URL for the suite as its only line of standard output.
func run(ctx context.Context) error {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	outer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := mcpserver.New(broker{}, mcpserver.Options{
		Version: "conformance",
		Clients: mcpserver.NewClients(),
		Tools:   tools,
		Refuse:  refuse,
		Log:     warn,
	})
	proxy := &http.Server{Handler: withToken(inner.Addr()), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = proxy.Serve(outer) }()
	defer proxy.Close()
	fmt.Printf("http://%s/mcp\n", outer.Addr())
	return httpserver.New(server.HTTP(),
		httpserver.Options{Tokens: tokens{}, EnforceHosts: true, Log: warn}).Serve(ctx, inner)
}

func warn(line string) { fmt.Fprintln(os.Stderr, "conformance:", line) }

// withToken passes Host and Origin on unchanged, because the suite tests foreign ones.
func withToken(addr net.Addr) http.Handler {
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			host := r.In.Host
			r.SetURL(&url.URL{Scheme: "http", Host: addr.String()})
			r.Out.Host = host
			r.Out.Header.Set("Authorization", "Bearer "+token)
		},
	}
}

type tokens struct{}

func (tokens) Agent(t string) (string, bool) { return "suite", t == token }
