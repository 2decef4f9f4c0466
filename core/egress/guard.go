package egress

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Range is a prefix of addresses that a person opens to a service, on one port or on all. The zero
// value contains nothing.
type Range struct {
	prefix netip.Prefix
	port   uint16 // 0: any
}

// ParseRange reads "10.1.0.0/16", "127.0.0.1/32:9000" or "fd00:1::/64:443". The address may have no
// bits beyond the prefix: 10.1.2.3/16 is an error, since its meaning is not clear. So is a range
// that contains only addresses which are never allowed.
func ParseRange(s string) (Range, error) {
	address, rest, ok := strings.Cut(s, "/")
	bits, port, hasPort := strings.Cut(rest, ":")
	p, err := netip.ParsePrefix(address + "/" + bits)
	if !ok || err != nil || p.Addr().Is4In6() {
		return Range{}, fmt.Errorf("reading address range %q: write it as 10.1.0.0/16, or with a "+
			"port as 127.0.0.1/32:9000", s)
	}
	if p != p.Masked() {
		return Range{}, fmt.Errorf(
			"reading address range %q: the prefix is %s, one address is %s/%d", s, p.Masked(),
			address, p.Addr().BitLen())
	}
	if c := Classify(p.Addr()); p.IsSingleIP() && c.never() {
		return Range{}, fmt.Errorf("reading address range %q: a %s address is never allowed", s, c)
	}
	r := Range{prefix: p}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Range{}, fmt.Errorf(
				"reading address range %q: the port is not a number from 1 to 65535", s)
		}
		r.port = uint16(n)
	}
	return r, nil
}

// String returns what ParseRange reads as r.
func (r Range) String() string {
	if r.port == 0 {
		return r.prefix.String()
	}
	return r.prefix.String() + ":" + strconv.Itoa(int(r.port))
}

func (r Range) contains(to netip.AddrPort) bool {
	return r.prefix.Contains(to.Addr()) && (r.port == 0 || r.port == to.Port())
}

// Guard says to which addresses requests for one host may go. Equal guards permit the same; the
// zero value permits nothing.
type Guard struct {
	host  string // canonical
	allow string // ranges, kept as text so that guards can be compared
}

// New makes the guard of a base URL's host, given without its port. What the host names is the
// owner's choice: Janee may connect to an address literal even if it is private, and localhost is
// the loopback; both lead exactly there. Any other name leads to public addresses and to those in
// allow. A host that is Invalid or can never be allowed, such as a metadata service, is an error.
func New(host string, allow ...Range) (Guard, error) {
	if c := ClassifyHost(host); c.never() {
		return Guard{}, fmt.Errorf(
			"the host %q is in the address class %s, to which Janee never connects", host, c)
	}
	g := Guard{host: canonical(host)}
	if a, ok := literal(host); ok {
		g.host = a.String()
	}
	for _, r := range allow {
		g.allow += r.String() + " "
	}
	return g, nil
}

// For makes the guard of another host that a service calls, such as its token endpoint: what is
// open to g is open to it as well.
func (g Guard) For(host string) (Guard, error) {
	other, err := New(host)
	if err != nil {
		return Guard{}, err
	}
	other.allow = g.allow
	return other, nil
}

// Permit returns nil if Janee may connect to to, the address of a connection that is about to be
// made, else a *Blocked.
func (g Guard) Permit(to netip.AddrPort) error {
	addr := to.Addr().WithZone("").Unmap()
	class := Classify(addr)
	if g.host == "" || class.never() ||
		!g.means(addr, class) && !g.allows(netip.AddrPortFrom(addr, to.Port())) {
		return &Blocked{class}
	}
	return nil
}

// means reports whether the address is what the host itself says.
func (g Guard) means(addr netip.Addr, class Class) bool {
	if own, ok := literal(g.host); ok {
		return addr == own
	}
	if g.host == "localhost" {
		// Plain http to localhost is allowed, so a lookup that says otherwise must not be believed.
		return class == Loopback
	}
	return class == Public
}

func (g Guard) allows(to netip.AddrPort) bool {
	for text := range strings.FieldsSeq(g.allow) {
		if r, err := ParseRange(text); err == nil && r.contains(to) {
			return true
		}
	}
	return false
}

// Blocked is the error for a refused address. It tells the class and nothing else: an agent must
// not learn from it how a network is numbered.
type Blocked struct{ Class Class }

// Error implements error.
func (b *Blocked) Error() string { return "address class " + b.Class.String() }
