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
		{"prefix", "    allowPrivate: [10.1.0.0/16]\n", "10.1.0.1:443 1.1.1.1:443", "10.2.0.1:443 127.0.0.1:443"},
		{"port", "    allowPrivate: [127.0.0.1/32:9000]\n", "127.0.0.1:9000", "127.0.0.1:9001"},
		{"block list", "    allowPrivate:\n      - 10.1.0.0/16\n      - \"fd00::/8:443\"\n", "10.1.0.1:80 [fd00::1]:443", "[fd00::1]:80"},
		{"proxy", "    proxy: http://127.0.0.1:3128\n", "127.0.0.1:3128", "1.1.1.1:443 127.0.0.2:3128"},
		{"proxy by name", "    proxy: socks5://proxy.example:1080\n    allowPrivate: [10.1.0.0/16]\n", "1.1.1.1:1080 10.1.0.1:1080", "10.2.0.1:1080"},
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
	for _, url := range []string{"http://proxy.example:3128", "https://proxy.example", "socks5://[::1]:1080"} {
		c, err := Parse([]byte(serviceWith("    proxy: '" + url + "'\n")))
		if err != nil || c.Services["stripe"].Proxy != url {
			t.Errorf("%s: %v", url, err)
		}
	}
	plain := strings.Replace(serviceWith("    proxy: http://proxy.example\n    allowHttp: true\n"), "https:", "http:", 1)
	if _, err := Parse([]byte(plain)); err != nil {
		t.Error(err)
	}
}

func TestEgressProblems(t *testing.T) {
	base := func(url string) string { return strings.Replace(minimal, "https://api.stripe.com", url, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"true", serviceWith("    allowPrivate: true\n"), `8: service "stripe": allowPrivate must be a list, not text: write [10.1.0.0/16]`},
		{"nothing", serviceWith("    allowPrivate:\n"), `8: service "stripe": allowPrivate must be a list, not nothing`},
		{"address", serviceWith("    allowPrivate:\n      - 10.0.0.0/8\n      - 10.0.0.1\n"), `10: service "stripe": allowPrivate: reading address range "10.0.0.1"`},
		{"metadata", serviceWith("    allowPrivate: [169.254.169.254/32]\n"), `8: service "stripe": allowPrivate: reading address range "169.254.169.254/32": a metadata address is never allowed`},
		{"item is a mapping", serviceWith("    allowPrivate: [{}]\n"), `8: service "stripe": allowPrivate must be text, not a mapping`},
		{"metadata baseUrl", base("https://169.254.169.254"), `4: service "stripe": baseUrl: the host "169.254.169.254" is of the class metadata`},
		{"metadata name", base("https://metadata.google.internal"), `4: service "stripe": baseUrl: the host "metadata.google.internal" is of the class metadata`},
		{"metadata behind a proxy", base("https://169.254.169.254") + "    proxy: http://proxy.example\n", `4: service "stripe": baseUrl: the host`},
		{"metadata as a proxy", serviceWith("    proxy: http://169.254.169.254\n"), `8: service "stripe": proxy: the host "169.254.169.254" is of the class metadata`},
		{"proxy of another scheme", serviceWith("    proxy: ftp://proxy.example\n"), `8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy is a name", serviceWith("    proxy: proxy.example:3128\n"), `8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy with a path", serviceWith("    proxy: http://proxy.example/x\n"), `8: service "stripe": proxy: write http://HOST:PORT`},
		{"proxy with a password", serviceWith("    proxy: http://user:hunter2@proxy.example\n"), `8: service "stripe": proxy: it may not hold a user name or password`},
		{"proxy without host", serviceWith("    proxy: \"http://:80\"\n"), `8: service "stripe": proxy: the host ""`},
		{"plain http by proxy", base("http://127.0.0.1:1") + "    proxy: http://proxy.example\n", `8: service "stripe": proxy: it would see the credential`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			problems, ok := errors.AsType[*Error](err)
			if !ok || len(problems.Problems) != 1 || !strings.HasPrefix(problems.Problems[0].String(), "line "+c.want) {
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
