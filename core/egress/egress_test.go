package egress

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for class, list := range map[Class]string{
		Public: "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 " +
			"128.0.0.0 172.15.255.255 172.32.0.0 198.17.255.255 198.20.0.0 " +
			"::ffff:1.1.1.1 64:ff9b::101:101 2000:: 2001:200:: 2606:4700::1111 2003:: 3ffe:ffff::",
		Loopback: "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1",
		Private: "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.255.255 100.64.0.0 " +
			"100.127.255.255 fc00:: fdff::1 fec0::1 " +
			"::ffff:10.1.2.3 64:ff9b::a01:203",
		LinkLocal: "169.254.0.1 169.254.255.255 fe80::1 fe80::1%eth0 febf::1 64:ff9b::a9fe:1",
		Metadata: "169.254.169.254 169.254.170.2 168.63.129.16 192.0.0.192 100.100.100.200 " +
			"fd00:ec2::254 fd20:ce::254 fd20:ce::254%eth0 ::ffff:168.63.129.16 " +
			"64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: " +
			"64:ff9b:1:a9:fe:a9fe:: 64:ff9b:1:0:a9:fea9:fe00:0 2002:a9fe:a9fe::1 " +
			"2001:0:a9fe:a9fe:: 2001::5601:5601 ::a9fe:a9fe ::ffff:0:a9fe:a9fe " +
			"fe80::5efe:a9fe:a9fe fe80::a9fe:a9fe 2606:4700::5efe:a9fe:a9fe " +
			"2606:4700::200:5efe:a9fe:a9fe",
		Multicast:   "224.0.0.1 239.255.255.255 ff02::1",
		Unspecified: "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0",
		Reserved: "192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.0 198.19.255.255 198.51.100.1 " +
			"203.0.113.255 240.0.0.0 255.255.255.255 100::1 64:ff9b:1::1 " +
			"2001::1 2001:1ff:ffff:: 2001:db8::1 2002::1 3fff::1 3fff:fff:ffff:: ::2 ::808:808 " +
			"4000:: 5f00::1 1fff:: ::ffff:0:1.1.1.1",
	} {
		for s := range strings.FieldsSeq(list) {
			if got := Classify(netip.MustParseAddr(s)); got != class {
				t.Errorf("%s is %s, want %s", s, got, class)
			}
		}
	}
	if got := Classify(netip.Addr{}); got != Invalid {
		t.Errorf("the zero address is %s", got)
	}
	if got := Class(200).String(); got != "invalid" {
		t.Errorf("Class(200) prints %q", got)
	}
}

func TestClassifyHost(t *testing.T) {
	for class, list := range map[Class]string{
		Public: "api.example.com API.example.com api.example.com. xn--bcher-kva.example " +
			"a_b.example intranet 1.1.1.1 [2606:4700::1111] localhost.example.com " +
			"metadata.example.com",
		Loopback: "localhost LOCALHOST localhost. " +
			"a.localhost 127.0.0.1 127.1.2.3 ::1 [::1] [::ffff:7f00:1]",
		Private:   "10.0.0.1 [fd00::1]",
		LinkLocal: "[fe80::1] [fe80::1%eth0]",
		Metadata: "metadata metadata.google.internal Metadata.Google.Internal. " +
			"instance-data.ec2.internal 169.254.169.254 [::ffff:a9fe:a9fe]",
		Unspecified: "0.0.0.0 [::]",
		Invalid: "2130706433 0177.0.0.1 0x7f.1 127.1 0x7f000001 1.2.3.4.5 256.1.1.1 a..b .a a.. " +
			"127。0。0。1 bücher.example a/b a:b [::1 ::1] user@host " +
			strings.Repeat("a", 64) + ".example " + strings.Repeat("a.", 127) + "a",
	} {
		for s := range strings.FieldsSeq(list) {
			if got := ClassifyHost(s); got != class {
				t.Errorf("%q is %s, want %s", s, got, class)
			}
		}
	}
	if got := ClassifyHost(""); got != Invalid {
		t.Errorf("no host is %s", got)
	}
}

