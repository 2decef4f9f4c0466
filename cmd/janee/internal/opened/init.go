package opened

import (
	"errors"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
)

// ErrExists means that the home has a config.yaml already.
var ErrExists = errors.New("config.yaml exists already")

// Init makes the home dir with the commented config.yaml and a root key. It never touches a
// config.yaml that is there: the home it returns with ErrExists has its Home set and nothing else.
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
