// Package webhook posts a message to an address that the person has configured, signed, so that its
// receiver knows who says it. Use Post. Nothing that comes back is read but the status. What a
// capability sends goes through package upstream instead.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// signatureHeader holds t=UNIX_SECONDS,v1=HEX: HMAC-SHA256 with the secret of the webhook over the
// time, a dot, and the body.
const signatureHeader = "Janee-Signature"

const patience = 10 * time.Second

// client follows no redirect, which would carry the message elsewhere, and takes no proxy from the
// environment.
var client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: patience,
		TLSHandshakeTimeout: patience},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Post sends body, which is JSON, to w, whose secret is sealed in v for bound or not sealed yet.
// The error names neither the address, which may be a secret itself, nor the secret; see Name.
func Post(
	ctx context.Context, v *vault.Vault, w config.Webhook, bound vault.Binding,
	now time.Time, body []byte,
) error {
	key, err := open(v, w, bound)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is not one that can be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "janee")
	r.Header.Set(signatureHeader, sign(key, now, body))
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

// Name is what may be shown of the address of w: its host.
func Name(w config.Webhook) string {
	if u, err := url.Parse(w.URL); err == nil {
		return "the webhook at " + u.Host
	}
	return "the webhook"
}

func open(v *vault.Vault, w config.Webhook, want vault.Binding) (secret.Text, error) {
	if w.Secret.Sealed == "" {
		return w.Secret.Plain, nil
	}
	bound, plain, err := v.Open(w.Secret.Sealed)
	switch {
	case err != nil:
		return secret.Text{}, fmt.Errorf("its secret: %w", err)
	case bound != want:
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
