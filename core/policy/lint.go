package policy

import (
	"slices"
	"strings"
)

// Missed is a deny rule that ends in "/*" and so leaves out the collection itself, which the policy
// allows: denying "POST /v1/charges/*" refuses nothing when "POST /v1/charges" creates a charge.
type Missed struct {
	Rule    string   // the deny rule
	Methods []string // those with which the collection may still be used
	Path    string   // of the collection, as a pattern
}

// Dead is an allow rule that can never allow anything, because deny rules cover it for each of its
// methods.
type Dead struct {
	Rule string
	By   []string // the deny rules
}

// MissedCollections finds deny rules that probably refuse less than their author meant, in the
// order of the rules.
func (p Policy) MissedCollections() []Missed {
	var found []Missed
	for _, r := range p.deny {
		path := strings.TrimSuffix(r.pattern, "/*")
		if path == r.pattern || path == "" || r.key != "" {
			continue
		}
		// A star in the middle means some name; any name shows what the other rules say.
		sample := strings.ReplaceAll(path, "*", "-")
		var methods methods
		for i, name := range knownMethods {
			if bit := r.methods() & (1 << i); bit != 0 &&
				p.decide(name, bit, sample).Outcome == Allowed {
				methods |= bit
			}
		}
		if methods != 0 {
			found = append(found, Missed{r.String(), methods.names(), path})
		}
	}
	return found
}

// DeadRules finds the allow rules that deny rules cover completely, in the order of the rules. It
// may miss one that only several deny patterns cover together; it never names one that could still
// allow something.
func (p Policy) DeadRules() []Dead {
	var found []Dead
	for _, r := range p.allow {
		if by := p.covering(r); by != nil {
			found = append(found, Dead{r.String(), by})
		}
	}
	return found
}

// Unreachable reports whether no request can ever pass: there is no allow rule, or deny rules cover
// each.
func (p Policy) Unreachable() bool { return p.Restricted() && len(p.DeadRules()) == len(p.allow) }

// covering returns deny rules that together refuse everything that r allows, nil if they do not.
func (p Policy) covering(r Rule) (by []string) {
	// A byte that no pattern contains replaces each star, so that only a star can match it: then
	// whatever the star matches is matched too.
	path := fold(r.pattern, "\x00")
	cut := strings.TrimRight(path, "/") // as firstDeny does
	for i := range knownMethods {
		bit := r.methods() & (1 << i)
		if bit == 0 {
			continue
		}
		at := slices.IndexFunc(p.denyGlob, func(g glob) bool {
			return g.methods&bit != 0 && (g.match(path) || g.match(cut))
		})
		if at < 0 {
			return nil
		}
		if text := p.denyGlob[at].text; !slices.Contains(by, text) {
			by = append(by, text)
		}
	}
	return by
}

func (m methods) names() []string { return strings.Split(m.String(), ", ") }
