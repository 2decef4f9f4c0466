// Package policy decides whether an agent may make a request, and is the one place that reads a
// request path.
//
// ParseRule and New make a Policy, and Judge decides with it. What it allows is a Judged, the only
// form in which a request is signed and sent: ParseBase and Base.JoinUnder turn it into the URL to
// dial. CheckForeign and CheckBody look for what would go around the rules in the query and the
// body, and HeaderPolicy.Sort sorts the header fields that the agent sends.
//
// Do not look into a path anywhere else. What Judge read is byte for byte what must be sent, and a
// second reader would see something different.
package policy

import (
	"slices"
	"strings"
)

// Outcome says what was decided about a request. The zero value denies it.
type Outcome uint8

const (
	Denied   Outcome = iota // well formed, but the rules do not permit it
	Rejected                // malformed or ambiguous: refused before the rules are looked at
	Allowed
)

// String returns "allow", "deny" or "reject".
func (o Outcome) String() string {
	switch o {
	case Rejected:
		return "reject"
	case Allowed:
		return "allow"
	}
	return "deny"
}

// Decision is an outcome with its explanation. The zero value is a denial.
type Decision struct {
	Outcome Outcome
	Rule    string // text of the rule that decided, "" if none did
	// one sentence for a person or a model, without control bytes; a refused byte is named as %XX
	Reason  string
	Hint    string // what to do next, "" if there is nothing to say
	Setting string // key of config.yaml that refuses if no rule does, such as "allowHeaders"
}

// Options are the exceptions from the path grammar that a service may need. With one in force,
// allow rules match the text as it is written, and deny rules also match what a receiver may read
// in it.
type Options struct {
	EncodedSlash bool // %2F inside a segment (GitLab project names)
	Semicolon    bool // ; and %3B in paths, ; in queries
	// empty segments (S3 keys), though never at the start, where // names a host (RFC 3986 section
	// 4.2)
	DoubleSlash bool

	Operations *Operations // query keys that choose the operation; nil: rules see only the path
}

// Policy is a fixed set of rules. The zero value denies everything. Safe for concurrent use.
type Policy struct {
	mode                mode
	allow, deny         []Rule
	allowGlob, denyGlob []glob
	keyed               keyedGlobs // rules with ?KEY, which have no glob of their own above
}

type mode uint8

const (
	closed mode = iota
	byRules
	open
)

// Unrestricted is the policy of a capability that has no rules at all: every well-formed request is
// allowed.
func Unrestricted() Policy { return Policy{mode: open} }

// New makes a policy from rules: deny rules first, then allow rules; a request that no rule matches
// is denied, even if there are only deny rules. A zero Rule among deny means a rule that could not
// be read; such a policy denies everything.
func New(allow, deny []Rule) Policy {
	if slices.Contains(deny, Rule{}) {
		return Policy{}
	}
	p := Policy{mode: byRules, allow: slices.Clone(allow), deny: slices.Clone(deny)}
	for _, r := range allow {
		if p.keyed.addAllow(r) {
			p.allowGlob = append(p.allowGlob,
				glob{text: r.String()}) // has no method; it keeps the indexes of the others
			continue
		}
		p.allowGlob = append(p.allowGlob, compile(r, r.pattern))
	}
	for _, r := range deny {
		if !p.keyed.addDeny(r) {
			p.denyGlob = append(p.denyGlob, compileDeny(r)...)
		}
	}
	return p
}

// Restricted reports whether the policy can refuse anything but a malformed request. Only
// Unrestricted cannot.
func (p Policy) Restricted() bool { return p.mode != open }

// Allow returns a copy of the allow rules in order.
func (p Policy) Allow() []Rule { return slices.Clone(p.allow) }

// Deny returns a copy of the deny rules in order.
func (p Policy) Deny() []Rule { return slices.Clone(p.deny) }

// Judged is a request that Judge allowed, and the only form in which one may be signed and sent.
// The zero value is of no use: Base.JoinUnder refuses it.
type Judged struct{ method, path, query, target string }

// Method returns the method in upper case.
func (j Judged) Method() string { return j.method }

// Target returns path and query exactly as the agent gave them.
func (j Judged) Target() string { return j.target }

// Path returns the target up to the first "?".
func (j Judged) Path() string { return j.path }

// Query returns what follows the first "?".
func (j Judged) Query() string { return j.query }

// Redact prepares a target for a log, judged or not: parameter names stay, every value becomes "*",
// because tokens travel in queries.
func Redact(target string) string {
	path, query, found := strings.Cut(target, "?")
	if !found || query == "" {
		return target
	}
	var out strings.Builder
	out.WriteString(path)
	separator := byte('?')
	for parameter := range strings.SplitSeq(query, "&") {
		name, _, hasValue := strings.Cut(parameter, "=")
		out.WriteByte(separator)
		out.WriteString(name)
		if hasValue {
			out.WriteString("=*")
		}
		separator = '&'
	}
	return out.String()
}
