package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/approvals"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
)

// signatureHeader holds t=UNIX_SECONDS,v1=HEX: HMAC-SHA256 with the secret of the webhook over the time, a dot, and the body.
const signatureHeader = "Janee-Signature"

// message is what a webhook is told. It holds no credential and, like the log, no value of a query.
type message struct {
	Version int    `json:"version"`
	Event   string `json:"event"`
	approvals.View
	Approve string `json:"approve"`
	Deny    string `json:"deny"`
}

func messageOf(q approval.Question) message {
	v, short := approvals.ViewOf(q), q.ID[:approvals.ShortID]
	v.Path, v.Code = policy.Redact(q.Path), "" // a chat is read by more than one, and bots
	return message{Version: 1, Event: "approval.asked", View: v, Approve: "janee approve " + short, Deny: "janee deny " + short}
}

// client follows no redirect, which would carry the question elsewhere, and takes no proxy from the environment.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: patience, TLSHandshakeTimeout: patience},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// post names the host alone where it fails: the rest of the address may be a secret.
func (n *Notifier) post(ctx context.Context, w config.Webhook, q approval.Question) {
	if err := n.deliver(ctx, w, q); err != nil && n.ctx.Err() == nil {
		host := "the webhook"
		if u, err := url.Parse(w.URL); err == nil {
			host += " at " + u.Host
		}
		n.warn(fmt.Sprintf("telling %s of approval %s: %v", host, q.ID[:8], err))
	}
}

func (n *Notifier) deliver(ctx context.Context, w config.Webhook, q approval.Question) error {
	key, err := n.secret(w)
	if err != nil {
		return err
	}
	body, err := json.Marshal(messageOf(q))
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is not one that can be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "janee")
	r.Header.Set(signatureHeader, sign(key, n.now(), body))
	reply, err := client.Do(r)
	if failed := new(url.Error); errors.As(err, &failed) {
		return failed.Err
	}
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, _ = io.CopyN(io.Discard, reply.Body, 4<<10)
	if reply.StatusCode < 200 || reply.StatusCode > 299 {
		return fmt.Errorf("it answered %s", strconv.Itoa(reply.StatusCode))
	}
	return nil
}

// secret opens what the configuration holds.
func (n *Notifier) secret(w config.Webhook) (secret.Text, error) {
	if w.Secret.Sealed == "" {
		return w.Secret.Plain, nil
	}
	bound, plain, err := n.vault.Open(w.Secret.Sealed)
	switch {
	case err != nil:
		return secret.Text{}, fmt.Errorf("its secret: %w", err)
	case bound != config.WebhookBinding():
		return secret.Text{}, errors.New("its secret was sealed for another place: type it again")
	}
	return plain, nil
}

func sign(key secret.Text, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
