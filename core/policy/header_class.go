package policy

import (
	"fmt"
	"strings"
	"sync"

	"github.com/true-and-useful/janee/core/wire"
)

// headerIndex is the table prepared for lookups. A pattern is known by its place among all
// patterns.
type headerIndex struct {
	exact map[string]*headerLine
	lines []*headerLine // of the patterns
	globs []headerGlob  // those that no map can find
	// Patterns such as "x-amz-grant-*" and "*-acl", by the text before or after the star. Most are
	// of these two kinds, and trying a few hundred patterns for each field would take longer than
	// the rest of a call.
	begins, ends map[string]int
}

type headerGlob struct {
	glob
	place int
}

// headerClasses is made on first use, so that a program that sends nothing does not wait for it.
var headerClasses = sync.OnceValue(func() *headerIndex {
	x := &headerIndex{
		exact:  map[string]*headerLine{},
		begins: map[string]int{},
		ends:   map[string]int{},
	}
	for i := range headerTable {
		for _, name := range strings.Fields(headerTable[i].names) {
			x.add(name, &headerTable[i])
		}
	}
	return x
})

func (x *headerIndex) add(name string, line *headerLine) {
	place := len(x.lines)
	switch before, behind, starred := strings.Cut(name, "*"); {
	case !starred:
		x.exact[name] = line
		return
	case behind == "" && strings.HasSuffix(before, "-"):
		x.begins[before] = place
	case before == "" && strings.HasPrefix(behind, "-") && !strings.Contains(behind, "*"):
		x.ends[behind] = place
	default:
		x.globs = append(x.globs, headerGlob{compile(Rule{}, name), place})
	}
	x.lines = append(x.lines, line)
}

var unnamed = headerLine{class: sentField}

// headerLineOf finds the line of the table for a name that canonicalName has folded.
func headerLineOf(name string) *headerLine {
	x := headerClasses()
	if line := x.exact[name]; line != nil {
		return line
	}
	first := len(x.lines)
	for i := range len(name) {
		if name[i] != '-' {
			continue
		}
		if place, ok := x.begins[name[:i+1]]; ok {
			first = min(first, place)
		}
		if place, ok := x.ends[name[i:]]; ok {
			first = min(first, place)
		}
	}
	for i := range x.globs {
		if g := &x.globs[i]; g.place > first {
			break
		} else if g.match(name) {
			first = g.place
			break
		}
	}
	if first == len(x.lines) {
		return &unnamed
	}
	return x.lines[first]
}

// canonicalName folds what receivers fold: CGI and its successors make "X-Real-IP" and "X_Real.IP"
// one variable.
func canonicalName(name string) string {
	var buffer [64]byte // most names fit, so that only the result is allocated
	out := buffer[:0]
	for i := range len(name) {
		out = append(out, nameByte(name[i]))
	}
	return string(out)
}

func nameByte(c byte) byte {
	switch c = lower(c); {
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		return c
	}
	return '-'
}

// SameHeader reports whether two names are one field to some receiver: it ignores case, and reads
// "_" and "." as "-".
func SameHeader(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if nameByte(a[i]) != nameByte(b[i]) {
			return false
		}
	}
	return true
}

// HeaderName is a name as an owner lists it under allowHeaders or denyHeaders: a whole one, or the
// beginning of one followed by a star. The zero value names nothing.
type HeaderName struct {
	text, name string // as written; folded, without the star
	begins     bool
}

// ParseHeaderName reads such a name.
func ParseHeaderName(s string) (HeaderName, error) {
	name, begins := strings.CutSuffix(s, "*")
	if !wire.ValidName(name) || strings.Contains(name, "*") || begins &&
		len(strings.Trim(canonicalName(name), "-")) < 2 {
		return HeaderName{}, fmt.Errorf(
			"%q is not the name of a header, such as Stripe-Account or x-amz-grant-*", s)
	}
	return HeaderName{s, canonicalName(name), begins}, nil
}

// String returns the name as it was written.
func (n HeaderName) String() string { return n.text }

func (n HeaderName) covers(canonical string) bool {
	return n.name != "" && (n.name == canonical || n.begins && strings.HasPrefix(canonical, n.name))
}

// Covers reports whether the name is that of the header, in any spelling that a receiver could take
// for it.
func (n HeaderName) Covers(header string) bool { return n.covers(canonicalName(header)) }

// Unlistable says why no owner can let agents send a header of this name, as in "Host says where
// the request goes"; "" if an owner can.
func (n HeaderName) Unlistable() string {
	return n.why(func(class headerClass) bool {
		return class == fixedDrop || class == fixedRefusal
	})
}

// Pieces says, as Unlistable does, that the name lets an agent fetch a reply in pieces.
func (n HeaderName) Pieces() string {
	return n.why(func(class headerClass) bool { return class == pieceField })
}

// why completes the sentence about a line of such a class that has the name, or a name that it
// covers; "" if there is none.
func (n HeaderName) why(of func(headerClass) bool) string {
	if line := headerLineOf(n.name); !n.begins {
		if of(line.class) {
			return n.text + " " + line.why
		}
		return ""
	}
	for i := range headerTable {
		line := &headerTable[i]
		if !of(line.class) {
			continue
		}
		for _, name := range strings.Fields(line.names) {
			beginning, starred := strings.CutSuffix(name, "*")
			if strings.HasPrefix(beginning, n.name) ||
				starred && strings.HasPrefix(n.name, beginning) {
				return n.text + " covers " + name + ", which " + line.why
			}
		}
	}
	return ""
}

func covered(names []HeaderName, canonical string) (HeaderName, bool) {
	for _, n := range names {
		if n.covers(canonical) {
			return n, true
		}
	}
	return HeaderName{}, false
}