func TestPermit(t *testing.T) {
	const name = "api.example.com"
	for _, c := range []struct {
		what, host, ranges, to string
		refused                Class // Invalid: permitted
	}{
		{"public", name, "", "1.1.1.1:443", Invalid},
		{"name to loopback", name, "", "127.0.0.1:443", Loopback},
		{"name to ::1", name, "", "[::1]:443", Loopback},
		{"name to private", name, "", "10.0.0.1:443", Private},
		{"name to link-local", name, "", "[fe80::1%eth0]:443", LinkLocal},
		{"name to metadata", name, "", "169.254.169.254:80", Metadata},
		{"name under localhost", "app.localhost", "", "127.0.0.1:80", Loopback},

		{"own address", "127.0.0.1", "", "127.0.0.1:8080", Invalid},
		{"own address, mapped", "127.0.0.1", "", "[::ffff:127.0.0.1]:8080", Invalid},
		{"next to the own address", "127.0.0.1", "", "127.0.0.2:8080", Loopback},
		{"own private address", "10.1.2.3", "", "10.1.2.3:443", Invalid},
		{"other private address", "10.1.2.3", "", "10.1.2.4:443", Private},
		{"own IPv6 address", "[fd00::1]", "", "[fd00::1]:443", Invalid},
		{"address to another", "1.1.1.1", "", "1.0.0.1:443", Public},
		{"localhost", "localhost", "", "127.0.0.1:80", Invalid},
		{"localhost over IPv6", "LOCALHOST.", "", "[::1]:80", Invalid},
		{"localhost to private", "localhost", "", "10.0.0.1:80", Private},
		{"localhost to public", "localhost", "", "1.1.1.1:80", Public},

		{"allowed", name, "10.1.0.0/16", "10.1.255.255:443", Invalid},
		{"beyond what is allowed", name, "10.1.0.0/16", "10.2.0.0:443", Private},
		{"allowed, mapped", name, "10.1.0.0/16", "[::ffff:10.1.0.1]:443", Invalid},
		{"allowed with zone", name, "fe80::/10", "[fe80::1%eth0]:443", Invalid},
		{"port", name, "127.0.0.1/32:9000", "127.0.0.1:9000", Invalid},
		{"another port", name, "127.0.0.1/32:9000", "127.0.0.1:9001", Loopback},
		{"second range", name, "127.0.0.1/32:9000 fd00::/8:443", "[fd00::7]:443", Invalid},
		{"second range, another port", name, "127.0.0.1/32:9000 fd00::/8:443",
			"[fd00::7]:9000", Private},
		{"metadata in a range", name, "169.254.0.0/16", "169.254.169.254:80", Metadata},
		{"next to it", name, "169.254.0.0/16", "169.254.169.253:80", Invalid},
		{"metadata in everything", name, "0.0.0.0/0 ::/0", "[fd00:ec2::254]:80", Metadata},
		{"metadata through a tunnel", name, "0.0.0.0/0 ::/0", "[2002:a9fe:a9fe::1]:80", Metadata},
		{"everything", name, "0.0.0.0/0 ::/0", "198.18.0.1:80", Invalid},
		{"unspecified in everything", name, "0.0.0.0/0 ::/0", "0.0.0.0:80", Unspecified},
		{"multicast in everything", name, "0.0.0.0/0 ::/0", "[ff02::1]:80", Multicast},
	} {
		t.Run(c.what, func(t *testing.T) {
			err := guard(t, c.host, strings.Fields(c.ranges)...).Permit(
				netip.MustParseAddrPort(c.to))
			blocked, ok := errors.AsType[*Blocked](err)
			if ok != (c.refused != Invalid) || ok && blocked.Class != c.refused {
				t.Errorf("%s to %s: %v", c.host, c.to, err)
			}
		})
	}
}

