package doctor

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
)

const (
	masterKeyName = keysource.MasterKeyEnv
	unnamed       = "(a value without a name)"
	leastSecret   = 16 // characters
)

// pair finds NAME=value as well as "name": "value", so that one scan reads .env files, TOML, JSON
// and JSON with comments.
var pair = regexp.MustCompile(`["']?([A-Za-z_][A-Za-z0-9_.-]{0,63})["']?[ ` +
	`\t]*[:=]\s*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s"'#,}\]]+))`)

// known finds keys by the prefixes of their issuers (Stripe, OpenAI, Anthropic, GitHub, GitLab,
// Slack, AWS, Google), and Janee's own root key.
var known = regexp.MustCompile(`\b(?:sk_live_|sk_test_|rk_live_|whsec_|sk-|ghp_|gho_|ghs_|ghu_|` +
	`github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|AIza|janee-key-v1:)[A-Za-z0-9_-]{12,}`)

// secretNames returns the sorted names of the values in text that look like credentials. It never
// returns the values.
func secretNames(text string) []string {
	var names []string
	pairs := pair.FindAllStringSubmatchIndex(text, -1)
	for _, at := range pairs {
		name, value := text[at[2]:at[3]], group(text, at, 2)+group(text, at, 3)+group(text, at, 4)
		if namesSecret(name) && random(value) {
			names = append(names, name)
		}
	}
	for _, at := range known.FindAllStringIndex(text, -1) {
		if random(text[at[0]:at[1]]) {
			names = append(names, nameAt(text, pairs, at[0]))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func group(text string, at []int, n int) string {
	if at[2*n] < 0 {
		return ""
	}
	return text[at[2*n]:at[2*n+1]]
}

// nameAt is the name of the pair that holds the byte at offset.
func nameAt(text string, pairs [][]int, offset int) string {
	i, found := slices.BinarySearchFunc(pairs, offset, func(at []int, offset int) int {
		return at[0] - offset
	})
	if !found {
		i--
	}
	if i >= 0 && offset < pairs[i][1] {
		return text[pairs[i][2]:pairs[i][3]]
	}
	return unnamed
}

// namesSecret judges a name. JANEE_TOKEN is fine, because an agent needs it to say who it is.
func namesSecret(name string) bool {
	name = strings.ToUpper(name)
	if name == "JANEE_TOKEN" ||
		slices.ContainsFunc([]string{"_FILE", "_PATH", "_DIR", "_URL", "_VAR"},
			func(s string) bool { return strings.HasSuffix(name, s) }) {
		return false
	}
	return slices.ContainsFunc([]string{"KEY", "TOKEN", "SECRET", "PASSWORD"}, func(s string) bool {
		return strings.Contains(name, s)
	})
}

// random tells a machine-made value from words, paths, references and the examples of a manual.
func random(value string) bool {
	if len(value) < leastSecret || strings.ContainsAny(value, " \t$<>{}") ||
		strings.ContainsAny(value[:1], "/~.") || strings.Contains(value, "://") {
		return false
	}
	low := strings.ToLower(value)
	if slices.ContainsFunc([]string{"your", "example", "placeholder", "changeme", "xxxx"},
		func(s string) bool { return strings.Contains(low, s) }) {
		return false
	}
	return strings.ContainsFunc(value, unicode.IsLetter) &&
		strings.ContainsFunc(value, unicode.IsDigit)
}
