package opened

import (
	"errors"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// ErrMoved means that another process has moved the root key or changed the vault in the meantime.
var ErrMoved = errors.New("the vault changed in the meantime")

// MoveKey moves the root key to the place that to names. It writes the key there and reads it back,
// then changes config.yaml in one write under the lock, then removes the key from the old place.
// Whenever that is interrupted, the home opens. where is the new place; left is what Janee may not
// remove. If the last step fails, the error comes with both, and the move is done.
func (s *Home) MoveKey(
	keys *keysource.Keys, root vault.Root, to config.Vault, passphrase secret.Text,
) (where, left string, err error) {
	from := s.Config.Vault
	var undo func() error
	err = s.Home.EditConfig(func(text []byte) ([]byte, error) {
		if err := s.load(keys, text); err != nil {
			return nil, err
		}
		if now := s.Config.Vault; now.ID != from.ID || now.Check != from.Check ||
			now.Kept() != from.Kept() || !slices.Equal(now.Command, from.Command) {
			return nil, ErrMoved
		}
		out, err := config.SetSource(text, to.Kept(), to.Command)
		if err != nil {
			return nil, err
		}
		where, undo, err = keys.Put(to, root, passphrase)
		return out, err
	})
	if err != nil {
		// A write may fail after the new file is in place: then the key must stay where that file
		// says.
		if undo != nil && !s.keptAt(to) {
			err = errors.Join(err, undo())
		}
		return where, "", err
	}
	s.Config.Vault = to
	left, err = keys.Remove(from, to)
	return where, left, err
}

// keptAt reports whether config.yaml may say that the key is there.
func (s *Home) keptAt(v config.Vault) bool {
	text, _, err := s.Home.ReadConfig()
	if err != nil {
		return true
	}
	c, err := config.Parse(text)
	return err != nil || c.Vault.Kept() == v.Kept()
}
