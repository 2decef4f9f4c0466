package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestAllowPrivate(t *testing.T) {
	for _, c := range []struct {
		name, lines, permitted, refused string
	}{
		{"nothing", "", "1.1.1.1:443", "127.0.0.1:443 10.1.0.1:443 169.254.169.254:80"},
		{"empty", "    allowPrivate: []\n", "1.1.1.1:443", "10.1.0.1:443"},
		{"prefix", "    allowPrivate: [10.1.0.0/16]\n", "10.1.0.1:443 1.1.1.1:443",
			"10.2.0.1:443 127.0.0.1:443"},
		{"port", "    allowPrivate: [127.0.0.1/32:9000]\n", "127.0.0.1:9000", "127.0.0.1:9001"},
		{"block list", "    allowPrivate:\n      - 10.1.0.0/16\n      - \"fd00::/8:443\"\n",
			"10.1.0.1:80 [fd00::1]:443", "[fd00::1]:80"},
		{"proxy", "    proxy: http://127.0.0.1:3128\n", "127.0.0.1:3128",
			"1.1.1.1:443 127.0.0.2:3128"},
		{"proxy by name",
			"    proxy: socks5://proxy.example:1080\n    allowPrivate: [10.1.0.0/16]\n",
			"1.1.1.1:1080 10.1.0.1:1080", "10.2.0.1:1080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := Parse([]byte(serviceWith(c.lines)))
			if err != nil {
				t.Fatal(err)
			}
			guard := config.Services["stripe"].Guard
			for to := range strings.FieldsSeq(c.permitted) {
				if err := guard.Permit(netip.MustParseAddrPort(to)); err != nil {
					t.Errorf("%s: %v", to, err)
				}
			}
			for to := range strings.FieldsSeq(c.refused) {
				if guard.Permit(netip.MustParseAddrPort(to)) == nil {
					t.Errorf("%s is permitted", to)
				}
			}
		})
	}
}

func TestProxy(t *testing.T) {
	for _, url := range []string{
		"http://proxy.example:3128", "https://proxy.example", "socks5://[::1]:1080",
	} {
		c, err := Parse([]byte(serviceWith("    proxy: '" + url + "'\n")))
		if err != nil || c.Services["stripe"].Proxy != url {
			t.Errorf("%s: %v", url, err)
		}
	}
	plain := strings.Replace(serviceWith("    proxy: http://proxy.example\n    allowHttp: true\n"),
		"https:", "http:", 1)
	if _, err := Parse([]byte(plain)); err != nil {
		t.Error(err)
	}
}

