package opened

import (
	"errors"
	"fmt"
	"maps"

	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// errOtherAuthorities means that a caFile has changed since its owner agreed to it.
var errOtherAuthorities = errors.New(
	"its caFile holds other certificate authorities than its owner agreed to")

// Destination is where config.yaml sends the credential of a service now, with the digest of what
// its caFile holds.
func (s *Home) Destination(service *config.Service) (vault.Destination, error) {
	d := service.Destination()
	if service.CAFile == "" {
		return d, nil
	}
	var err error
	if _, d.CA, err = s.Home.Guard().ReadAuthority(service.CAFile); err != nil {
		return d, fmt.Errorf("reading the caFile of service %q: %w", service.Name, err)
	}
	return d, nil
}

// Agreed returns nil if the owner has agreed to where config.yaml sends the credential of a
// service, and a *config.UnagreedError if not.
func (s *Home) Agreed(service *config.Service) error {
	if s.Vault == nil || !service.Routed() && service.Bound == "" {
		return nil // nothing is sealed, or the sealed values say it all
	}
	was, err := sealed.Agreed(s.Vault, service)
	if err != nil || was.CA == "" {
		return err
	}
	is, err := s.Destination(service)
	if err == nil && is.CA != was.CA {
		err = &config.UnagreedError{Was: was, Is: is, Why: errOtherAuthorities.Error()}
	}
	return err
}

// Bind writes the owner's agreement to the destination of a service as it is in text, and removes
// one that is not needed. Callers have asked the owner, or the owner has named every part. ca is
// the digest of the caFile that the owner was asked about: the file may have changed since.
func (s *Home) Bind(text []byte, name, ca string) ([]byte, error) {
	return s.bind(text, name, ca, false)
}

func (s *Home) bind(text []byte, name, ca string, typed bool) ([]byte, error) {
	c, err := config.Parse(text)
	if err != nil {
		return nil, err
	}
	service := c.Services[name]
	switch {
	case service == nil:
		return nil, &config.NotFoundError{Kind: "service", Name: name, Known: c.ServiceNames}
	case !service.Routed() && service.Bound == "":
		return text, nil
	case !service.Routed() || !service.Auth.Sealed():
		return config.SetBound(text, name, "")
	}
	d := service.Destination()
	d.CA = ca
	plain, err := sealed.Credential(s.Vault, service)
	if err != nil {
		return nil, err
	}
	b := vault.Bound{Destination: d, Values: service.Fingerprints(s.Vault, plain), Typed: typed}
	was, err := s.Vault.OpenBound(service.Bound)
	if err == nil && was.Destination == d && maps.Equal(was.Values, b.Values) {
		return text, nil // and a line that was typed does not become one that was asked about
	}
	return config.SetBound(text, name, s.Vault.SealBound(b))
}

// sealAll seals every plaintext secret of text. A person who types a whole credential into a
// service has also typed where it goes, so sealAll binds it to that destination. If the owner
// agreed to another destination, or other values of the service are sealed, only `janee trust`
// agrees.
func (s *Home) sealAll(text []byte, seal config.Sealer) (out []byte, n int, err error) {
	before, err := config.Parse(text)
	if err != nil {
		return nil, 0, err
	}
	out, n, err = config.Seal(text, seal)
	if err != nil || n == 0 {
		return out, n, err
	}
	for _, name := range before.WhollyPlain() {
		service := before.Services[name]
		if !service.Routed() {
			continue
		}
		is, err := s.Destination(service)
		if err == nil && !s.sameAgreement(service, is) {
			continue
		}
		var bound []byte
		if err == nil {
			bound, err = s.bind(out, name, is.CA, service.Bound == "" || s.Typed(service))
		}
		if err != nil {
			s.Warnings = append(s.Warnings,
				fmt.Sprintf("%v; Janee refuses calls until you fix this and run `janee trust %s`",
					err, name))
			continue
		}
		out = bound
		s.Warnings = append(s.Warnings, fmt.Sprintf(
			"service %s: according to config.yaml its key goes %s", name, service.Route()))
	}
	return out, n, nil
}

// Typed reports whether the bound line of a service covers only values that were typed into
// config.yaml beside the destination. Anyone who can write the file can have such a line made for a
// worthless value and so break the service. A new key from its owner must not follow it.
func (s *Home) Typed(service *config.Service) bool {
	if s.Vault == nil || service.Bound == "" {
		return false
	}
	b, err := s.Vault.OpenBound(service.Bound)
	return err == nil && b.Typed
}

// sameAgreement reports whether there is no sign that the owner has agreed to another destination.
func (s *Home) sameAgreement(service *config.Service, is vault.Destination) bool {
	if service.Bound == "" {
		return true
	}
	b, err := s.Vault.OpenBound(service.Bound)
	return err == nil && is == b.Destination
}
