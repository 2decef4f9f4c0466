package policy

import (
	"slices"
	"strings"
)

// Judge decides on one request. Path is the request target in origin form (RFC 9112 section 3.2.1),
// relative to the base URL of the service, with its query. The rules see the path and, of the
// query, the keys that a rule or Options.Operations names. The Judged can be used only if the
// outcome is Allowed.
func Judge(p Policy, o Options, method, path string) (Judged, Decision) {
	method, bit, f := checkMethod(method)
	if f != nil {
		return Judged{}, f.decision()
	}
	bare, query, f := checkTarget(path, o)
	if f == nil {
		f = checkParameters(theQuery, query, method)
	}
	if f != nil {
		return Judged{}, f.decision()
	}
	d := p.decide(method, bit, bare)
	if query != "" {
		d = p.decideKeys(d, o, asked{method, bit, bare, query})
	}
	if d.Outcome != Allowed {
		return Judged{}, d
	}
	return Judged{method: method, path: bare, query: query, target: path}, d
}

// decide applies the rules to a path that passed the grammar: deny rules, then allow rules, else
// the request is denied.
func (p Policy) decide(method string, bit methods, path string) Decision {
	switch {
	case bit == 0:
		return unknownMethod(method)
	case p.mode == open:
		return Decision{Outcome: Allowed, Reason: "no rules are set for this capability"}
	case p.mode != byRules:
		return Decision{
			Reason: "no policy is in force, so everything is denied",
			Hint:   "ask your user to check the configuration",
		}
	}
	if g := firstDeny(p.denyGlob, bit, path); g != nil {
		return p.deniedBy(g.text, method, bit, path)
	}
	for i := range p.allowGlob {
		if g := &p.allowGlob[i]; g.methods&bit != 0 && g.match(path) {
			return Decision{Outcome: Allowed, Rule: g.text, Reason: "an allow rule matches"}
		}
	}
	return p.noMatch(method, bit, path)
}

// firstDeny compares without regard to ASCII case, and with each reading of the path.
func firstDeny(globs []glob, bit methods, path string) *glob {
	if len(globs) == 0 {
		return nil
	}
	folded := fold(path, "%2a")
	g := firstMatch(globs, bit, folded)
	if g == nil {
		for _, reading := range readings(folded) {
			if g = firstMatch(globs, bit, reading); g != nil {
				break
			}
		}
	}
	return g
}

// firstMatch also tries the path without its trailing slashes, since most routers treat those
// spellings alike.
func firstMatch(globs []glob, bit methods, path string) *glob {
	cut := strings.TrimRight(path, "/")
	for i := range globs {
		g := &globs[i]
		if g.methods&bit != 0 && (g.match(path) || len(cut) != len(path) && g.match(cut)) {
			return g
		}
	}
	return nil
}

// methods is a set of known methods, one bit each.
type methods uint8

const anyMethod methods = 1<<7 - 1

var knownMethods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// String lists the methods of the set.
func (m methods) String() string {
	var names []string
	for i, name := range knownMethods {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func methodBit(upper string) methods {
	for i, known := range knownMethods {
		if upper == known {
			return 1 << i
		}
	}
	return 0
}

// neverSent are methods that no rule can allow: TRACE and its twin TRACK echo the credential back,
// and CONNECT opens a tunnel that nobody judges.
var neverSent = [...]string{"TRACE", "TRACK", "CONNECT"}

// checkMethod returns the method in upper case with its bit, 0 for an ordinary word that no rule
// can name.
func checkMethod(raw string) (string, methods, *fault) {
	if !plainWord(raw) {
		return "", 0, faultf(knownMethodsHint(), "the method is not a plain word of letters")
	}
	upper := strings.ToUpper(raw)
	if slices.Contains(neverSent[:], upper) {
		return "", 0, faultf(knownMethodsHint(), "the method %s is never sent", upper)
	}
	return upper, methodBit(upper), nil
}

// plainWord accepts up to 32 ASCII letters and "-" (VERSION-CONTROL).
func plainWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && s[i] != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
