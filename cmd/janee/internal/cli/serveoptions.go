package cli

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core/config"
)

const (
	transportStdio = "stdio"
	transportHTTP  = "http"
	defaultHost    = "127.0.0.1"
	defaultPort    = 9100
)

// serveOptions are the flags of serve. agent is for stdio, those behind it are for HTTP.
type serveOptions struct {
	transport         string
	agent             string
	host              string
	port              int
	allowedHosts      []string
	certFile, keyFile string
}

var httpFlags = []string{"host", "port", "allowed-host", "tls-cert", "tls-key"}

func (o *serveOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.transport, "transport", "t", transportStdio,
		"`NAME` of the transport: stdio or http")
	f.StringVar(&o.agent, "agent", "",
		"serve as the agent `NAME`, whatever the client calls itself")
	f.StringVar(&o.host, "host", "",
		"`ADDRESS` to listen on (default: JANEE_HTTP_HOST, server.host in config.yaml, 127.0.0.1)")
	f.IntVarP(&o.port, "port", "p", -1,
		"`PORT` to listen on, 0 for any that is free (default: server.port in config.yaml, 9100)")
	f.StringArrayVar(&o.allowedHosts, "allowed-host",
		nil,
		"`NAME` that clients reach this server by, beside localhost, 127.0.0.1 and [::1]; "+
			"repeatable")
	f.StringVar(&o.certFile, "tls-cert", "", "PEM `FILE` of the certificate, with its chain")
	f.StringVar(&o.keyFile, "tls-key", "", "PEM `FILE` of its private key")
	f.Lookup("port").DefValue = "0" // -1 stands for not given
	_ = cmd.RegisterFlagCompletionFunc("transport",
		cobra.FixedCompletions([]cobra.Completion{transportStdio, transportHTTP},
			cobra.ShellCompDirectiveNoFileComp))
}

// check refuses what would have no effect or a surprising one.
func (o *serveOptions) check(given func(flag string) bool) error {
	switch o.transport {
	case transportHTTP:
		return o.checkHTTP(given)
	case transportStdio:
	default:
		return fmt.Errorf("transport %q is not known: stdio or http", o.transport)
	}
	if i := slices.IndexFunc(httpFlags, given); i >= 0 {
		return fmt.Errorf("--%s is for --transport http", httpFlags[i])
	}
	if o.agent != "" && !config.ValidName(o.agent) {
		return fmt.Errorf("--agent: %q is not a name that an agent can have: use 1 to 64 "+
			"letters, digits or . _ @ -", o.agent)
	}
	return nil
}

func (o *serveOptions) checkHTTP(given func(flag string) bool) error {
	if given("agent") {
		return errors.New("--agent is for stdio: over HTTP the token says which agent it is")
	}
	if given("port") && (o.port < 0 || o.port > 65535) {
		return fmt.Errorf("port %d is not between 0 and 65535", o.port)
	}
	if (o.certFile == "") != (o.keyFile == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	for _, host := range o.allowedHosts {
		if !isHost(host) {
			return fmt.Errorf("allowed host %q is not a name, an address, or one of these with a "+
				"port: write janee.lan or janee.lan:9100", host)
		}
	}
	return nil
}

// isHost takes what may stand in a Host header, and an IPv6 address without its brackets.
func isHost(host string) bool {
	if net.ParseIP(host) != nil {
		return true
	}
	u, err := url.Parse("http://" + host)
	return err == nil && u.Host == host && u.Hostname() != ""
}

// address is where to listen: by flag, environment, config.yaml or default.
func (o *serveOptions) address(
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
