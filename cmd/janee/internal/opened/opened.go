// Package opened opens a home as a whole: it parses the configuration, loads the root key and seals
// in place every secret that the owner typed in plaintext. Commands and the server start with Open;
// the Home that it returns can also be edited, have its sealing key rotated and its root key moved.
//
// Package home, below it, knows files and their guards, but not their content nor any key. Package
// gateway works with what Open returns.
package opened

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// keyID names the sealing key of a new home. Rotation goes on to k2.
const keyID = "k1"

// Home is an open home: its files, the configuration, and the vault that its root key opens.
type Home struct {
	Home      *home.Home
	Config    *config.Config
	Vault     *vault.Vault // nil where the home has no vault yet
	KeySource string       // where the root key came from, for status lines
	Stamp     home.Stamp   // of the config.yaml that was read
	Warnings  []string
	NewKey    bool // this call made the root key
}

// Open reads the home that the environment of keys names. If config.yaml has errors, the error
// lists them; a missing or wrong root key carries exit code 4. If a plaintext secret cannot be
// sealed in the file, it is used all the same, and Warnings says so.
func Open(keys *keysource.Keys) (*Home, error) {
	dir, err := home.Dir(keys.Getenv)
	if err != nil {
		return nil, err
	}
	h, err := home.Open(dir)
	if err != nil {
		return nil, err
	}
	s, err := Read(keys, h)
	if err != nil {
		return nil, err
	}
	return s, s.SealInPlace(keys)
}

// Read is Open without sealing, for a home that is open already.
func Read(keys *keysource.Keys, h *home.Home) (*Home, error) {
	s := &Home{Home: h}
	text, stamp, err := h.ReadConfig()
	if errors.Is(err, fs.ErrNotExist) && legacy.Found(h.Path(".")) {
		return nil, Unconverted(h.Path("."))
	}
	if err != nil {
		return nil, err
	}
	s.Stamp = stamp
	if err := s.load(keys, text); err != nil {
		return nil, err
	}
	return s, nil
}

// load parses text and opens its vault, if it has one.
func (s *Home) load(keys *keysource.Keys, text []byte) error {
	c, err := config.Parse(text)
	if err != nil && legacy.Found(s.Home.Path(".")) {
		return Unconverted(s.Home.Path("."))
	}
	if err != nil {
		return ConfigError(s.Home.ConfigPath(), err)
	}
	s.Config, s.Vault = c, nil
	if c.Vault.ID == "" {
		return nil
	}
	root, where, err := keys.Load(c.Vault)
	if err != nil {
		return err
	}
	s.Vault, s.KeySource = vault.New(root, c.Vault.ID), where
	return nil
}

// SealInPlace seals what a person typed in plaintext, and makes the vault if this home has none. If
// the file cannot be written, the secrets are used as they are, and Warnings says so.
func (s *Home) SealInPlace(keys *keysource.Keys) error {
	if !s.Config.HasPlaintext() && s.Vault != nil {
		return nil
	}
	var sealed []byte
	n := 0
	err := s.Home.EditConfig(func(old []byte) (out []byte, err error) {
		if out, err = s.ensureVault(keys, old); err != nil {
			return nil, err
		}
		sealed, n, err = s.sealAll(out, func(b vault.Binding, plain secret.Text) (string, error) {
			if plain.Len() < secret.MinLength {
				s.Warnings = append(s.Warnings, fmt.Sprintf(
					"%s of service %s has fewer than %d characters, "+
						"so it is not masked in responses",
					b.Field, b.Service, secret.MinLength))
			}
			return s.Seal(b, plain)
		})
		return sealed, err
	})
	if err != nil {
		if s.Vault == nil {
			return err // without a root key there is no log, and without a log nothing is done
		}
		s.Warnings = append(s.Warnings,
			fmt.Sprintf("%v; Janee uses the plaintext secrets in the file, but they stay readable",
				err))
		return nil
	}
	if n > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("sealed %d plaintext %s in %s", n,
			plural(n, "secret", "secrets"), s.Home.ConfigPath()))
	}
	return s.load(keys, sealed)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Edit changes config.yaml under the lock and loads the result. It makes the vault first, so that
// change may call Seal.
func (s *Home) Edit(keys *keysource.Keys, change func(text []byte) ([]byte, error)) error {
	var out []byte
	err := s.Home.EditConfig(func(old []byte) ([]byte, error) {
		text, err := s.ensureVault(keys, old)
		if err != nil {
			return nil, err
		}
		if out, err = change(text); err != nil {
			return nil, err
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	return s.load(keys, out)
}

// ensureVault returns text with a vault block. It makes a root key only if text names none, so that
// a new key never hides the loss of an old one.
func (s *Home) ensureVault(keys *keysource.Keys, text []byte) ([]byte, error) {
	if err := s.load(keys, text); err != nil {
		return nil, err
	}
	if s.Vault != nil {
		return text, nil
	}
	if s.Config.HasSealed() {
		return nil, hint.Errorf(hint.Locked, "put the vault: block back from a backup of the file",
			"%s holds sealed secrets but no vault: block that names their root key",
			s.Home.ConfigPath())
	}
	id := randomID()
	root, where, err := keys.Create(id)
	if err != nil {
		return nil, err
	}
	s.Vault, s.KeySource, s.NewKey = vault.New(root, id), where, true
	block := config.Vault{ID: id, Key: keyID, Check: s.Vault.Check(), Source: config.SourceFile}
	s.Config.Vault = block
	return config.SetVault(text, block)
}

// Seal is the sealing function for package config.
func (s *Home) Seal(b vault.Binding, plain secret.Text) (string, error) {
	if s.Vault == nil {
		return "", errors.New("sealing: there is no vault")
	}
	kid := s.Config.Vault.Key
	if kid == "" {
		kid = keyID
	}
	return s.Vault.Seal(kid, b, newNonce(), plain), nil
}

func newNonce() (nonce [12]byte) {
	_, _ = rand.Read(nonce[:]) // never fails: see crypto/rand
	return nonce
}

// Unconverted is the error for a home that the TypeScript Janee has written.
func Unconverted(dir string) error {
	return hint.Errorf(hint.Failed,
		"`janee import` shows what it would import, and `janee import --apply` imports it",
		"%s was written by the TypeScript Janee and must be imported first", dir)
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// maxProblems is how many problems an error lists: one wrong indentation makes dozens.
const maxProblems = 10

// ConfigError puts the file's name before the problems that config.Parse found, in the order of the
// file.
func ConfigError(path string, err error) error {
	var problems *config.Error
	if !errors.As(err, &problems) {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	text := ""
	for i, p := range problems.Problems {
		if i > 0 {
			text += "\n"
		}
		if i == maxProblems {
			text += fmt.Sprintf("and %d more below", len(problems.Problems)-i)
			break
		}
		text += fmt.Sprintf("%s:%d: %s", path, p.Line, p.Text)
	}
	return hint.New(hint.Failed, "fix the file, then try again",
		errors.New(text))
}
