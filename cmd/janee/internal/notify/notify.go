// Package notify tells the owner that an agent waits for an answer: on the desktop, or through a
// webhook. The gateway calls Notifier.Asked for each question.
//
// A Notifier runs beside the call: a failure is a warning and does not affect the call. It takes no
// answers, and ignores whatever a program or a webhook returns; package answers records answers.
// Package webhook signs and sends what this package posts.
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
	// maxAtOnce bounds how many notifications run at a time; `janee approvals` lists all questions.
	maxAtOnce = 8
	patience  = 10 * time.Second // for one desktop or webhook
)

// Notifier sends notifications in the background, and is safe for concurrent use.
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

// New returns a Notifier, which opens the secret of the webhook with v. Close it when no more
// questions come.
func New(v *vault.Vault, getenv func(string) string, warn func(string)) *Notifier {
	n := &Notifier{
		vault:  v,
		getenv: getenv,
		warn:   warn,
		now:    time.Now,
		slots:  make(chan struct{}, maxAtOnce),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// Close cancels the notifications that are running and waits for them.
func (n *Notifier) Close() {
	n.cancel()
	n.wg.Wait()
}

// Asked notifies the owner of question q according to a, without waiting.
func (n *Notifier) Asked(a config.Approvals, q approval.Question) {
	if !a.Notify && a.Webhook == nil || n.ctx.Err() != nil {
		return
	}
	select {
	case n.slots <- struct{}{}:
	default:
		n.warn("too many questions at once: no notification for approval " + q.Short())
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
