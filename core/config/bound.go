package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// Destination returns where config.yaml sends the credential of s now. Its CA is empty: this
// package reads no file, so the code that reads CAFile compares the digest.
func (s *Service) Destination() vault.Destination {
	d := vault.Destination{
		Service: s.Name, Type: s.Auth.Type, Origin: s.Base.Origin(), Proxy: s.Proxy,
	}
	if scheme, ok := sign.Lookup(s.Auth.Type); ok {
		c := sign.Credential{}
		for path, v := range s.Auth.Fields {
			c[path] = v.Plain
		}
		d.Origin = scheme.Origin(d.Origin, c)
	}
	return d
}

// Routed reports whether where the credential goes depends on something that a sealed value does
// not carry. Such a service needs the owner's agreement in Bound.
func (s *Service) Routed() bool { return s.Proxy != "" || s.CAFile != "" }

// Route says how the credential of a service that is Routed goes, to complete "it goes".
func (s *Service) Route() string {
	var parts []string
	if s.Proxy != "" {
		parts = append(parts, "through the proxy "+s.Proxy)
	}
	if s.CAFile != "" {
		parts = append(parts,
			fmt.Sprintf("to servers that the authorities in %q vouch for", s.CAFile))
	}
	return strings.Join(parts, ", ")
}

// SessionBinding returns what a session of s is bound to besides the origin of the base URL: "" if
// the origin says everything, else a digest of the whole destination with the CA that Bound names.
// Nothing has verified Bound by then: Agreed does, before anything is sent.
func (s *Service) SessionBinding() string { return s.sessionBinding }

func (s *Service) bindSession() string {
	d := s.Destination()
	if s.CAFile != "" {
		b, _ := vault.ReadBound(s.Bound)
		d.CA = b.CA
	}
	if !s.Routed() && d.Origin == s.Base.Origin() {
		return ""
	}
	return d.Digest()
}

// UnagreedError says that config.yaml sends a credential to a place that its owner has not agreed
// to.
type UnagreedError struct {
	Was vault.Destination // zero if nothing authentic tells
	Is  vault.Destination // its CA is not known
	Why string
}

// Error implements error.
func (e *UnagreedError) Error() string {
	return fmt.Sprintf(
		"the owner of service %q has not agreed to where config.yaml sends its key: %s",
		e.Is.Service, e.Why)
}

// Agreed returns what the owner has agreed to for s, given the plain credential in its values. Its
// CA is the digest that the content of CAFile must have. It is zero if no line is needed: a service
// that is not Routed has sealed values that carry their destination themselves, and values in the
// clear are known to anyone who can write the file. The error is an *UnagreedError.
func (s *Service) Agreed(v *vault.Vault, plain sign.Credential) (vault.Destination, error) {
	if s.Bound == "" && !s.Routed() || !s.Auth.Sealed() {
		return vault.Destination{}, nil
	}
	is := s.Destination()
	if s.Bound == "" {
		direct := is
		direct.Proxy = ""
		return is, &UnagreedError{Is: is, Why: s.differs(direct)}
	}
	b, err := v.OpenBound(s.Bound)
	if err != nil {
		return is, &UnagreedError{Is: is, Why: "its bound line is damaged, or from another home"}
	}
	if why := s.differs(b.Destination); why != "" {
		return is, &UnagreedError{Was: b.Destination, Is: is, Why: why}
	}
	if !maps.Equal(b.Values, s.Fingerprints(v, plain)) {
		return is, &UnagreedError{
			Was: b.Destination, Is: is, Why: "the agreement covers other values of its auth",
		}
	}
	return b.Destination, nil
}

// Fingerprints returns those of the sealed values of s, by path.
func (s *Service) Fingerprints(v *vault.Vault, plain sign.Credential) map[string]string {
	prints := map[string]string{}
	for path, value := range s.Auth.Fields {
		if value.Sealed != "" {
			prints[path] = v.Fingerprint(s.Name, path, plain[path])
		}
	}
	return prints
}

// differs says which parts of the destination of s differ from what was agreed to, or "".
func (s *Service) differs(was vault.Destination) string {
	is := s.Destination()
	var parts []string
	for _, p := range []struct{ name, was, is string }{
		{"service", was.Service, is.Service},
		{"auth type", was.Type, is.Type},
		{"origin", was.Origin, is.Origin},
		{"proxy", was.Proxy, is.Proxy},
	} {
		if p.was != p.is {
			parts = append(parts,
				fmt.Sprintf("%s is %s, but %s was agreed to", p.name, orNone(p.is), orNone(p.was)))
		}
	}
	switch {
	case was.CA == "" && s.CAFile != "":
		parts = append(parts, fmt.Sprintf("caFile is %q, but none was agreed to", s.CAFile))
	case was.CA != "" && s.CAFile == "":
		parts = append(parts, "there is no caFile, but one was agreed to")
	}
	return strings.Join(parts, "; ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Sealed reports whether any value is sealed.
func (a Auth) Sealed() bool {
	for _, v := range a.Fields {
		if v.Sealed != "" {
			return true
		}
	}
	return false
}

// SetBound writes the bound line of a service, or removes it for "". Its errors are those of
// EditService.
func SetBound(text []byte, service, bound string) ([]byte, error) {
	return edited(text, func(e *editor) error {
		if err := e.known("service", "services", service); err != nil {
			return err
		}
		path := []string{"services", service, "bound"}
		if bound == "" {
			return e.remove(path...)
		}
		line := textNode(bound)
		line.Style = yaml.SingleQuotedStyle // JSON is full of double quotes
		return e.put(path, line)
	})
}

// WhollyPlain returns the names of the services, sorted, whose secrets are all in plaintext: a
// person typed them together with everything else that the service says.
func (c *Config) WhollyPlain() (names []string) {
	for name, s := range c.Services {
		if !s.Auth.Sealed() && s.Auth.plainSecrets() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (a Auth) plainSecrets() bool {
	scheme, ok := sign.Lookup(a.Type)
	if !ok {
		return false
	}
	for _, f := range scheme.Fields {
		if !f.Secret {
			continue
		}
		for path, v := range a.Fields {
			name, _, _ := strings.Cut(path, ".")
			if name == f.Name && !v.Plain.IsZero() {
				return true
			}
		}
	}
	return false
}
