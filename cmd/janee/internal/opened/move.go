package opened

import (
	"errors"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// ErrMoved means that another process has moved the root key, or changed the vault, meanwhile.
var ErrMoved = errors.New("the vault was changed meanwhile")

// MoveKey has the root key lie where to says: there first, read back; then config.yaml says so, in
// one write under the lock; then it is taken away from where it was. Whenever that ends, the home
// opens. where is the new place, left what is not ours to take away. An error of the last step
// comes with both: the move is done by then.
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
		// A write may fail when the new file is in place already: then the key has to stay where
		// that says.
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
