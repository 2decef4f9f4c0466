// Package sealed examines the sealed values of a service: whether each can be opened, and whether
// it is in the place that it was sealed for. The main type is Field. `janee doctor` shows the
// result, and `janee trust` asks the owner about it.
//
// It changes no file and decides nothing. Package core/vault seals and opens single values, and
// package core makes the same comparison itself before it sends anything.
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

// Field is one sealed value. Got and Plain are set and authentic if Err is nil.
type Field struct {
	Path   string        // under auth: "key", "headers.X-Api-Key"
	Sealed string        // as written in the file
	Want   vault.Binding // the place where it is
	Got    vault.Binding // the place that it was sealed for
	Plain  secret.Text
	Err    error // of vault.Open
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

// Rebound reports whether the value is authentic, but in another place than it was sealed for.
func (f Field) Rebound() bool { return f.Err == nil && f.Got != f.Want }

// Moved reports whether the value was sealed for another field. No change of a service explains
// that, so the text was moved by hand.
func (f Field) Moved() bool { return f.Err == nil && f.Got.Field != f.Want.Field }

// Credential opens every value of s. The error names the value that cannot be opened.
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
