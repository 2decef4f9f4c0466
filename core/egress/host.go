package egress

import (
	"net/netip"
	"strings"
)

// metadataNames are the names that clouds give to their metadata services. If they resolve at all,
// their addresses are refused too.
var metadataNames = map[string]bool{
	"metadata": true, "metadata.google.internal": true, "metadata.goog": true,
	"metadata.tencentyun.com": true, "instance-data": true, "instance-data.ec2.internal": true,
}

// ClassifyHost returns the class of a host, given without its port, according to its spelling: the
// class of an address, with or without brackets; Loopback for localhost and the names under it (RFC
// 6761 section 6.3); Metadata; Invalid for anything that is not a DNS name, such as 2130706433,
// 0177.0.0.1 and 0x7f.1, which some resolvers read as addresses. Any other name is Public, as far
// as its spelling tells: only Permit sees where it leads.
func ClassifyHost(host string) Class {
	if a, ok := literal(host); ok {
		return Classify(a)
	}
	name := canonical(host)
	switch {
	case !validName(name):
		return Invalid
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return Loopback
	case metadataNames[name]:
		return Metadata
	}
	return Public
}

// literal reads a host that is an address.
func literal(host string) (netip.Addr, bool) {
	inner, ok := strings.CutPrefix(host, "[")
	if ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(inner)
	return a.WithZone("").Unmap(), err == nil
}

func canonical(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// validName takes letters, digits, "-" and "_" in labels of 1 to 63 bytes, the last of which does
// not begin as a number does.
func validName(name string) bool {
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 ||
			strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(name) <= 253 && (last[0] < '0' || last[0] > '9')
}
