// Package dotenv reads .env files: NAME=VALUE lines with quotes, comments and "export", as shells and their imitators write them.
// Use Parse on the bytes of a file. It expands no variables and runs nothing: a "$" in a value is a "$".
package dotenv

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/secret"
)

// Pair is one variable. Values may be credentials.
type Pair struct {
	Name  string
	Value secret.Text
}

// Parse returns the variables in their order. An error names the line and shows nothing of it.
func Parse(text []byte) (pairs []Pair, err error) {
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' {
			continue
		}
		if rest, exported := strings.CutPrefix(line, "export "); exported {
			line = strings.TrimSpace(rest)
		}
		name, value, found := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !found || !validName(name) {
			return nil, fmt.Errorf("reading the variables: line %d is not NAME=VALUE", i+1)
		}
		value = strings.TrimSpace(value)
		start := i
		for unclosed(value) {
			if i++; i == len(lines) {
				return nil, fmt.Errorf("reading the variables: the quote that begins in line %d is not closed", start+1)
			}
			value += "\n" + strings.TrimSuffix(lines[i], "\r")
		}
		pairs = append(pairs, Pair{name, secret.New(unquote(value))})
	}
	return pairs, nil
}

func validName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// unclosed reports a value that goes on in the next line, as PEM keys do.
func unclosed(value string) bool { return quoted(value) && closing(value) < 0 }

func quoted(value string) bool { return value != "" && (value[0] == '"' || value[0] == '\'') }

// closing is where the quote that begins value ends, -1 if it does not.
func closing(value string) int {
	for i := 1; i < len(value); i++ {
		switch {
		case value[i] == '\\' && value[0] == '"':
			i++
		case value[i] == value[0]:
			return i
		}
	}
	return -1
}

func unquote(value string) string {
	if !quoted(value) {
		value, _, _ = strings.Cut(value, " #")
		return strings.TrimSpace(value)
	}
	inner := value[1:closing(value)]
	if value[0] == '"' {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`, `\$`, "$").Replace(inner)
	}
	return inner
}
