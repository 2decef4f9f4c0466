package cli

import (
	"context"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
)

// ownCalls is a gateway for the person's own calls: they are judged and recorded like those of
// agents.
type ownCalls struct {
	gateway *gateway.Gateway
	log     *auditlog.Log
	client  *upstream.Client
	warn    func(string)
}

func openOwnCalls(env *Env, s *opened.Home) (*ownCalls, error) {
	log, err := auditlog.Open(s.Home, s.Vault,
		auditlog.Options{Writer: auditlog.CLI, Version: version()})
	if err != nil {
		return nil, err
	}
	h := &ownCalls{log: log, client: upstream.New(s.Home.Guard()), warn: env.warn}
	h.gateway = gateway.New(gateway.Parts{
		State:    s.Home,
		Log:      log,
		Upstream: h.client,
		Source:   reload.InForceOf(core.New(s.Config, s.Vault), s.Config),
		Warn:     h.warn,
	})
	return h, nil
}

func (h *ownCalls) close() {
	h.gateway.Close()
	h.client.Close()
	closeLog(h.log, h.warn)
}

// do makes a call as the person. A refusal is an error with its next step.
func (h *ownCalls) do(ctx context.Context, c core.Call) ([]byte, error) {
	c.Via = core.ViaCLI
	reply := h.gateway.Do(ctx, c, gateway.Client{})
	defer reply.Release()
	d := reply.Denial
	if d == nil {
		return reply.Result.Text(reply.Body), nil
	}
	code, next := hint.Failed, d.NextStep
	switch d.Code {
	case core.Locked:
		next = "run `janee unlock`" // the texts of refusals speak to an agent
	case core.VaultLocked:
		code = hint.Locked
	case core.RuleDeny, core.RequestRejected:
		code = hint.Denied
	}
	return nil, hint.Errorf(code, next, "%s: %s", d.Code, d.Message)
}
