// Package webhook posts signed messages to an address that the owner has configured. The signature
// proves to the receiver that the message is from this home. Packages notify and anchor call Post.
//
// Of the response only the status is used. Requests of capabilities do not go through this package
// but through upstream, which applies rules, limits and masking.
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

// client follows no redirects, which would take the message elsewhere, and uses no proxy from the
// environment.
var client = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives:     true,
		ResponseHeaderTimeout: patience,
		TLSHandshakeTimeout:   patience,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Post sends body, which is JSON, to w. The secret of w is in plaintext or is sealed in v for
// bound. Errors name neither the secret nor the address, which may be a secret itself; see Name.
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
		return errors.New("the address is not a valid URL")
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

// Name names w by the host of its address, the only part that may be shown.
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
		return secret.Text{}, errors.New("its secret was sealed for another place: enter it again")
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