func TestZeroGuardPermitsNothing(t *testing.T) {
	for _, to := range []netip.AddrPort{
		netip.MustParseAddrPort("1.1.1.1:443"), netip.MustParseAddrPort("127.0.0.1:443"), {},
	} {
		if (Guard{}).Permit(to) == nil {
			t.Errorf("%s permitted", to)
		}
	}
	if guard(t, "api.example.com", "0.0.0.0/0", "::/0").Permit(netip.AddrPort{}) == nil {
		t.Error("no address permitted")
	}
}

// TestBlockedTellsNoAddress keeps the numbers of a network from the agent, which reads this text.
func TestBlockedTellsNoAddress(t *testing.T) {
	err := guard(t, "api.example.com").Permit(netip.MustParseAddrPort("10.9.8.7:443"))
	if err == nil || err.Error() != "address class private" {
		t.Errorf("error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "168.63.129.16",
		"0.0.0.0", "[::]", "224.0.0.1", "0177.0.0.1", "",
	} {
		if g, err := New(host); err == nil || g != (Guard{}) {
			t.Errorf("New(%q) = %v, %v", host, g, err)
		}
	}
}

func TestGuardsCompare(t *testing.T) {
	a, b := guard(t, "API.example.com", "10.0.0.0/8", "127.0.0.1/32:9000"), guard(t,
		"api.example.com", "10.0.0.0/8", "127.0.0.1/32:9000")
	if a != b || a == guard(t, "api.example.com", "10.0.0.0/8") ||
		a == guard(t, "b.example.com", "10.0.0.0/8", "127.0.0.1/32:9000") {
		t.Error("guards that permit the same must be equal, others not")
	}
}

func TestParseRange(t *testing.T) {
	for _, s := range []string{
		"10.1.0.0/16", "127.0.0.1/32:9000", "fd00:1::/64", "fd00:1::/64:443", "::1/128:1",
		"0.0.0.0/0", "169.254.0.0/16:65535",
	} {
		if r, err := ParseRange(s); err != nil || r.String() != s {
			t.Errorf("ParseRange(%q) = %v, %v", s, r, err)
		}
	}
	for _, s := range []string{
		"", "/", "10.0.0.1", "10.0.0.1:80", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/08", "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:http",
		"10.0.0.0/8:1:2", " 10.0.0.0/8", "localhost/8", "fe80::1%eth0/128", "::ffff:10.0.0.0/104",
		"169.254.169.254/32", "fd00:ec2::254/128:80", "0.0.0.0/32",
	} {
		if r, err := ParseRange(s); err == nil || r != (Range{}) {
			t.Errorf("ParseRange(%q) = %v, %v", s, r, err)
		}
	}
	if (Range{}).contains(netip.MustParseAddrPort("10.0.0.1:80")) {
		t.Error("the zero range holds something")
	}
}

// TestGuardFor: what a service opens is open to its token endpoint too; that endpoint's host means
// nothing but itself.
func TestGuardFor(t *testing.T) {
	r, err := ParseRange("10.0.0.0/8:443")
	if err != nil {
		t.Fatal(err)
	}
	own, err := New("127.0.0.1", r)
	if err != nil {
		t.Fatal(err)
	}
	other, err := own.For("idp.example")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"1.1.1.1:443": true, "10.1.1.1:443": true, "10.1.1.1:80": false, "127.0.0.1:443": false,
		"169.254.169.254:443": false,
	} {
		if got := other.Permit(netip.MustParseAddrPort(address)) == nil; got != want {
			t.Errorf("%s permitted: %v", address, got)
		}
	}
	for _, host := range []string{"169.254.169.254", "metadata.google.internal", "", "0x7f.1"} {
		if g, err := own.For(host); err == nil ||
			g.Permit(netip.MustParseAddrPort("10.1.1.1:443")) == nil {
			t.Errorf("%q: %v", host, err)
		}
	}
}
