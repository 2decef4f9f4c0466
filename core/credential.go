package core

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// open decrypts the credential of a service. It refuses a value that was sealed for another
// service, field, type or origin, and a proxy or certificate authority that the owner has not
// agreed to. to is the destination that was agreed to.
func (e *Engine) open(s *config.Service) (
	scheme *sign.Scheme, c sign.Credential, to vault.Destination, err error,
) {
	scheme, ok := sign.Lookup(s.Auth.Type)
	if !ok {
		return nil, nil, to, fmt.Errorf("unknown auth type %q", s.Auth.Type)
	}
	if c, err = e.decrypt(s); err != nil {
		return nil, nil, to, err
	}
	if to, err = s.Agreed(e.vault, c); err != nil {
		return nil, nil, to, err
	}
	return scheme, c, to, nil
}

func (e *Engine) decrypt(s *config.Service) (sign.Credential, error) {
	c := sign.Credential{}
	for field, v := range s.Auth.Fields {
		if v.Sealed == "" {
			c[field] = v.Plain
			continue
		}
		want := s.Binding(field)
		got, plain, err := e.vault.Open(v.Sealed)
		if err != nil {
			return nil, fmt.Errorf("opening %s of service %q: %w", field, s.Name, err)
		}
		if got != want {
			return nil, &reboundError{want: want, got: got}
		}
		c[field] = plain
	}
	return c, nil
}

// reboundError says that a sealed value is not where it was sealed for: it was swapped, or its
// service was repointed.
type reboundError struct{ want, got vault.Binding }

func (e *reboundError) Error() string {
	return fmt.Sprintf("the key of service %q was stored for %s, not for %s", e.want.Service,
		place(e.got), place(e.want))
}

func place(b vault.Binding) string {
	if u, err := url.Parse(b.Origin); err == nil && u.Host != "" {
		return fmt.Sprintf("%s (%s, %s, %s)", b.Origin, b.Service, b.Type, b.Field)
	}
	return fmt.Sprintf("%q", b.Origin)
}

func (s *subject) credentialDenial(err error) *Denial {
	var rebound *reboundError
	if errors.As(err, &rebound) {
		return s.deny(CredentialRebound).because(err.Error(), "",
			trustHint(rebound.want.Service))
	}
	var unagreed *config.UnagreedError
	if errors.As(err, &unagreed) {
		return s.deny(CredentialRebound).because(err.Error(), "",
			trustHint(unagreed.Is.Service))
	}
	return s.deny(VaultLocked).because(err.Error(), "",
		"tell your user to store the key of this service again")
}
