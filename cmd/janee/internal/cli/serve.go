package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

func serveCommand(env *Env) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the tools to agents, over stdio or HTTP (MCP)",
		Long: `Start the MCP server that your agent's client talks to. Over stdio, clients start it themselves;
standard output carries the protocol only, and it ends when standard input closes. Over HTTP it
serves several agents, each known by its token; without an agent the first start makes one.
A changed config.yaml is in force from the next call on (SIGHUP reloads at once); a broken one
leaves the previous in force.

Over stdio an agent is what its client calls itself, unless --agent says who it is. The name of an
agent that "janee agent add" has registered is had in this way alone, and with its token over HTTP.`,
		Example: `  janee serve
  janee serve --agent deploy-bot
  janee serve --transport http --port 9100
  janee serve --transport http --host 0.0.0.0 --allowed-host janee.lan --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd.Flags().Changed); err != nil {
				return usage(cmd, err)
			}
			return runServe(cmd, env, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func runServe(cmd *cobra.Command, env *Env, o serveOptions) error {
	boundMemory(env.Getenv)
	clients := mcpserver.NewClients() // before all parts that tell them something
	hangup := onHangup(cmd.Context())
	if o.transport == transportHTTP {
		return serveHTTP(cmd.Context(), env, o, clients, hangup)
	}
	env.Keys().Ask = nil // the terminal, if there is one, is the client's, which may be an agent
	var running atomic.Pointer[parts]
	late := toolcalls.NewLate(o.agent, env.warn, func() (*toolcalls.Broker, error) {
		s, err := open(env)
		if err != nil {
			return nil, err
		}
		p, err := openParts(cmd.Context(), env, s, clients, hangup)
		if err != nil {
			return nil, err
		}
		running.Store(p)
		sayRunning(env.Stderr, "stdio", s)
		return p.stdioBroker(o.agent), nil
	})
	defer func() {
		if p := running.Load(); p != nil {
			p.close()
		}
	}()
	if err := late.Open(); err != nil { // a server that ends is to clients a closed connection
		_ = report(env, cmd, nil, err)
		env.warn("it goes on and refuses calls until that is mended; it need not be started again")
	}
	server := mcpserver.New(late, mcpOptions(env, clients, late.Refuse))
	err := server.Serve(cmd.Context(), env.Stdin, env.Stdout)
	if late.Err() != nil {
		return hint.New(hint.ExitCode(late.Err()), "", errors.Join(err, errSaid))
	}
	return err
}

func serveHTTP(ctx context.Context, env *Env, o serveOptions, clients *mcpserver.Clients,
	hangup <-chan struct{}) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	site, err := openSite(env, s, o)
	if err != nil {
		return err
	}
	defer site.listener.Close()
	p, err := openParts(ctx, env, s, clients, hangup)
	if err != nil {
		return err
	}
	defer p.close()
	b := p.broker(core.ViaHTTP, o.agent, "token")
	site.say(env.Stderr, s)
	return site.serve(ctx, mcpserver.New(b, mcpOptions(env, clients, b.Refuse)), p.source, env.warn)
}

func mcpOptions(env *Env, clients *mcpserver.Clients,
	refuse func(mcpserver.Refusal) mcpserver.Reply) mcpserver.Options {
	return mcpserver.Options{Version: version(), Clients: clients, Instructions: tool.Instructions,
		Tools: core.Tools(), Refuse: refuse, Log: env.warn}
}

func sayRunning(w io.Writer, where string, s *opened.Home) {
	fmt.Fprintf(w, "Janee MCP server running on %s\nConfig: %s\nLogs: %s\n", where,
		s.Home.ConfigPath(), s.Home.LogsPath())
}
