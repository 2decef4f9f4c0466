package config

import (
	"fmt"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// Sealer returns a secret as sealed text for a binding.
type Sealer func(vault.Binding, secret.Text) (string, error)

// Seal replaces every credential in the clear by what seal makes of it, in place, and returns the
// new text and how many it replaced. Comments, order, blank lines, line ends and indentation stay.
// It reads the result again, and fails if anything else has changed. With nothing to seal it
// returns the text as it is and 0. The text must be a valid configuration (*Error otherwise).
func Seal(text []byte, seal Sealer) (out []byte, n int, err error) {
	p, err := parse(text)
	if err != nil {
		return nil, 0, err
	}
	if len(p.plain) == 0 {
		return text, 0, nil
	}
	c := &change{doc: p.doc}
	for _, f := range p.plain {
		sealed, err := seal(f.binding, f.value)
		if err == nil {
			_, _, err = vault.Parse(sealed)
		}
		if err == nil {
			err = c.set(f.node, f.indent, sealed)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("sealing %s: %w", f.what, err)
		}
	}
	if out, err = c.apply(); err != nil {
		return nil, 0, err
	}
	return out, len(p.plain), nil
}
