package opened

import (
	"errors"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
)

// ErrExists means that the home already has a config.yaml.
var ErrExists = errors.New("config.yaml already exists")

// Init creates the home dir with the commented config.yaml and a root key. It never changes an
// existing config.yaml: the home that it returns with ErrExists has only its Home set.
func Init(keys *keysource.Keys, dir string) (*Home, error) {
	h, err := home.Create(dir)
	if err != nil {
		return nil, err
	}
	s := &Home{Home: h}
	return s, h.EditConfig(func(old []byte) ([]byte, error) {
		if old != nil {
			return nil, ErrExists
		}
		return s.ensureVault(keys, config.Template())
	})
}
