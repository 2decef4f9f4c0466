// Package secret handles what must not be seen. A Text is a secret that cannot print, and a
// Scrubber takes secrets out of bytes on their way to an agent. Keep every credential in a Text
// from the moment it is read, and pass everything that an upstream says through a Scrubber.
//
// Neither protects against an upstream that helps the agent by transforming a secret on purpose:
// policy is the wall, this package is the net for accidents.
//
// A Scrubber compiles the spellings of its secrets (forms.go) into an automaton (automaton.go). A
// Stream feeds it the bytes as they are written and as they are meant (reader.go, escape.go), and a
// filter skips quickly what cannot begin a secret (skim.go).
package secret

import (
	"fmt"
	"io"
)

const hidden = "[redacted]"

// Text is a secret. In any fmt verb, JSON, YAML, XML or slog it reads "[redacted]", even if it is
// empty; only Reveal returns it. The zero value is the empty secret. Comparing Texts with == is of
// no use: it compares where they are kept.
//
// The string is behind a pointer because fmt reads unexported fields without calling their methods:
// there it shows an address, where a `type Text string` would show the secret.
type Text struct{ p *string }

// New returns s as a Text.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{&s}
}

// Reveal returns the secret in the clear. TestRevealCallers lists the packages that may call it.
func (t Text) Reveal() string {
	if t.p == nil {
		return ""
	}
	return *t.p
}

// IsZero reports whether the secret is empty.
func (t Text) IsZero() bool { return t.p == nil }

// Len returns the length of the secret in bytes.
func (t Text) Len() int { return len(t.Reveal()) }

// Format implements fmt.Formatter for every verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// String implements fmt.Stringer.
func (Text) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Text) GoString() string { return hidden }

// MarshalText implements encoding.TextMarshaler, which slog, XML and map keys use.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON implements json.Marshaler.
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML implements yaml.Marshaler of go.yaml.in/yaml/v3.
func (Text) MarshalYAML() (any, error) { return hidden, nil }
