package cli

import (
	"context"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/anchor"
	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/notify"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

// parts are what a server answers calls with. They need a home that opens.
type parts struct {
	source  *reload.Source
	gateway *gateway.Gateway
	ends    []func() // the last first
}

// openParts watches config.yaml and the hangup signal from now on, and tells the clients of
// changes.
func openParts(serving *serving, s *opened.Home) (*parts, error) {
	env := serving.env
	rolled := anchor.NewBell() // before the log that rings it and the keeper that hears it
	log, err := auditlog.Open(s.Home, s.Vault,
		auditlog.Options{Version: version(), Rolled: rolled.Ring})
	if err != nil {
		return nil, err
	}
	p := &parts{}
	p.source = reload.New(s, reload.Options{
		Keys: env.Keys(), Warn: env.warn, Changed: serving.clients.ToolsChanged,
		Record: func(r audit.Record) error { return log.Append([]audit.Record{r}, false) }})
	keeper := anchor.New(anchor.Parts{Rolled: rolled, Home: s.Home, Vault: s.Vault, Warn: env.warn,
		Config: func() *config.Anchor { return p.source.Current().Config.Audit.Anchor }})
	client := upstream.New(s.Home.Guard())
	person := notify.New(s.Vault, env.Getenv, env.warn)
	p.gateway = gateway.New(gateway.Parts{State: s.Home, Log: log, Upstream: client,
		Source: p.source, Warn: env.warn, Asked: person.Asked})
	p.ends = []func(){
		keeper.Close, // its last word is about all that was written
		func() { closeLog(log, env.warn) },
		client.Close, person.Close, p.gateway.Close,
		watching(serving.ctx, p.source, serving.hangup),
	}
	return p, nil
}

// broker answers the calls of one transport. agent is the agent that makes all of them, or "".
func (p *parts) broker(via, agent, identitySource string) *toolcalls.Broker {
	return &toolcalls.Broker{Gateway: p.gateway, Config: p.source,
		Via: via, Agent: agent, IdentitySource: identitySource}
}

func (p *parts) close() {
	for _, end := range slices.Backward(p.ends) {
		end()
	}
}

// watching keeps config.yaml in force until end is called.
func watching(ctx context.Context, source *reload.Source, hangup <-chan struct{}) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		source.Run(ctx, hangup)
	}()
	return func() { cancel(); <-done }
}

// closeLog writes what is not on the disk yet, and closes the log.
func closeLog(log *auditlog.Log, warn func(string)) {
	if err := log.Close(); err != nil {
		warn(err.Error())
	}
}
