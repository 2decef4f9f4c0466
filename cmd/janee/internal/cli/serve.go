package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/anchor"
	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/broker"
	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/notify"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
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
			return runServe(cmd.Context(), env, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func runServe(ctx context.Context, env *Env, o serveOptions) error {
	boundMemory(env.Getenv)
	if o.transport != transportHTTP {
		env.Keys().Ask = nil // the terminal, if there is one, is that of the client, which may be an agent's
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	var site *site
	if o.transport == transportHTTP {
		if site, err = openSite(env, s, o); err != nil {
			return err
		}
		defer site.listener.Close()
	}
	warn := func(line string) { fmt.Fprintf(env.Stderr, "janee: %s\n", line) }
	// Before all parts that tell them something.
	rolled, clients := anchor.NewBell(), mcpserver.NewClients()
	options := auditlog.Options{Version: version(), Rolled: rolled.Ring}
	log, err := auditlog.Open(s.Home, s.Vault, options)
	if err != nil {
		return err
	}
	source := reload.New(s, reload.Options{Keys: env.Keys(), Warn: warn, Changed: clients.ToolsChanged,
		Record: func(r audit.Record) error { return log.Append([]audit.Record{r}, false) }})
	keeper := anchor.New(anchor.Parts{Rolled: rolled, Home: s.Home, Vault: s.Vault, Warn: warn,
		Config: func() *config.Anchor { return source.Current().Config.Audit.Anchor }})
	defer func() {
		closeLog(log, warn)
		keeper.Close() // its last word is about all that was written
	}()
	client := upstream.New(s.Home.Guard())
	defer client.Close()
	person := notify.New(s.Vault, env.Getenv, warn)
	defer person.Close()

	g := gateway.New(gateway.Parts{Home: s.Home, Log: log, Upstream: client, Source: source, Warn: warn, Asked: person.Asked})
	defer g.Close()
	b := &broker.Broker{Gateway: g, Config: source, Via: core.ViaStdio, Agent: o.agent, IdentitySource: "transport (clientInfo.name)"}
	switch {
	case site != nil:
		b.Via, b.IdentitySource = core.ViaHTTP, "token"
	case o.agent != "":
		b.IdentitySource = "command line"
	}
	server := mcpserver.New(b, mcpserver.Options{Version: version(), Clients: clients,
		Instructions: tool.Instructions, Tools: tool.Definitions(), Refuse: b.Refuse, Log: warn})

	stop, wait := background(ctx, source)
	defer wait()
	defer stop()
	if site != nil {
		site.say(env.Stderr, s)
		return site.serve(ctx, server, source, warn)
	}
	sayRunning(env.Stderr, "stdio", s)
	return server.Serve(ctx, env.Stdin, env.Stdout)
}

func sayRunning(w io.Writer, where string, s *store.Store) {
	fmt.Fprintf(w, "Janee MCP server running on %s\nConfig: %s\nLogs: %s\n", where, s.Home.ConfigPath(), s.Home.LogsPath())
}

// background watches config.yaml and the hangup signal beside the server.
func background(ctx context.Context, source *reload.Source) (stop, wait func()) {
	ctx, cancel := context.WithCancel(ctx)
	hangup, done := onHangup(ctx), make(chan struct{})
	go func() {
		defer close(done)
		source.Run(ctx, hangup)
	}()
	return cancel, func() { <-done }
}

// closeLog writes down what is still on its way to the disk.
func closeLog(log *auditlog.Log, warn func(string)) {
	if err := log.Close(); err != nil {
		warn(err.Error())
	}
}
