// Package sealed looks at the sealed values of a service: whether each opens, and whether it stands
// where it was sealed for. Use Fields to show or mend that; the engine in package core makes the
// same comparison on its own before it sends anything. It changes no file and decides nothing:
// `janee trust` asks the person.
package sealed

import (
	"fmt"
	"maps"
	"slices"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// Field is one sealed value. Got and Plain are set and authentic where Err is nil; Err is that of
// vault.Open.
type Field struct {
	Path   string // under auth: "key", "headers.X-Api-Key"
	Sealed string // as it stands in the file
	Want   vault.Binding
	Got    vault.Binding
	Plain  secret.Text
	Err    error
}

// Fields opens every sealed value of s, by path.
func Fields(v *vault.Vault, s *config.Service) []Field {
	var fields []Field
	for _, path := range slices.Sorted(maps.Keys(s.Auth.Fields)) {
		text := s.Auth.Fields[path].Sealed
		if text == "" {
			continue
		}
		f := Field{Path: path, Sealed: text, Want: s.Binding(path)}
		f.Got, f.Plain, f.Err = v.Open(text)
		fields = append(fields, f)
	}
	return fields
}

// Rebound reports whether the value is authentic and yet stands elsewhere than it was sealed for.
func (f Field) Rebound() bool { return f.Err == nil && f.Got != f.Want }

// Moved reports whether it was sealed for another field. No change of a service explains that:
// somebody moved the text.
func (f Field) Moved() bool { return f.Err == nil && f.Got.Field != f.Want.Field }

// Credential opens every value of s. The error names the value that does not open.
func Credential(v *vault.Vault, s *config.Service) (sign.Credential, error) {
	c := sign.Credential{}
	for path, value := range s.Auth.Fields {
		c[path] = value.Plain
	}
	for _, f := range Fields(v, s) {
		if f.Err != nil {
			return nil, fmt.Errorf("opening %s of service %q: %w", f.Path, s.Name, f.Err)
		}
		c[f.Path] = f.Plain
	}
	return c, nil
}

// Agreed returns the destination that the owner has agreed to for s; see config.Service.Agreed.
func Agreed(v *vault.Vault, s *config.Service) (vault.Destination, error) {
	c, err := Credential(v, s)
	if err != nil {
		return vault.Destination{}, err
	}
	return s.Agreed(v, c)
}
