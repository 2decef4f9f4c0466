// Package egress decides to which addresses Janee may connect for a service. Use New to make the
// Guard of a base URL, and call Guard.Permit with the resolved address of every connection just
// before it is made: a name can resolve to another address at each lookup, so an earlier answer
// proves nothing.
//
// The package resolves no name and opens no connection. ClassifyHost looks only at the spelling of
// a host and never replaces Permit.
package egress

import "net/netip"

// Class is what an address is for. Only Public is open to every service; the zero value, Invalid,
// is refused like all others.
type Class uint8

const (
	Invalid     Class = iota // not an address
	Public                   // globally reachable unicast
	Loopback                 // this machine
	Private                  // private, unique-local, site-local and shared (carrier) networks
	LinkLocal                // the local link
	Metadata                 // gives a cloud machine's credentials to anyone inside it
	Multicast                // a group
	Unspecified              // "this host": systems take 0.0.0.0 and :: for the loopback
	Reserved                 // everything else: documentation, benchmarks, tunnels, future use
)

var names = [...]string{
	"invalid", "public", "loopback", "private", "link-local", "metadata", "multicast",
	"unspecified", "reserved",
}

// String returns the name of c in lower case: "link-local".
func (c Class) String() string {
	if int(c) < len(names) {
		return names[c]
	}
	return names[Invalid]
}

// never holds for the classes that no configuration opens: no API is there, but an attacker would
// find something.
func (c Class) never() bool {
	switch c {
	case Public, Loopback, Private, LinkLocal, Reserved:
		return false
	}
	return true
}

type entry struct {
	netip.Prefix
	class Class
}

func in(c Class, prefixes ...string) (list []entry) {
	for _, p := range prefixes {
		list = append(list, entry{netip.MustParsePrefix(p), c})
	}
	return list
}

// special lists what is not public: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC
// 6890, as of 2025-10), IPv4 multicast (RFC 5771) and the site-local addresses of RFC 3879. Entries
// that IANA calls globally reachable (AS112, AMT, ORCHIDv2, the anycast addresses of 192.0.0.0/24
// and 2001::/23) are included: no API is there.
var special = concat(
	in(Loopback, "127.0.0.0/8", "::1/128"),
	in(Private, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"fc00::/7", "fec0::/10"),
	in(LinkLocal, "169.254.0.0/16", "fe80::/10"),
	in(Multicast, "224.0.0.0/4", "ff00::/8"),
	in(Unspecified, "0.0.0.0/8", "::/128"),
	in(Reserved, "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
		"192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16",
		"2620:4f:8000::/48", "3fff::/20"),
)

// globalUnicast is everything that IANA has allocated for the Internet's own use (IPv6 Address
// Space registry, RFC 4291 section 2.4).
var globalUnicast = netip.MustParsePrefix("2000::/3")

// metadata lists the credential services of clouds, from their documentation: AWS, GCP, Azure and
// OpenStack (169.254.169.254), ECS tasks and EKS pods, Azure's wire server, Alibaba, Oracle,
// Tencent, Scaleway. Azure's looks public. carried finds OpenStack's fe80::a9fe:a9fe.
var metadata = addresses("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16",
	"100.100.100.200", "192.0.0.192", "169.254.0.23", "169.254.42.42", "fd00:ec2::254",
	"fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42")

func addresses(texts ...string) map[netip.Addr]bool {
	m := make(map[netip.Addr]bool, len(texts))
	for _, s := range texts {
		m[netip.MustParseAddr(s)] = true
	}
	return m
}

func concat(lists ...[]entry) (all []entry) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// Classify returns the class of a, regardless of its zone. An IPv4-mapped address, and one of the
// NAT64 prefix 64:ff9b::/96, has the class of the IPv4 address in it; a tunnel or translation that
// contains a metadata address is Metadata, and otherwise never Public.
func Classify(a netip.Addr) Class {
	a = a.WithZone("").Unmap()
	if !a.IsValid() {
		return Invalid
	}
	if metadata[a] {
		return Metadata
	}
	if nat64.Contains(a) {
		return Classify(v4(a, 12, 13, 14, 15))
	}
	for _, inner := range carried(a) {
		if metadata[inner] {
			return Metadata
		}
	}
	for _, e := range special {
		if e.Contains(a) {
			return e.class
		}
	}
	if a.Is4() || globalUnicast.Contains(a) {
		return Public
	}
	return Reserved
}
