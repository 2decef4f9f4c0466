package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/broker"
	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/tool"
)

func serveCommand(env *Env) *cobra.Command {
	var agent string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the tools to an agent over standard input and output (MCP)",
		Long: `Start the MCP server that your agent's client talks to. Clients start it themselves; standard
output carries the protocol only. A changed config.yaml is in force from the next call on (SIGHUP
reloads at once); a broken one leaves the previous in force. It ends when standard input closes.

An agent is what its client calls itself, unless --agent says who it is. The name of an agent that
"janee agent add" has registered is had in this way alone, and with its token over HTTP.`,
		Example: "  janee serve\n  janee serve --agent deploy-bot",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), env, agent) },
	}
	c.Flags().StringVar(&agent, "agent", "", "serve as this agent, whatever the client calls itself")
	return c
}

func runServe(ctx context.Context, env *Env, agent string) error {
	if agent != "" && !config.ValidName(agent) {
		return hint.Errorf(hint.Usage, "use 1 to 64 letters, digits or . _ @ -", "--agent: %q is not a name that an agent can have", agent)
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	warn := func(line string) { fmt.Fprintf(env.Stderr, "janee: %s\n", line) }
	log, err := auditlog.Open(s.Home, s.Vault, auditlog.Options{Version: version()})
	if err != nil {
		return err
	}
	defer closeLog(log, warn)
	client := upstream.New()
	defer client.Close()

	var server *mcpserver.Server
	source := reload.New(s, reload.Options{Getenv: env.Getenv, Warn: warn, Changed: func() { server.ToolsChanged() },
		Record: func(r audit.Record) error { return log.Append([]audit.Record{r}, false) }})
	b := &broker.Broker{Gateway: gateway.New(gateway.Parts{Home: s.Home, Log: log, Upstream: client, Source: source, Warn: warn}),
		Config: source, Via: core.ViaStdio, Agent: agent, IdentitySource: "transport (clientInfo.name)"}
	if agent != "" {
		b.IdentitySource = "command line"
	}
	server = mcpserver.New(b, mcpserver.Options{Version: version(), Instructions: tool.Instructions, Tools: tool.Definitions(), Refuse: b.Refuse, Log: warn})

	stop, wait := background(ctx, source)
	defer wait()
	defer stop()
	fmt.Fprintf(env.Stderr, "Janee MCP server running on stdio\nConfig: %s\nLogs: %s\n", s.Home.ConfigPath(), s.Home.LogsPath())
	return server.Serve(ctx, env.Stdin, env.Stdout)
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
