package directory

import (
	"regexp"
	"strings"
)

var blank = regexp.MustCompile(`<([a-z]+)>`)

// Blanks returns the <words> of text that must be filled in, without the brackets.
func Blanks(text string) (words []string) {
	for _, m := range blank.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// Fill returns text with its <words> replaced by words. It leaves alone those that words lacks.
// People also write the whole host for its first part, as in acme.zendesk.com or
// https://acme.zendesk.com/; Fill takes what text does not have.
func Fill(text string, words map[string]string) string {
	for _, name := range Blanks(text) {
		before, after, _ := strings.Cut(text, "<"+name+">")
		word := strings.TrimSuffix(strings.TrimPrefix(words[name], "https://"), "/")
		host, _, _ := strings.Cut(after, "/")
		if word = strings.TrimSuffix(word, host); word != "" {
			text = before + word + after
		}
	}
	return text
}

// Filled returns a with the <words> of its fixed fields replaced by words.
func (a Auth) Filled(words map[string]string) Auth {
	fixed := make(map[string]string, len(a.Fixed))
	for name, value := range a.Fixed {
		fixed[name] = Fill(value, words)
	}
	a.Fixed = fixed
	return a
}

// NeedsSecret reports whether the headers need a second value in addition to {key}.
func (a Auth) NeedsSecret() bool {
	for _, value := range a.Headers {
		if strings.Contains(value, "{secret}") {
			return true
		}
	}
	return false
}

// Compose returns the headers with {key} and {secret} replaced, by the paths that they have in a
// credential of the type headers.
func (a Auth) Compose(key, secret string) map[string]string {
	fill := strings.NewReplacer("{key}", key, "{secret}", secret)
	paths := make(map[string]string, len(a.Headers))
	for name, value := range a.Headers {
		paths["headers."+name] = fill.Replace(value)
	}
	return paths
}
