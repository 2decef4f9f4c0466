// Package anchor tells somebody elsewhere how far the chains of the log have come, so that cutting
// off their end is found: the chains alone cannot tell. Use New beside a server, and Last for what
// was told. It is beside the calls, never in their way: what fails is a warning.
package anchor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

const (
	look     = time.Second
	patience = 10 * time.Second // for all that are told
)

// Bell says that a file of the log is full. It is made before the log that rings it and the Keeper
// that hears it.
type Bell chan struct{}

// NewBell returns a Bell that has not been rung.
func NewBell() Bell { return make(Bell, 1) }

// Ring does not wait.
func (b Bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Home is where the files of the log are, and where the command runs.
type Home interface {
	auditlog.Dir
	Path(name string) string
}

// Parts are what a Keeper works with. Config gives what is in force; Warn receives one line for the
// person.
type Parts struct {
	Rolled Bell
	Home   Home
	Vault  *vault.Vault
	Config func() *config.Anchor
	Warn   func(string)
}

// Keeper is safe for concurrent use.
type Keeper struct {
	Parts
	now     func() time.Time
	command []string // of the configuration at the start
	stop    context.CancelFunc
	done    chan struct{}

	told   []audit.Head // what everybody has been told last
	failed string       // what was said about a failure, to say it once
	warned bool         // that another command waits for the next start
}

// New returns a Keeper that tells at every period, if the log has grown, until Close. The command
// stays that of now: who can write to config.yaml while a server runs can make it run nothing.
func New(p Parts) *Keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &Keeper{Parts: p, now: time.Now, stop: stop, done: make(chan struct{})}
	if a := p.Config(); a != nil {
		k.command = a.Command
	}
	go k.run(ctx)
	return k
}

// Close tells a last time. Call it when nothing is written any more.
func (k *Keeper) Close() {
	k.stop()
	<-k.done
	if a := k.Config(); a != nil {
		k.tell(context.Background(), *a)
	}
}

func (k *Keeper) run(ctx context.Context) {
	defer close(k.done)
	tick := time.NewTicker(look)
	defer tick.Stop()
	last := k.now()
	for {
		due := false
		select {
		case <-ctx.Done():
			return
		case <-k.Rolled:
			due = true
		case <-tick.C:
		}
		a := k.Config()
		if a == nil || !due && k.now().Sub(last) < a.Every {
			continue
		}
		k.tell(ctx, *a)
		last = k.now()
	}
}

// tell tells everybody, if there is anything new, and keeps what came of it. Who was not told hears
// it at the next period.
func (k *Keeper) tell(ctx context.Context, a config.Anchor) {
	if k.Vault == nil {
		return // no root key, no log
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	heads, err := auditlog.Heads(k.Home, k.Vault)
	if err == nil && (len(heads) == 0 || slices.Equal(heads, k.told)) {
		return
	}
	if a.Command = k.started(a.Command); !a.Syslog && a.Webhook == nil && len(a.Command) == 0 {
		return
	}
	now := k.now()
	if err == nil {
		err = k.tellAll(ctx, a,
			audit.Anchor{At: now.UnixMilli(), Heads: heads}.Encode(k.Vault.Key("anchor")), now)
	}
	if ctx.Err() == context.Canceled {
		return // Close tells once more
	}
	if err != nil {
		if said := err.Error(); said != k.failed {
			k.failed = said
			k.Warn("anchoring the log: " + said)
		}
	} else {
		k.told, k.failed = heads, ""
	}
	if err := keep(k.Home, now, err); err != nil {
		k.Warn("anchoring the log: " + err.Error())
	}
}

// started returns the command that is run, whatever the file says now.
func (k *Keeper) started(now []string) []string {
	if changed := !slices.Equal(now, k.command); changed && !k.warned {
		k.Warn("audit.anchor.command has changed: that counts when this server is started anew")
		k.warned = true
	}
	return k.command
}

func (k *Keeper) tellAll(ctx context.Context, a config.Anchor, text []byte, now time.Time) error {
	var failed []error
	for _, s := range k.sinks(a, now) {
		if err := within(ctx, func() error { return s.tell(ctx, text) }); err != nil {
			failed = append(failed, fmt.Errorf("telling %s: %w", s.name, err))
		}
	}
	return errors.Join(failed...)
}

// within gives up on what does not heed the end of ctx itself.
func within(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
