// Package notify tells a person that an agent waits for their answer: on the desktop, and through a
// webhook. It is beside the call, never in its way: what fails is a warning, and nothing that comes
// back counts as an answer. Answers are given by package answers.
package notify

import (
	"context"
	"sync"
	"time"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

const (
	// maxAtOnce bounds how many questions are being told at a time; the rest is found with `janee
	// approvals`.
	maxAtOnce = 8
	patience  = 10 * time.Second // for one desktop or webhook
)

// Notifier is safe for concurrent use.
type Notifier struct {
	vault  *vault.Vault
	getenv func(string) string
	warn   func(string)
	now    func() time.Time

	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}
	wg     sync.WaitGroup
}

// New returns a Notifier; the vault opens the secret of the webhook. Close it when no more
// questions come.
func New(v *vault.Vault, getenv func(string) string, warn func(string)) *Notifier {
	n := &Notifier{vault: v, getenv: getenv, warn: warn, now: time.Now,
		slots: make(chan struct{}, maxAtOnce)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// Close ends what is under way.
func (n *Notifier) Close() {
	n.cancel()
	n.wg.Wait()
}

// Asked tells of a question in the background.
func (n *Notifier) Asked(a config.Approvals, q approval.Question) {
	if !a.Notify && a.Webhook == nil || n.ctx.Err() != nil {
		return
	}
	select {
	case n.slots <- struct{}{}:
	default:
		n.warn("too many questions at once: nobody is told of approval " + q.ID[:8])
		return
	}
	n.wg.Go(func() {
		defer func() { <-n.slots }()
		ctx, cancel := context.WithTimeout(n.ctx, patience)
		defer cancel()
		if a.Notify {
			n.desktop(ctx, q)
		}
		if a.Webhook != nil {
			n.post(ctx, *a.Webhook, q)
		}
	})
}
