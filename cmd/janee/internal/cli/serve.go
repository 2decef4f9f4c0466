package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// transport is one way for agents to reach the server. To add one, write a file with its flags and
// its serve function, and name its constructor in transports.
type transport struct {
	name  string
	flags *pflag.FlagSet // they apply to this transport alone
	// does names what does the job of a flag of another transport here; the error tells it to
	// whoever has given that flag
	does  map[string]string
	check func() error // of the values of its flags
	serve func(*serving) error
}

// transports are those that `janee serve --transport` knows; the first is the default.
func transports() []transport { return []transport{stdioTransport(), httpTransport()} }

// serving is what every transport builds its server from.
type serving struct {
	ctx     context.Context
	env     *Env
	clients *mcpserver.Clients // they are told when the tools change
	hangup  <-chan struct{}
	report  func(error) // tells the person of an error that does not end the server
}

func serveCommand(env *Env) *cobra.Command {
	var name string
	all := transports()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the tools to agents, over stdio or HTTP (MCP)",
		Long: `Start the MCP server that your agent's client connects to. Over stdio the client
starts the server itself. Standard output then carries only the protocol, and the server ends when
standard input closes. Over HTTP one server serves several agents and tells them apart by their
tokens; if no agent is registered, the first start registers one.

Changes to config.yaml apply from the next call on; SIGHUP applies them at once. If config.yaml is
broken, the previous configuration stays in force.

Over stdio an agent has the name that its client reports, unless --agent gives it another. A name
that "janee agent add" has registered can be used only with --agent, or over HTTP with the agent's
token.

Where "janee daemon run" has opened its socket and JANEE_HOME is not set, serve over stdio opens no
home: it passes everything on to the daemon.`,
		Example: `  janee serve
  janee serve --agent deploy-bot
  janee serve --transport http --port 9100
  janee serve --transport http --host 0.0.0.0 --allowed-host janee.lan \
    --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := choose(all, name, cmd.Flags().Changed)
			if err != nil {
				return usage(cmd, err)
			}
			return runServe(cmd, env, t)
		},
	}
	cmd.Flags().StringVarP(&name, "transport", "t", all[0].name,
		"`NAME` of the transport: "+strings.Join(namesOf(all), " or "))
	for _, t := range all {
		cmd.Flags().AddFlagSet(t.flags)
	}
	_ = cmd.RegisterFlagCompletionFunc("transport", fixed(namesOf(all)...))
	return cmd
}

func namesOf(all []transport) (names []string) {
	for _, t := range all {
		names = append(names, t.name)
	}
	return names
}

// choose finds a transport by its name. It refuses flags that would have no effect or a surprising
// one.
func choose(all []transport, name string, given func(flag string) bool) (transport, error) {
	var chosen transport
	for _, t := range all {
		if t.name == name {
			chosen = t
		}
	}
	if chosen.serve == nil {
		return chosen, fmt.Errorf("unknown transport %q: use %s", name,
			strings.Join(namesOf(all), " or "))
	}
	for _, t := range all {
		if err := t.foreign(chosen, given); t.name != name && err != nil {
			return chosen, err
		}
	}
	return chosen, chosen.check()
}

// foreign refuses the flags of t that were given for another transport.
func (t transport) foreign(chosen transport, given func(flag string) bool) (err error) {
	t.flags.VisitAll(func(f *pflag.Flag) {
		if err != nil || !given(f.Name) {
			return
		}
		err = fmt.Errorf("--%s is for --transport %s", f.Name, t.name)
		if instead := chosen.does[f.Name]; instead != "" {
			err = fmt.Errorf("%w: %s", err, instead)
		}
	})
	return err
}

func runServe(cmd *cobra.Command, env *Env, t transport) error {
	return t.serve(newServing(cmd, env))
}

func newServing(cmd *cobra.Command, env *Env) *serving {
	boundMemory(env.Getenv)
	return &serving{
		ctx:     cmd.Context(),
		env:     env,
		clients: mcpserver.NewClients(),
		hangup:  onHangup(cmd.Context()),
		report:  func(err error) { _ = report(env, cmd, nil, err) },
	}
}

func (s *serving) options(refuse func(mcpserver.Refusal) mcpserver.Reply) mcpserver.Options {
	return mcpserver.Options{Version: version(), Clients: s.clients,
		Instructions: tool.Instructions, Tools: core.Tools(), Refuse: refuse, Log: s.env.warn}
}

func sayRunning(w io.Writer, where string, s *opened.Home) {
	fmt.Fprintf(w, "Janee MCP server running on %s\nConfig: %s\nLogs: %s\n", where,
		s.Home.ConfigPath(), s.Home.LogsPath())
}
