package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/true-and-useful/janee/core/sign"
)

// FormatDuration writes a duration as config.yaml does, in its largest whole unit: "1h", "15m",
// "250ms".
func FormatDuration(d time.Duration) string {
	for _, u := range []string{"d", "h", "m", "s"} {
		if d >= units[u] && d%units[u] == 0 {
			return fmt.Sprintf("%d%s", d/units[u], u)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// HasPlaintext reports whether the file contains a secret that is not sealed yet.
func (c *Config) HasPlaintext() bool {
	if slices.ContainsFunc(c.hooks(), func(h hook) bool { return h.webhook.Secret.Sealed == "" }) {
		return true
	}
	for _, s := range c.Services {
		if s.Auth.hasPlaintext() {
			return true
		}
	}
	return false
}

func (a Auth) hasPlaintext() bool {
	scheme, ok := sign.Lookup(a.Type)
	if !ok {
		return false
	}
	held := sign.Credential{}
	for path, v := range a.Fields {
		held[path] = v.Plain
	}
	for _, e := range scheme.Entries(held) {
		if e.Secret && a.Fields[e.Path].Sealed == "" {
			return true
		}
	}
	return false
}

// HasSealed reports whether the file contains a sealed secret.
func (c *Config) HasSealed() bool {
	if slices.ContainsFunc(c.hooks(), func(h hook) bool { return h.webhook.Secret.Sealed != "" }) {
		return true
	}
	for _, s := range c.Services {
		for _, v := range s.Auth.Fields {
			if v.Sealed != "" {
				return true
			}
		}
	}
	return false
}