func TestEgressProblems(t *testing.T) {
	base := func(url string) string {
		return strings.Replace(minimal, "https://api.stripe.com", url, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"true", serviceWith("    allowPrivate: true\n"),
			`8: service "stripe": allowPrivate must be a list, not text: write [10.1.0.0/16]`},
		{"nothing", serviceWith("    allowPrivate:\n"),
			`8: service "stripe": allowPrivate must be a list, not nothing`},
		{"address", serviceWith("    allowPrivate:\n      - 10.0.0.0/8\n      - 10.0.0.1\n"),
			`10: service "stripe": allowPrivate: reading address range "10.0.0.1"`},
		{"metadata", serviceWith("    allowPrivate: [169.254.169.254/32]\n"),
			`8: service "stripe": allowPrivate: reading address range "169.254.169.254/32": a metadata address is never allowed`},
		{"item is a mapping", serviceWith("    allowPrivate: [{}]\n"),
			`8: service "stripe": allowPrivate must be text, not a mapping`},
		{"metadata baseUrl", base("https://169.254.169.254"),
			`4: service "stripe": baseUrl: the host "169.254.169.254" is in the address class metadata`},
		{"metadata name",
			base("https://metadata.google.internal"),
			`4: service "stripe": baseUrl: the host "metadata.google.internal" is in the address class metadata`},
		{"metadata behind a proxy", base("https://169.254.169.254") +
			"    proxy: http://proxy.example\n", `4: service "stripe": baseUrl: the host`},
		{"metadata as a proxy", serviceWith("    proxy: http://169.254.169.254\n"),
			`8: service "stripe": proxy: the host "169.254.169.254" is in the address class metadata`},
		{"proxy of another scheme", serviceWith("    proxy: ftp://proxy.example\n"),
			`8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy is a name", serviceWith("    proxy: proxy.example:3128\n"),
			`8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy with a path", serviceWith("    proxy: http://proxy.example/x\n"),
			`8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy with a password", serviceWith("    proxy: http://user:hunter2@proxy.example\n"),
			`8: service "stripe": proxy: it may not contain a user name or password`},
		{"proxy without host", serviceWith("    proxy: \"http://:80\"\n"),
			`8: service "stripe": proxy: the host ""`},
		{"plain http by proxy", base("http://127.0.0.1:1") + "    proxy: http://proxy.example\n",
			`8: service "stripe": proxy: it would see the credential`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			problems, ok := errors.AsType[*Error](err)
			if !ok || len(problems.Problems) != 1 ||
				!strings.HasPrefix(problems.Problems[0].String(), "line "+c.want) {
				t.Errorf("error %v, want line %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a password")
			}
		})
	}
}

// serviceWith is minimal with more lines in its service, from line 8 on.
func serviceWith(lines string) string { return minimal + lines }

// TestBaseURLSpellings: what a resolver, a browser or an operating system would read as an address
// inside is refused, or is exactly that address.
func TestBaseURLSpellings(t *testing.T) {
	for _, base := range strings.Fields(`http://0177.0.0.1 http://0x7f.1 http://2130706433 http://127.1 http://127.0.0.1. http://localhost. http://a.localhost http://[::1%25lo]
		http://[fe80::1%25eth0] https://[64:ff9b::a9fe:a9fe] https://[64:ff9b:1::a9fe:a9fe] https://[2002:a9fe:a9fe::1] https://[::a9fe:a9fe] https://[::ffff:a9fe:a9fe]
		https://[::ffff:0:a9fe:a9fe] https://[fe80::5efe:169.254.169.254] https://[2606:4700::5efe:169.254.169.254] https://[2001:0:a9fe:a9fe::] https://169.254.169.254
		https://metadata.google.internal https://METADATA.google.internal. https://user@api.example.com https://api.example.com@evil.example https://api.example.com:0
		https://api.example.com:65536 https://api.example.com: https://bücher.example https://api.example.com. https://api..example.com https://１２７.0.0.1
		https://127。0。0。1 https://api.example.com\\@evil https://api.example.com#@evil https://%61pi.example.com https://api.example.com%2eevil https://0.0.0.0
		https://[::] https://224.0.0.1 http://10.0.0.1 file:///etc/passwd unix:/x gopher://x https://168.63.129.16 https://100.100.100.200 https://192.0.0.192
		https://169.254.170.2 https://[fd00:ec2::254] https://[fd00:0ec2:0:0:0:0:0:254] https://foo.0x7f https://1 https://example.123 https://[::1 https://::1 https://[1.1.1.1]`) {
		if c, err := Parse(based(base)); err == nil {
			t.Errorf("%s is taken as %s", base, c.Services["s"].Base)
		}
	}
	for base, want := range map[string]string{ // to where it may lead, of the addresses below
		"http://LOCALHOST": "loopback", "http://[::ffff:127.0.0.1]": "loopback",
		"http://127.0.0.1:8080": "loopback", "https://10.1.2.3": "private",
		"https://API.EXAMPLE.com": "public", "https://xn--bcher-kva.example": "public",
		"https://127.0.0.1.nip.io": "public", "https://localhost.example.com": "public",
	} {
		c, err := Parse(based(base))
		if err != nil {
			t.Errorf("%s: %v", base, err)
			continue
		}
		for kind, address := range map[string]string{
			"loopback": "127.0.0.1:8080", "private": "10.1.2.3:443", "public": "1.1.1.1:443",
			"metadata": "169.254.169.254:80", "another": "10.1.2.4:443",
			"mapped metadata": "[::ffff:169.254.169.254]:80", "carrier": "100.64.0.1:443",
			"benchmarks": "198.18.0.1:443", "ULA": "[fd12::1]:443",
		} {
			if got := c.Services["s"].Guard.Permit(netip.MustParseAddrPort(address)) == nil; got !=
				(kind == want) {
				t.Errorf("%s to %s: %v", base, address, got)
			}
		}
	}
}

func based(base string) []byte {
	return []byte("services:\n  s:\n    baseUrl: '" + base +
		"'\n    auth: {type: bearer, key: abcdefghij}\n")
}
