package cli

import (
	"errors"
	"fmt"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/sign"
)

// kept opens the fields of a credential that skip does not name. held has the sealed ones, with the
// origin that they were sealed for: anyone who can write the file may have changed the one in it.
func kept(
	s *opened.Home, service *config.Service, skip func(path string) bool,
) (whole sign.Credential, held []sealed.Field, err error) {
	whole = sign.Credential{}
	for path, v := range service.Auth.Fields {
		switch {
		case skip(path):
		case v.Sealed == "":
			whole[path] = v.Plain
		case s.Vault == nil:
			return nil, nil, errors.New("there are sealed fields and no vault")
		}
	}
	if s.Vault == nil {
		return whole, nil, nil
	}
	for _, f := range sealed.Fields(s.Vault, service) {
		if skip(f.Path) {
			continue
		}
		if f.Err != nil {
			return nil, nil, hint.New(hint.Failed, "give it again, with its flag",
				fmt.Errorf("opening %s: %w", f.Path, f.Err))
		}
		if there := f.Got; there.Service != f.Want.Service || there.Field != f.Want.Field ||
			there.Type != f.Want.Type {
			return nil, nil, hint.Errorf(hint.Failed,
				"give it again, with its flag, or run `janee trust`",
				"%s was sealed as %s of service %q with auth type %s", f.Path, there.Field,
				there.Service, there.Type)
		}
		whole[f.Path] = f.Plain
		held = append(held, f)
	}
	return whole, held, nil
}

// sealFields seals the secrets of a plan for its origin. Other fields stay as they are.
func sealFields(s *opened.Home, service *config.Service, p movePlan) ([]config.KV, error) {
	scheme, _ := sign.Lookup(service.Auth.Type)
	var fields []config.KV
	for _, e := range scheme.Entries(p.credential) {
		value := p.credential[e.Path].Reveal()
		if e.Secret {
			binding := service.Binding(e.Path)
			binding.Origin = p.origin
			text, err := s.Seal(binding, p.credential[e.Path])
			if err != nil {
				return nil, err
			}
			value = text
		}
		fields = append(fields, config.KV{Path: e.Path, Value: value})
	}
	return fields, nil
}
