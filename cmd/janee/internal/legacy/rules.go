package legacy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/policy"
)

// oldRules are the rules of a capability, as written. A list is nil if it was absent. Ignored says
// which of them the old program did not apply.
type oldRules struct {
	Allow, Deny []string
	Ignored     string
}

// readRules reads the form that the old program applies, which is lists under allow and deny, and
// the forms that people wrote instead.
func readRules(n *yaml.Node) (r oldRules) {
	if n = target(n); n == nil {
		return r
	}
	switch n.Kind {
	case yaml.MappingNode:
		r.take("allow", get(n, "allow"))
		r.take("deny", get(n, "deny"))
		if deny := get(n, "deny"); deny != nil && deny.Kind != yaml.SequenceNode {
			r.Ignored = "deny is not a list, and the old program did not apply it"
		}
		if allow := get(n, "allow"); allow != nil && allow.Kind != yaml.SequenceNode {
			r.Ignored = "allow is not a list, and the old program refused everything"
		}
	case yaml.SequenceNode:
		r.Ignored = "the rules are written as a list, which the old program did not apply: " +
			"it allowed everything"
		for _, item := range n.Content {
			for _, e := range entries(item) {
				r.take(e.key, e.value)
			}
			if item = target(item); item.Kind == yaml.ScalarNode {
				r.take("allow", item)
			}
		}
	default:
		r.Ignored = "the rules are written as text, which the old program did not apply: " +
			"it allowed everything"
		r.take("allow", n)
	}
	return r
}

func (r *oldRules) take(list string, n *yaml.Node) {
	to := &r.Allow
	switch {
	case n == nil:
		return
	case list == "deny":
		to = &r.Deny
	case list != "allow":
		r.Ignored = "the rules name something other than allow and deny"
		return
	}
	*to = append(append([]string{}, *to...), texts(n)...)
}

// converted are rules in the form of this program.
type converted struct {
	allow, deny []string
	changes     []string
}

// convert keeps the meaning of the rules. Rules that had no effect because of their form get the
// meaning that their text has. A rule that cannot be read never widens what is allowed: an allow
// rule is left out, and a deny rule is an error.
func (r oldRules) convert() (c converted, err error) {
	if r.Ignored != "" {
		c.changes = append(c.changes, r.Ignored+"; the rules apply from now on")
	}
	if r.Allow != nil {
		c.allow = []string{}
	}
	for _, text := range r.Allow {
		rule, note := repair(text, false)
		if rule != "" {
			c.allow = append(c.allow, rule)
		}
		c.note(note)
	}
	for _, text := range r.Deny {
		rule, note := repair(text, true)
		if rule == "" {
			return c, fmt.Errorf("the deny rule %q cannot be read: %s", text, note)
		}
		if rule == everything && len(c.allow) > 0 && r.Ignored != "" {
			c.note(fmt.Sprintf("the deny rule %q after allow rules is left out: what no rule "+
				"allows is refused anyway", text))
			continue
		}
		c.deny = append(c.deny, rule)
		c.note(note)
	}
	if r.Allow == nil && len(c.deny) > 0 {
		c.allow = []string{everything}
		c.note(`with only deny rules, the old program allowed everything else: ` +
			`"* *" was added to allow`)
	}
	return c, nil
}

func (c *converted) note(text string) {
	if text != "" {
		c.changes = append(c.changes, text)
	}
}

const everything = "* *"

// repair completes a rule that lacks METHOD or PATH, and removes a query, because rules do not see
// queries. The rule is "" if that would allow more than before. note says what was changed, or why
// the rule is left out.
func repair(text string, deny bool) (rule, note string) {
	words := strings.Fields(text)
	switch {
	case len(words) == 1 && words[0] == "*":
		words = []string{"*", "*"}
	case len(words) == 1 && strings.HasPrefix(words[0], "/"):
		words = []string{"*", words[0]}
	case len(words) == 1 &&
		strings.Trim(words[0], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "":
		words = []string{words[0], "*"}
	}
	if len(words) == 2 {
		path, query, found := strings.Cut(words[1], "?")
		if found && !deny && query != "*" {
			return "", fmt.Sprintf("the allow rule %q is left out: rules do not see queries", text)
		}
		if words[1] = path; path != "" && path[0] != '/' && path[0] != '*' {
			words[1] = "/" + path
		}
	}
	parsed, err := policy.ParseRule(strings.Join(words, " "))
	if err != nil {
		if deny {
			return "", err.Error()
		}
		return "", fmt.Sprintf("the allow rule %q is left out: %v", text, err)
	}
	if !strings.EqualFold(parsed.String(), strings.Join(strings.Fields(text), " ")) {
		note = fmt.Sprintf("the rule %q is now %q", text, parsed)
	}
	return parsed.String(), note
}
