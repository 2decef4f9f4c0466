package keysource

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core/vault"
)

const keyringService = "janee"

// keyringWait is how long a person has to unlock the keyring. The library itself waits forever.
var keyringWait = time.Minute

// keyringItem is the key line in the keyring of the desktop session, under service janee and the
// vault's id as user.
type keyringItem string

func (k keyringItem) where() string {
	return fmt.Sprintf("the keyring (service %q, user %q)", keyringService, string(k))
}
func (k keyringItem) cheap() bool { return false }

func (k keyringItem) read() (vault.Root, error) {
	var text string
	err := patiently(func() (err error) {
		text, err = keyring.Get(keyringService, string(k))
		return err
	})
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return vault.Root{}, hint.Errorf(hint.Locked,
			"restore the key from a backup: `janee key move --to keyring` with it in "+MasterKeyEnv,
			"%w: %s has none", ErrMissing, k.where())
	case err != nil:
		return vault.Root{}, noKeyring(err)
	}
	root, err := vault.ParseRoot(text)
	return root, hint.New(hint.Locked, "restore the key from a backup", wrapError(k.where(), err))
}

func (k keyringItem) write(root vault.Root) error {
	return noKeyring(patiently(func() error {
		return keyring.Set(keyringService, string(k), root.Line().Reveal())
	}))
}

func (k keyringItem) remove() error {
	err := patiently(func() error { return keyring.Delete(keyringService, string(k)) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return noKeyring(err)
}

var errPatience = errors.New("it did not answer within a minute")

// patiently gives up on a keyring that waits for a person who is not there. The goroutine that
// still waits ends with the process.
func patiently(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(keyringWait):
		return errPatience
	}
}

func noKeyring(err error) error {
	if err == nil {
		return nil
	}
	cause := plain.Line(err.Error())
	if len(cause) > 120 {
		cause = cause[:120] + "…"
	}
	return hint.Errorf(hint.Locked,
		"use the desktop session whose keyring holds the key (Secret Service on Linux, Keychain "+
			"on macOS, Credential Manager on Windows); "+
			"without one, set "+KeyFileEnv+" to the path of a copy that `janee key export` made",
		"%w: there is no keyring to ask here: %s", ErrLocked, cause)
}
