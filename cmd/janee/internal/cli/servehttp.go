package cli

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

const (
	defaultHost = "127.0.0.1"
	defaultPort = 9100
)

// httpOptions are the flags of serve over HTTP.
type httpOptions struct {
	host              string
	port              int // notGiven unless the person gives it
	allowedHosts      []string
	certFile, keyFile string
	init              bool // make the home if there is none
}

const notGiven = -1

// httpTransport serves any number of agents over HTTP; each proves who it is with its token.
func httpTransport() transport {
	var o httpOptions
	f := pflag.NewFlagSet("http", pflag.ContinueOnError)
	o.register(f)
	return transport{
		name:  "http",
		flags: f,
		does:  map[string]string{"agent": "over HTTP the token says which agent it is"},
		check: func() error { return o.check(f.Changed("port")) },
		serve: func(s *serving) error { return serveHTTP(s, o) },
	}
}

func (o *httpOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.host, "host", "",
		"`ADDRESS` to listen on (default: JANEE_HTTP_HOST, server.host in config.yaml, 127.0.0.1)")
	f.IntVarP(&o.port, "port", "p", notGiven,
		"`PORT` to listen on; 0 takes any free port (default: server.port in config.yaml, 9100)")
	f.StringArrayVar(&o.allowedHosts, "allowed-host",
		nil,
		"`NAME` that clients use for this server, besides localhost, 127.0.0.1 and [::1]; "+
			"repeatable")
	f.StringVar(&o.certFile, "tls-cert", "", "PEM `FILE` of the certificate, with its chain")
	f.StringVar(&o.keyFile, "tls-key", "", "PEM `FILE` of its private key")
	f.BoolVar(&o.init, "init", false,
		"if there is no home yet, create one with a root key, as \"janee init\" does")
	f.Lookup("port").DefValue = "0" // help says in words what the default is
}

func (o *httpOptions) check(port bool) error {
	if port && (o.port < 0 || o.port > 65535) {
		return fmt.Errorf("--port: %d is not between 0 and 65535", o.port)
	}
	if (o.certFile == "") != (o.keyFile == "") {
		return errors.New("--tls-cert and --tls-key must be given together")
	}
	for _, host := range o.allowedHosts {
		if !isHost(host) {
			return fmt.Errorf("--allowed-host: %q is not a host name or address, with or "+
				"without a port: write janee.lan or janee.lan:9100", host)
		}
	}
	return nil
}

// isHost accepts what a Host header may hold, and an IPv6 address without its brackets.
func isHost(host string) bool {
	if net.ParseIP(host) != nil {
		return true
	}
	u, err := url.Parse("http://" + host)
	return err == nil && u.Host == host && u.Hostname() != ""
}

// address is where to listen: by flag, environment, config.yaml or default.
func (o *httpOptions) address(
	getenv func(string) string, server config.Server,
) (host, port string) {
	host, number := o.host, o.port
	for _, other := range []string{getenv("JANEE_HTTP_HOST"), server.Host, defaultHost} {
		if host == "" {
			host = other
		}
	}
	if number < 0 {
		number = server.Port
		if number == 0 {
			number = defaultPort
		}
	}
	return host, strconv.Itoa(number)
}

// serveHTTP needs a home that opens: without its agents nobody can prove who they are.
func serveHTTP(s *serving, o httpOptions) error {
	home, err := openOrInit(s.env, o.init)
	if err != nil {
		return err
	}
	site, err := openSite(s.env, home, o)
	if err != nil {
		return err
	}
	defer site.listener.Close()
	p, err := openParts(s, home)
	if err != nil {
		return err
	}
	defer p.close()
	b := p.broker(core.ViaHTTP, "", "token")
	site.say(s.env.Stderr, home)
	return site.serve(s.ctx, mcpserver.New(b, s.options(b.Refuse)), p.source, s.env.warn)
}
