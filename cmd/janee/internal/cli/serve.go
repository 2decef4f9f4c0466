package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/broker"
	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

func serveCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the tools to an agent over standard input and output (MCP)",
		Long: `Start the MCP server that your agent's client talks to. Clients start it themselves; standard
output carries the protocol only. It ends when standard input closes.`,
		Example: "  janee serve",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), env) },
	}
}

func runServe(ctx context.Context, env *Env) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	warn := func(line string) { fmt.Fprintf(env.Stderr, "janee: %s\n", line) }
	g, closeParts, err := newGateway(s, warn)
	if err != nil {
		return err
	}
	defer closeParts()
	fmt.Fprintf(env.Stderr, "Janee MCP server running on stdio\nConfig: %s\nLogs: %s\n", s.Home.ConfigPath(), s.Home.LogsPath())
	b := &broker.Broker{Gateway: g, Via: core.ViaStdio, IdentitySource: "transport (clientInfo.name)"}
	server := mcpserver.New(b, mcpserver.Options{Version: version(), Instructions: tool.Instructions, Tools: tool.Definitions(), Refuse: broker.Refuse, Log: warn})
	return server.Serve(ctx, env.Stdin, env.Stdout)
}

// newGateway puts together what a call needs. The returned function closes it: what is logged is on disk afterwards.
func newGateway(s *store.Store, warn func(string)) (*gateway.Gateway, func(), error) {
	log, err := auditlog.Open(s.Home, s.Vault, auditlog.Options{Version: version()})
	if err != nil {
		return nil, nil, err
	}
	client := upstream.New()
	targets := map[string]upstream.Target{}
	for name, service := range s.Config.Services {
		targets[name] = upstream.Target{Service: name, CAFile: service.CAFile, Origin: service.Base.Origin()}
	}
	g := gateway.New(gateway.Parts{Home: s.Home, Log: log, Upstream: client, Engine: core.New(s.Config, s.Vault), Targets: targets, Warn: warn})
	return g, func() {
		client.Close()
		if err := log.Close(); err != nil {
			warn(err.Error())
		}
	}, nil
}
