package cli

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/secret"
)

// variable is one line of a .env file. Values may be credentials.
type variable struct {
	Name  string
	Value secret.Text
}

// parseDotenv reads the NAME=VALUE lines of a .env file with quotes, comments and "export", as
// shells write them. It expands no variables and runs nothing: a "$" in a value is a "$". The
// variables keep their order. An error names the line and shows nothing of it.
func parseDotenv(text []byte) (pairs []variable, err error) {
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
		if name = strings.TrimSpace(name); !found || !validVariable(name) {
			return nil, fmt.Errorf("reading the variables: line %d is not NAME=VALUE", i+1)
		}
		value = strings.TrimSpace(value)
		start := i
		for openQuote(value) {
			if i++; i == len(lines) {
				return nil, fmt.Errorf(
					"reading the variables: the quote that begins in line %d is not closed",
					start+1)
			}
			value += "\n" + strings.TrimSuffix(lines[i], "\r")
		}
		pairs = append(pairs, variable{name, secret.New(unquote(value))})
	}
	return pairs, nil
}

func validVariable(s string) bool {
	return s != "" &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// openQuote reports a value that goes on in the next line, as PEM keys do.
func openQuote(value string) bool { return quoted(value) && closingQuote(value) < 0 }

func quoted(value string) bool { return value != "" && (value[0] == '"' || value[0] == '\'') }

// closingQuote is where the quote that begins value ends, -1 if it does not.
func closingQuote(value string) int {
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
	inner := value[1:closingQuote(value)]
	if value[0] == '"' {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`,
			`\`, `\$`, "$").Replace(inner)
	}
	return inner
}
