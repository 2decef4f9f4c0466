package sign

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/wire"
)

// FieldError says what is wrong with a field of a credential. Field is its path under auth. Neither
// part shows the value.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return fmt.Sprintf("auth field %q %s", e.Field, e.Text) }

// Check returns a *FieldError for the first field that is missing, unknown, or has a value that
// could not be sent.
func (s *Scheme) Check(c Credential) error {
	known := map[string]bool{}
	for _, f := range s.Fields {
		paths := c.paths(f)
		if f.Required && len(paths) == 0 {
			return &FieldError{f.Name, "is missing"}
		}
		for _, path := range paths {
			known[path] = true
			if text := c.fault(f, path); text != "" {
				return &FieldError{path, text}
			}
		}
		if f.Map {
			if err := headerNames(paths); err != nil {
				return err
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(c)) {
		if !known[path] {
			return &FieldError{path, "is unknown to " + s.Type}
		}
	}
	if s.whole != nil {
		if err := s.whole(c); err != nil {
			return err
		}
	}
	return nil
}

func (c Credential) fault(f Field, path string) string {
	value := c[path].Reveal()
	if value == "" {
		if f.Required {
			return "is missing"
		}
		return ""
	}
	if f.fault == nil {
		return plainFault(value)
	}
	return f.fault(value)
}

// Entry is one field of a credential by path, as in "key" or "headers.X-Api-Key".
type Entry struct {
	Path     string
	Secret   bool
	identity bool
}

// Entries returns what c contains in the order of the scheme's fields; the entries of a map are
// sorted by name.
func (s *Scheme) Entries(c Credential) []Entry {
	var found []Entry
	for _, f := range s.Fields {
		for _, path := range c.paths(f) {
			found = append(found, Entry{path, f.Secret, f.Identity})
		}
	}
	return found
}

// given reports whether a field is there and not empty.
func (c Credential) given(field string) bool { return !c[field].IsZero() }

// paths returns the paths of c that belong to f, in a fixed order.
func (c Credential) paths(f Field) []string {
	if f.Map {
		return c.under(f.Name)
	}
	if _, ok := c[f.Name]; ok {
		return []string{f.Name}
	}
	return nil
}

// under returns the paths below a field that is a map, sorted.
func (c Credential) under(field string) (paths []string) {
	for path := range c {
		if strings.HasPrefix(path, field+".") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// plainFault checks the grammar of every value: text on one line, without white space around it. A
// pasted line break would end a header field, and a stray blank makes a key that the API refuses
// for no visible reason.
func plainFault(value string) string {
	switch {
	case !utf8.ValidString(value):
		return "is not text (UTF-8)"
	case strings.TrimSpace(value) != value:
		return "begins or ends with white space"
	case strings.ContainsFunc(value, unicode.IsControl):
		return "contains a line break or another control character"
	}
	return ""
}

// headerFault checks a value that goes into a field as it is.
func headerFault(value string) string {
	if text := plainFault(value); text != "" {
		return text
	}
	if !wire.ValidValue(value) {
		return "contains a character that cannot be sent in a header (only visible ASCII can)"
	}
	return ""
}

// tokenFault checks a value that is beside other words in a field.
func tokenFault(value string) string {
	if text := headerFault(value); text != "" {
		return text
	}
	if strings.ContainsRune(value, ' ') {
		return "contains a blank; give only the key, without the word before it"
	}
	return ""
}
