package opened

import (
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
)

// Replace writes the config.yaml of h again in one step: change gets the text that Init would
// write, with a vault in it. accept sees the existing file, nil for none; a file that it refuses is
// not replaced. If either returns an error, nothing changes, except that a root key may be left
// that nothing is sealed with.
func Replace(
	keys *keysource.Keys, h *home.Home, accept func(old []byte) error,
	change func(s *Home, text []byte) ([]byte, error),
) (*Home, error) {
	s := &Home{Home: h}
	var out []byte
	err := h.EditConfig(func(old []byte) ([]byte, error) {
		if err := accept(old); err != nil {
			return nil, err
		}
		text, err := s.ensureVault(keys, config.Template())
		if err != nil {
			return nil, err
		}
		out, err = change(s, text)
		return out, err
	})
	if err != nil {
		return nil, err
	}
	return s, s.load(keys, out)
}
