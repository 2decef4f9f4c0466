package egress

import "net/netip"

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291 section 2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765
	// of ISATAP (RFC 5214), fe80::5efe:a.b.c.d
	linkLocal6 = netip.MustParsePrefix("fe80::/10")
)

// carried returns the IPv4 addresses to which a gateway may pass what is sent to a, if a is the
// address of a tunnel or translation other than nat64.
func carried(a netip.Addr) []netip.Addr {
	switch {
	case a.Is4():
		return nil
	case nat64Local.Contains(a): // the prefix lengths of RFC 6052 section 2.2 from 48 bits on
		return []netip.Addr{
			v4(a, 6, 7, 9, 10), v4(a, 7, 9, 10, 11), v4(a, 9, 10, 11, 12), v4(a, 12, 13, 14, 15),
		}
	case sixToFour.Contains(a):
		return []netip.Addr{v4(a, 2, 3, 4, 5)}
	case teredo.Contains(a):
		return []netip.Addr{v4(a, 4, 5, 6, 7), inverted(v4(a, 12, 13, 14, 15))}
	case compatible.Contains(a), translated.Contains(a), linkLocal6.Contains(a), isatap(a):
		return []netip.Addr{v4(a, 12, 13, 14, 15)}
	}
	return nil
}

// isatap reports an interface identifier of RFC 5214 section 6.1, which may follow any prefix.
func isatap(a netip.Addr) bool {
	b := a.As16()
	return b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// v4 makes an address of four bytes of a.
func v4(a netip.Addr, at ...int) netip.Addr {
	b := a.As16()
	return netip.AddrFrom4([4]byte{b[at[0]], b[at[1]], b[at[2]], b[at[3]]})
}

// inverted undoes what Teredo does to a client's address so that translators leave it alone.
func inverted(a netip.Addr) netip.Addr {
	b := a.As4()
	for i := range b {
		b[i] = ^b[i]
	}
	return netip.AddrFrom4(b)
}
