package cli

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
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

// serveStdio answers from the start on, whatever is wrong with the home: to a client, a server that
// ends is a closed connection and tells nothing.
func serveStdio(s *serving, agent string) error {
	s.env.Keys().Ask = nil // the terminal, if there is one, is the client's, which may be an agent
	var running atomic.Pointer[parts]
	late := toolcalls.NewLate(agent, s.env.warn, func() (*toolcalls.Broker, error) {
		home, err := open(s.env)
		if err != nil {
			return nil, err
		}
		p, err := openParts(s, home)
		if err != nil {
			return nil, err
		}
		running.Store(p)
		sayRunning(s.env.Stderr, "stdio", home)
		return p.stdioBroker(agent), nil
	})
	defer func() {
		if p := running.Load(); p != nil {
			p.close()
		}
	}()
	if err := late.Open(); err != nil {
		s.report(err)
		s.env.warn("the server keeps running and refuses calls until this is fixed; " +
			"you need not restart it")
	}
	server := mcpserver.New(late, s.options(late.Refuse))
	err := server.Serve(s.ctx, s.env.Stdin, s.env.Stdout)
	if late.Err() != nil {
		return hint.New(hint.ExitCode(late.Err()), "", errors.Join(err, errSaid))
	}
	return err
}

// stdioBroker answers the calls of the client that has started the server. agent is the name that
// --agent gives it, or "".
func (p *parts) stdioBroker(agent string) *toolcalls.Broker {
	if agent != "" {
		return p.broker(core.ViaStdio, agent, "command line")
	}
	return p.broker(core.ViaStdio, "", "transport (clientInfo.name)")
}
