//go:build !race

package egress

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"code.dny.dev/ssrf"
)

// TestAgainstOracle compares a guard without ranges with code.dny.dev/ssrf, whose tables are made
// from the IANA registries: at both edges of each prefix that either side knows, one beyond them,
// and at random.
func TestAgainstOracle(t *testing.T) {
	oracle := ssrf.New(ssrf.WithAnyPort(),
		ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")))
	g := guard(t, "api.example.com")
	random := rand.New(rand.NewPCG(1, 2))
	known := append(append([]netip.Prefix{ssrf.IPv6GlobalUnicast}, ssrf.IPv4DeniedPrefixes...),
		ssrf.IPv6DeniedPrefixes...)
	for _, e := range special {
		known = append(known, e.Prefix)
	}
	compared := 0
	check := func(a netip.Addr) {
		if !a.IsValid() || a.Is4In6() || nat64.Contains(a) {
			return // read as the IPv4 address within: TestClassify
		}
		compared++
		ours, theirs := g.Permit(netip.AddrPortFrom(a, 443)), oracle.SafeAddr(a)
		if (ours == nil) != (theirs == nil) {
			t.Errorf("%s: %v, oracle: %v", a, ours, theirs)
		}
	}
	for _, p := range known {
		first, last := p.Addr(), lastOf(p)
		for _, a := range []netip.Addr{
			first.Prev(), first, first.Next(), last.Prev(), last, last.Next(),
		} {
			check(a)
		}
		for range 100 {
			check(mix(p, random))
		}
	}
	for range 200_000 {
		check(mix(netip.MustParsePrefix("0.0.0.0/0"), random))
		check(mix(netip.MustParsePrefix("::/0"), random))
		check(mix(netip.MustParsePrefix("2000::/3"), random))
	}
	t.Logf("%d addresses", compared)
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// mix is a random address of p.
func mix(p netip.Prefix, random *rand.Rand) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		if random.Uint32()&1 == 1 {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
