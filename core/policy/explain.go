package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fault is the reason for a rejection. Its texts contain the agent's bytes only if the grammar has
// accepted them, or as %XX.
type fault struct{ reason, hint string }

func faultf(hint, format string, args ...any) *fault {
	return &fault{fmt.Sprintf(format, args...), hint}
}

func (f *fault) decision() Decision {
	return Decision{Outcome: Rejected, Reason: f.reason, Hint: f.hint}
}

// rawByte names a byte that may not appear raw.
func rawByte(where, s string, at int) *fault {
	c := s[at]
	name := fmt.Sprintf("%%%02X", c)
	if c > ' ' && c <= '~' {
		name = fmt.Sprintf("%c (%s)", c, name)
	}
	hint := "write it as " + fmt.Sprintf("%%%02X", c)
	switch {
	case c == '#':
		hint = "leave the fragment out, it is never sent; write a literal # as %23"
	case c == ';':
		hint = "ask your user to set allowSemicolon on the service"
		if where == "query" {
			hint = "write it as %3B, or " + hint
		}
	case c < ' ' || c == 0x7f || c == '\\' && where == "path":
		hint = "leave it out"
	case c > '~':
		hint = "write text as UTF-8 in percent form, as in %C3%BC"
	}
	return faultf(hint, "the %s contains the byte %s at byte %d, which is refused", where, name, at)
}

func badEscape(path string, at int, what string) *fault {
	return faultf("leave it out", "the path contains the escape %s at byte %d, %s",
		path[at:at+3], at, what)
}

func optional(path string, at int, what, option string) *fault {
	f := badEscape(path, at, what)
	f.hint = "if the service needs it, ask your user to set " + option + " on the service"
	return f
}

func knownMethodsHint() string {
	return "use one of " + anyMethod.String()
}

func unknownMethod(method string) Decision {
	return Decision{
		Reason: "the method " + method + " is not one that rules can allow",
		Hint:   knownMethodsHint(),
	}
}

// deniedBy names the rule that matched and no other deny rule: an agent is not to map what else is
// ruled out.
func (p Policy) deniedBy(rule, method string, bit methods, path string) Decision {
	hint := "the owner has ruled this out; another spelling will not pass"
	if _, _, others := p.neighbours(bit, path); others != 0 {
		hint += "; this path is allowed with " + others.String()
	}
	if list := p.listAllow(bit, path); list != "" {
		hint += "; allowed with " + method + ": " + list
	}
	return Decision{
		Rule:   rule,
		Reason: fmt.Sprintf("%s %s is refused by the deny rule %q", method, short(path), rule),
		Hint:   hint + ": ask your user if it is needed",
	}
}

// noMatch explains a denial by default: by the near miss if there is one, else by what is allowed.
func (p Policy) noMatch(method string, bit methods, path string) Decision {
	return Decision{
		Reason: fmt.Sprintf("no allow rule matches %s %s", method, short(path)),
		Hint:   p.nearMiss(method, bit, path),
	}
}

func (p Policy) nearMiss(method string, bit methods, path string) string {
	below, slash, others := p.neighbours(bit, path)
	list := p.listAllow(bit, path)
	switch {
	case len(p.allow) == 0:
		return "there are no allow rules here, so nothing is allowed: ask your user to add one"
	case below != "":
		return fmt.Sprintf(`the allow rule %[1]q covers what is below %[3]s/, not %[3]s itself: `+
			`call something below it, or ask your user to allow "%[2]s %[3]s"`,
			below, method, short(path))
	case slash != "":
		return fmt.Sprintf("the allow rule %q matches without the trailing slash", slash)
	case others != 0 && list != "":
		return "this path is allowed with " + others.String() + " only, and with " + method +
			" there is " + list + ": ask your user if more is needed"
	case others != 0:
		return "this path is allowed with " + others.String() + " only: ask your user if " +
			method + " is needed"
	case list != "":
		return "allowed with " + method + " here: " + list + "; ask your user if more is needed"
	}
	if list = p.listAllow(anyMethod, path); list != "" {
		return "nothing is allowed with " + method + " here, only " + list +
			"; ask your user if more is needed"
	}
	return "nothing is allowed with " + method + " here; ask your user if it is needed"
}

// neighbours finds, in one pass, the allow rule that path misses only because it lacks a tail
// ("POST /v1/x/*" and /v1/x), the one that it misses because of a trailing slash, and the other
// methods that are allowed for it.
func (p Policy) neighbours(bit methods, path string) (below, slash string, others methods) {
	bare, slashed := strings.CutSuffix(path, "/")
	tailed := bare + "/"
	for i := range p.allowGlob {
		g := &p.allowGlob[i]
		switch {
		case g.methods&bit == 0:
			if g.match(path) {
				others |= g.methods
			}
		case slashed:
			if g.match(bare) {
				slash = g.text
			}
		case g.star && below == "":
			if strings.HasPrefix(g.head, tailed) || len(g.head) < len(tailed) && g.match(tailed) {
				below = g.text
			}
		}
	}
	return below, slash, p.undenied(others, path)
}

// undenied removes the methods that a deny rule forbids for this path.
func (p Policy) undenied(set methods, path string) methods {
	for i := range knownMethods {
		if bit := methods(1) << i; set&bit != 0 && firstDeny(p.denyGlob, bit, path) != nil {
			set &^= bit
		}
	}
	return set
}

// listAllow quotes the allow rules of these methods that come closest to path: a model needs an
// idea of the list, not the list. It leaves out rules that match path and did not help, and rules
// that a deny rule covers completely.
func (p Policy) listAllow(set methods, path string) string {
	const shown = 3
	near, total := p.nearest(set, path)
	more := total > len(near)
	var list []string
	for _, i := range near {
		g := &p.allowGlob[i]
		switch {
		case p.undenied(g.methods&set, p.allow[i].pattern) == 0:
		case len(list) == shown:
			more = true
		default:
			list = append(list, strconv.Quote(g.text))
		}
	}
	text := strings.Join(list, ", ")
	if more && text != "" {
		text += " and others"
	}
	return text
}

// nearest returns the allow rules of these methods whose beginnings have most in common with path,
// the nearest first, at most eight, and how many there are in all. Looking at all of them again
// would take time quadratic in the rules.
func (p Policy) nearest(set methods, path string) (near []int, total int) {
	const most = 8
	shared := make([]int, 0, most+1)
	for i := range p.allowGlob {
		g := &p.allowGlob[i]
		if g.methods&set == 0 || g.match(path) {
			continue
		}
		total++
		n := common(g.head, path)
		at := len(near)
		for at > 0 && shared[at-1] < n {
			at--
		}
		if at < most {
			near, shared = slices.Insert(near, at, i), slices.Insert(shared, at, n)
			near, shared = near[:min(len(near), most)], shared[:min(len(shared), most)]
		}
	}
	return near, total
}

// common returns how many bytes a and b have in common at their beginning.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// short keeps a long path from filling a log line or a model's context.
func short(path string) string {
	const most = 200
	if len(path) <= most {
		return path
	}
	return path[:most] + "…"
}
