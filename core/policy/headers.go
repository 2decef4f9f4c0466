package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// HeaderPolicy decides on the fields that an agent wants to send with a request. The zero value
// lets no selector pass.
type HeaderPolicy struct {
	Policy  Policy
	Options Options
	Base    Base

	// As the owner lists them for the service and the capability; Deny wins.
	Allow, Deny []HeaderName

	Written []string      // names that the auth type writes
	Fixed   []wire.Header // sent with every request of the service, replacing the agent's
}

// Sorted is the result of Sort. Nothing is kept unless the outcome of Decision is Allowed.
type Sorted struct {
	Kept    []wire.Header // in their order and spelling
	Dropped []string      // names of those left out
	Decision
}

// Sort puts each field into its class (headerTable). Call it after the request was judged, with the
// method and path that were. It drops a field only if nothing that the request does can depend on
// it. It rejects malformed fields (RFC 9110 section 5), a name that comes twice, and fields that
// change what was judged; it denies selectors, and fields that the owner denies.
func (p HeaderPolicy) Sort(method, path string, agent []wire.Header) Sorted {
	s := Sorted{Decision: Decision{Outcome: Allowed}}
	call := headerCall{HeaderPolicy: p, method: strings.ToUpper(method), path: path}
	seen := make(map[string]bool, len(agent))
	for _, h := range agent {
		name := canonicalName(h.Name)
		f := malformed(h)
		if f == nil && seen[name] {
			f = faultf("give it once", "checking headers: %s is given twice", h.Name)
		}
		if f != nil {
			return Sorted{Decision: f.decision()}
		}
		seen[name] = true
		send, d := call.judge(h, name)
		switch {
		case d.Outcome != Allowed:
			return Sorted{Decision: d}
		case send:
			s.Kept = append(s.Kept, h)
		default:
			s.Dropped = append(s.Dropped, h.Name)
		}
	}
	return call.perConnection(s, agent)
}

func malformed(h wire.Header) *fault {
	const hint = "leave the header out, or write its text in ASCII"
	switch {
	case !wire.ValidName(h.Name):
		return faultf(hint, "checking headers: %q is not a header name", h.Name)
	case !wire.ValidValue(h.Value):
		return faultf(hint,
			"checking headers: the value of %s contains a byte that no header may contain, or "+
				"begins or ends with a blank", h.Name)
	}
	return nil
}

// headerCall is one request whose fields are sorted.
type headerCall struct {
	HeaderPolicy
	method, path string
}

// judge decides on one field: it is sent, dropped, or the reason to refuse the request.
func (c headerCall) judge(h wire.Header, name string) (send bool, d Decision) {
	line := headerLineOf(name)
	pass := Decision{Outcome: Allowed}
	if line.class == fixedDrop {
		return false, pass
	}
	if line.class == fixedRefusal {
		return false, rejected(h.Name, line,
			"give method and path as arguments, and leave the header out")
	}
	if n, denied := covered(c.Deny, name); denied {
		return false, Decision{
			Setting: "denyHeaders",
			Reason:  fmt.Sprintf("the header %s is refused: denyHeaders names %s", h.Name, n),
			Hint:    "leave the header out: the owner has ruled it out",
		}
	}
	if slices.ContainsFunc(c.Written, func(w string) bool { return SameHeader(w, name) }) {
		return false, pass
	}
	if send, d, fixed := c.fixed(h, name, line); fixed {
		return send, d
	}
	_, listed := covered(c.Allow, name)
	switch {
	case line.class == sentField, line.class == partField && !c.reads():
		return true, pass
	case line.selects():
		return c.selector(h, line, listed)
	case listed:
		return true, pass
	case line.class == droppedField, line.class == partField, line.class == pieceField && c.reads():
		return false, pass
	case line.class == pieceField:
		line = &headerLine{
			why: "says which part is written, and a write without it overwrites more",
		}
	}
	return false, rejected(h.Name, line, listHint(h.Name))
}

// fixed decides on a field that the service sends with every request. The service's own value wins,
// but it must not turn a request about one account, or by one person, into a request of another.
func (c headerCall) fixed(
	h wire.Header, name string, line *headerLine,
) (send bool, d Decision, fixed bool) {
	at := slices.IndexFunc(c.Fixed, func(own wire.Header) bool {
		return SameHeader(own.Name, name)
	})
	switch {
	case at < 0:
		return false, Decision{}, false
	case c.Fixed[at].Value == h.Value:
		return true, Decision{Outcome: Allowed}, true
	case line.selects(), line.class == refusedField:
		return false, Decision{
			Setting: "headers",
			Reason: fmt.Sprintf("the header %s %s, and the service sends another value of it",
				h.Name, line.why),
			Hint: "leave the header out: the owner has chosen its value",
		}, true
	}
	return false, Decision{Outcome: Allowed}, true
}

func (c headerCall) reads() bool { return c.method == "GET" || c.method == "HEAD" }

func rejected(name string, line *headerLine, hint string) Decision {
	return Decision{
		Outcome: Rejected,
		Reason:  fmt.Sprintf("checking headers: %s %s", name, line.why),
		Hint:    hint,
	}
}

func listHint(name string) string {
	return "leave the header out, or ask your user to list " + name +
		" under allowHeaders of the capability"
}

func (l *headerLine) selects() bool {
	switch l.class {
	case selectorField, copySource, copySourceURL, moveSource, destination:
		return true
	}
	return false
}

// selector lets a selector pass if there are no rules that it could get around, or if an owner
// lists it. The rules still apply to one that names a path.
func (c headerCall) selector(h wire.Header, line *headerLine, listed bool) (send bool, d Decision) {
	switch {
	case !c.Policy.Restricted():
		return true, Decision{Outcome: Allowed}
	case !listed:
		return false, Decision{
			Setting: "allowHeaders",
			Reason:  fmt.Sprintf("the header %s %s, which no rule covers", h.Name, line.why),
			Hint:    listHint(h.Name),
		}
	}
	d = c.named(h, line)
	return d.Outcome == Allowed, d
}

// perConnection removes what the agent's Connection field names, as a recipient would (RFC 9110
// section 7.6.1). A write may depend on such a field, so a write is refused.
func (c headerCall) perConnection(s Sorted, agent []wire.Header) Sorted {
	value, _ := wire.Get(agent, "Connection")
	for option := range strings.SplitSeq(value, ",") {
		name := strings.TrimSpace(option)
		at := slices.IndexFunc(s.Kept,
			func(h wire.Header) bool { return SameHeader(h.Name, name) })
		switch {
		case at < 0:
		case !c.reads():
			f := faultf("leave Connection out",
				"checking headers: Connection names %s, which would then not reach the API",
				s.Kept[at].Name)
			return Sorted{Decision: f.decision()}
		default:
			s.Dropped = append(s.Dropped, s.Kept[at].Name)
			s.Kept = slices.Delete(s.Kept, at, at+1)
		}
	}
	return s
}
