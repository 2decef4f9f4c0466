package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// fault is why a request was rejected. Its texts hold agent bytes only where the grammar has passed them, or as %XX.
type fault struct{ reason, hint string }

func faultf(hint, format string, args ...any) *fault {
	return &fault{fmt.Sprintf(format, args...), hint}
}

func (f *fault) decision() Decision {
	return Decision{Outcome: Rejected, Reason: f.reason, Hint: f.hint}
}

// rawByte names a byte that may not stand as it is.
func rawByte(where, s string, at int) *fault {
	c := s[at]
	name := fmt.Sprintf("%%%02X", c)
	if c > ' ' && c <= '~' {
		name = fmt.Sprintf("%c (%s)", c, name)
	}
	hint := "write it as " + fmt.Sprintf("%%%02X", c)
	switch {
	case c == '#':
		hint = "leave the fragment out, it is never sent; a # that is meant is written %23"
	case c == ';':
		hint = "ask your person to set allowSemicolon on the service"
		if where == "query" {
			hint = "write it as %3B, or " + hint
		}
	case c < ' ' || c == 0x7f || c == '\\' && where == "path":
		hint = "leave it out"
	case c > '~':
		hint = "write text as UTF-8 in percent form, as in %C3%BC"
	}
	return faultf(hint, "the %s holds the byte %s at byte %d, which is refused", where, name, at)
}

func badEscape(path string, at int, what string) *fault {
	return faultf("leave it out", "the path holds the escape %s at byte %d, %s", path[at:at+3], at, what)
}

func optional(path string, at int, what, option string) *fault {
	f := badEscape(path, at, what)
	f.hint = "if the service needs it, ask your person to set " + option + " on the service"
	return f
}

func knownMethodsHint() string {
	return "use one of " + anyMethod.String()
}

func unknownMethod(method string) Decision {
	return Decision{Reason: "the method " + method + " is not one that rules can allow", Hint: knownMethodsHint()}
}

func deniedBy(rule, method, path string) Decision {
	return Decision{
		Rule:   rule,
		Reason: fmt.Sprintf("%s %s is refused by the deny rule %q", method, short(path), rule),
		Hint:   "the owner has ruled this out; another spelling will not pass: ask your person if it is needed",
	}
}

// noMatch explains a denial by default: the near miss if there is one, else what is allowed.
func (p Policy) noMatch(method string, bit methods, path string) Decision {
	return Decision{
		Reason: fmt.Sprintf("no allow rule matches %s %s", method, short(path)),
		Hint:   p.nearMiss(method, bit, path),
	}
}

func (p Policy) nearMiss(method string, bit methods, path string) string {
	below, slash, others := p.neighbours(bit, path)
	switch {
	case len(p.allow) == 0:
		return "there are no allow rules here, so nothing is allowed: ask your person to add one"
	case below != "":
		return fmt.Sprintf("the allow rule %[1]q covers what lies below %[3]s/, not %[3]s itself: call something below it, or ask your person to allow \"%[2]s %[3]s\"",
			below, method, short(path))
	case slash != "":
		return fmt.Sprintf("the allow rule %q matches without the trailing slash", slash)
	case others != 0:
		return "this path is allowed with " + others.String() + " only: ask your person if " + method + " is needed"
	}
	return "allowed here: " + p.listAllow() + "; ask your person if more is needed"
}

// neighbours finds, in one pass, the allow rule that path misses only for want of a tail ("POST /v1/x/*" and /v1/x), the one it misses for a slash too many, and the other methods that its text is allowed with.
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
	return below, slash, others
}

// listAllow quotes the first rules; a model needs an idea of the list, not the list.
func (p Policy) listAllow() string {
	const shown = 6
	var list []string
	for _, r := range p.allow[:min(shown, len(p.allow))] {
		list = append(list, strconv.Quote(r.String()))
	}
	text := strings.Join(list, ", ")
	if more := len(p.allow) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// short keeps a long path from filling a log line or a model's context.
func short(path string) string {
	const most = 200
	if len(path) <= most {
		return path
	}
	return path[:most] + "…"
}
