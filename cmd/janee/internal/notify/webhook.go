package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/true-and-useful/janee/cmd/janee/internal/answers"
	"github.com/true-and-useful/janee/cmd/janee/internal/webhook"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
)

// message is the body that a webhook gets. Like the audit log, it holds no credential and no query
// values.
type message struct {
	Version int    `json:"version"`
	Event   string `json:"event"`
	answers.View
	Approve string `json:"approve"`
	Deny    string `json:"deny"`
}

func messageOf(q approval.Question) message {
	v, short := answers.ViewOf(q), q.Short()
	v.Path, v.Code = policy.Redact(q.Path), "" // other people and bots may read the channel
	return message{
		Version: 1,
		Event:   "approval.asked",
		View:    v,
		Approve: "janee approve " + short,
		Deny:    "janee deny " + short,
	}
}

func (n *Notifier) post(ctx context.Context, w config.Webhook, q approval.Question) {
	body, err := json.Marshal(messageOf(q))
	if err == nil {
		err = webhook.Post(ctx, n.vault, w, config.WebhookBinding(), n.now(), body)
	}
	if err != nil && n.ctx.Err() == nil {
		n.warn(fmt.Sprintf("telling %s of approval %s: %v", webhook.Name(w), q.Short(), err))
	}
}
