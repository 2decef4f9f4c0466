package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

// stdioTransport serves one client, which has started the server, over standard input and output.
func stdioTransport() transport {
	agent := ""
	f := pflag.NewFlagSet("stdio", pflag.ContinueOnError)
	f.StringVar(&agent, "agent", "", "serve as this `AGENT`, whatever the client calls itself")
	return transport{
		name:  "stdio",
		flags: f,
		check: func() error {
			if agent != "" && !config.ValidName(agent) {
				return fmt.Errorf("--agent: %q is not a valid agent name: use 1 to 64 letters, "+
					"digits or . _ @ -", agent)
			}
			return nil
		},
		serve: func(s *serving) error { return serveStdio(s, agent) },
	}
}

// serveStdio serves the client by the daemon, if there is one, and else by a home of its own.
func serveStdio(s *serving, agent string) error {
	if path, found := daemonSocket(s.env.Getenv); found {
		return serveRelay(s, path, agent)
	}
	late := newLateHome(s, agent, "stdio",
		func(p *parts) *toolcalls.Broker { return p.stdioBroker(agent) })
	defer late.close()
	late.start(s)
	server := mcpserver.New(late, s.options(late.Refuse))
	return late.end(server.Serve(s.ctx, s.env.Stdin, s.env.Stdout))
}

// stdioBroker answers the calls of the client that has started the server. agent is the name that
// --agent gives it, or "".
func (p *parts) stdioBroker(agent string) *toolcalls.Broker {
	if agent != "" {
		return p.broker(core.ViaStdio, agent, "command line")
	}
	return p.broker(core.ViaStdio, "", "transport (clientInfo.name)")
}
