package legacy

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// auth maps the auth type and its fields.
func (p *Plan) auth(s *PlannedService, old oldService) error {
	s.Type = old.Type
	if old.Type == "hmac" {
		s.Type = "hmac-mexc"
		p.changed("service %q: the auth type hmac is now called hmac-mexc", s.Name)
	}
	scheme, ok := sign.Lookup(s.Type)
	if !ok {
		return fmt.Errorf("the auth type %q is not supported by this version", old.Type)
	}
	for path, value := range old.Secrets {
		s.Credential[path] = value
	}
	for path, value := range old.Plain {
		s.Credential[path] = secret.New(value)
	}
	for _, path := range sortedKeys(s.Credential) {
		field, _, _ := strings.Cut(path, ".")
		if !slices.ContainsFunc(scheme.Fields, func(f sign.Field) bool { return f.Name == field }) {
			p.left("service %q: the field %s, which %s does not have", s.Name, path, s.Type)
			delete(s.Credential, path)
		}
	}
	p.trim(s)
	if s.Type == "bearer" {
		p.words(s)
	}
	return nil
}

// trim removes white space around values, as HTTP does.
func (p *Plan) trim(s *PlannedService) {
	for _, path := range sortedKeys(s.Credential) {
		value := s.Credential[path].Reveal()
		cut := strings.TrimSpace(value)
		if cut != value && path != "privateKey" && path != "credentials" {
			s.Credential[path] = secret.New(cut)
			p.changed("service %q: white space around %s was removed", s.Name, path)
		}
	}
}

// schemeWords are words that APIs want before a key. Another first word may be part of the key, so
// it stays and is not shown.
var schemeWords = []string{
	"Bot", "Token", "Key", "ApiKey", "Api-Key", "GenieKey", "OAuth", "SSWS", "Basic",
}

// words splits a bearer key of two words: the old program sent Bearer before both, which no API
// accepts. "Basic" is what its own `add` stored for a user name and password.
func (p *Plan) words(s *PlannedService) {
	word, key, two := strings.Cut(s.Credential["key"].Reveal(), " ")
	if key = strings.TrimSpace(key); !two {
		return
	}
	user, password, isPair := basicPair(key)
	switch {
	case strings.EqualFold(word, "Bearer"):
		s.Credential["key"] = secret.New(key)
		p.changed("service %q: the word Bearer was removed from its key", s.Name)
	case strings.EqualFold(word, "Basic") && isPair:
		s.Type, s.Credential = "basic", sign.Credential{"username": secret.New(user)}
		if password != "" {
			s.Credential["password"] = secret.New(password)
		}
		p.changed("service %q: its key was a user name and password, which the old program sent "+
			"in a way that no API accepts; its auth type is now basic", s.Name)
	case slices.ContainsFunc(schemeWords, func(known string) bool {
		return strings.EqualFold(known, word)
	}):
		s.Credential["key"], s.Credential["scheme"] = secret.New(key), secret.New(word)
		p.changed("service %q: the first word of its key, %s, is now its scheme", s.Name, word)
	}
}

func basicPair(key string) (user, password string, ok bool) {
	pair, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(pair), ":")
}
