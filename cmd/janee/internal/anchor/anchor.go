// Package anchor tells places outside of the home how far the chains of the audit log have come:
// the system log, a command or a webhook. The chains alone cannot show that their end was cut off;
// `janee logs verify` compares the log with such an anchor.
//
// A server starts a Keeper with New. The Keeper anchors the log at every period and whenever a file
// is full, and Last returns the result of the last time. It runs beside the calls: a failure is a
// warning and refuses nothing. It does not verify the log (see auditlog.Verify) and keeps no
// anchors itself.
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
	look     = time.Second      // between looks at the clock and the configuration
	patience = 10 * time.Second // for all sinks together
)

// Bell signals that a file of the log is full. It is made before both the log that rings it and the
// Keeper that waits for it.
type Bell chan struct{}

// NewBell returns a Bell that has not been rung.
func NewBell() Bell { return make(Bell, 1) }

// Ring signals without blocking.
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

// Parts are what a Keeper works with. Config returns the configuration in force; Warn takes one
// line for the owner.
type Parts struct {
	Rolled Bell
	Home   Home
	Vault  *vault.Vault
	Config func() *config.Anchor
	Warn   func(string)
}

// Keeper anchors the log of a running server.
type Keeper struct {
	Parts
	now     func() time.Time
	command []string // of the configuration at the start
	stop    context.CancelFunc
	done    chan struct{}

	told   []audit.Head // what all sinks were told last
	failed string       // the last failure, which is warned of once
	warned bool         // that the command in config.yaml has changed
}

// New starts a Keeper, which runs until Close and anchors the log at every period if it has grown.
// It keeps the command that is configured now: changing config.yaml must not be a way to make a
// running server run a program.
func New(p Parts) *Keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &Keeper{Parts: p, now: time.Now, stop: stop, done: make(chan struct{})}
	if a := p.Config(); a != nil {
		k.command = a.Command
	}
	go k.run(ctx)
	return k
}

// Close anchors the log a last time. Call it when nothing more is written to the log.
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

// tell tells all sinks if the log has grown, and keeps the result. If one fails, all are told again
// at the next period.
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
		return // Close anchors again
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

// started returns the command that was configured at the start, and warns once if another one is
// configured now.
func (k *Keeper) started(now []string) []string {
	if changed := !slices.Equal(now, k.command); changed && !k.warned {
		k.Warn("audit.anchor.command has changed: restart this server to use the new command")
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

// within runs do, and returns at the end of ctx even if do ignores it.
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
