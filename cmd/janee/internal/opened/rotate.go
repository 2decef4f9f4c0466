package opened

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// Rotation is the result of a change of the sealing key.
type Rotation struct {
	From, To string // ids of sealing keys
	Values   int    // how many were sealed again
	// where the previous file is, relative to the home; "" until something is written
	Kept string
}

// ErrRotated means that another process has changed the sealing key in the meantime.
var ErrRotated = errors.New("the sealing key changed in the meantime")

// PlanRotation does everything that Rotate does except writing, so that what would fail fails
// before it is recorded.
func (s *Home) PlanRotation() (Rotation, error) {
	text, _, err := s.Home.ReadConfig()
	if err != nil {
		return Rotation{}, err
	}
	_, _, r, err := s.rotated(text)
	return r, err
}

// SealedConfig is config.yaml with everything in it sealed, whether or not the file itself can be
// written.
func (s *Home) SealedConfig() ([]byte, error) {
	text, _, err := s.Home.ReadConfig()
	if err != nil {
		return nil, err
	}
	text, _, err = s.sealAll(text, s.Seal)
	return text, err
}

// Rotate seals every value of config.yaml with the next sealing key, in one write, and keeps the
// previous file among the generations. The root key stays, so sessions and logs still verify. Each
// value keeps its binding. If a value does not open, nothing changes; the same holds for
// ErrRotated, when the key in force is not that of the plan.
func (s *Home) Rotate(keys *keysource.Keys, plan Rotation) (r Rotation, err error) {
	err = s.Edit(keys, func(text []byte) ([]byte, error) {
		before, after, done, err := s.rotated(text)
		if err == nil && (done.From != plan.From || done.To != plan.To) {
			err = ErrRotated
		}
		if err != nil {
			return nil, err
		}
		done.Kept, err = s.Home.KeepGeneration(before)
		r = done
		return after, err
	})
	if err != nil {
		return Rotation{}, err
	}
	return r, s.Home.DropGenerations()
}

// rotated returns text with every plaintext secret sealed, and that text with every value sealed
// under the next key.
func (s *Home) rotated(text []byte) (before, after []byte, r Rotation, err error) {
	if before, _, err = config.Seal(text, s.Seal); err != nil {
		return nil, nil, r, err
	}
	c, err := config.Parse(before)
	if err != nil {
		return nil, nil, r, ConfigError(s.Home.ConfigPath(), err)
	}
	r = Rotation{From: c.Vault.Key, To: nextKey(c), Values: len(c.Sealed())}
	after, err = config.Rekey(before, r.To, func(v config.SealedValue) (string, error) {
		binding, plain, err := s.Vault.Open(v.Text)
		if err != nil {
			return "", err
		}
		return s.Vault.Seal(r.To, binding, newNonce(), plain), nil
	})
	if err != nil {
		return nil, nil, r, hint.New(hint.Failed,
			"type that credential in its place again; Janee seals it there",
			fmt.Errorf("changing the sealing key, nothing was changed: %w", err))
	}
	return before, after, r, nil
}

// nextKey counts on from the highest number that a sealing key of the file ends in: k1, k2, ….
func nextKey(c *config.Config) string {
	stem, n := keyNumber(c.Vault.Key)
	for _, v := range c.Sealed() {
		if _, kid, err := vault.Parse(v.Text); err == nil {
			if other, m := keyNumber(kid); other == stem {
				n = max(n, m)
			}
		}
	}
	return stem + strconv.Itoa(n+1)
}

func keyNumber(kid string) (stem string, n int) {
	stem = strings.TrimRight(kid, "0123456789")
	n, err := strconv.Atoi(kid[len(stem):])
	if err != nil || n > maxKeyNumber || strconv.Itoa(n) != kid[len(stem):] {
		return kid + "-", 0
	}
	return stem, n
}

const maxKeyNumber = 1 << 30
