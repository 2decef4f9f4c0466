package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/true-and-useful/janee/core/egress"
)

// names answers DNS lookups over the loopback: what it returns for a name and the count of lookups
// of that name, from 1, are its addresses.
type names func(name string, n int64) []string

// resolver runs a DNS server for the test and returns what asks it, and nothing else.
func resolver(t testing.TB, answer names) *net.Resolver {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { server.Close(); <-done })
	go func() {
		defer close(done)
		var lookups atomic.Int64
		for buf := make([]byte, 512); ; {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			server.WriteTo(dnsAnswer(buf[:n], &lookups, answer), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _,
		_ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// dnsAnswer makes the reply to a query of one question (RFC 1035 section 4.1). A lookup asks for A
// and AAAA; only A counts.
func dnsAnswer(query []byte, lookups *atomic.Int64, answer names) []byte {
	var labels []string
	at := 12
	for query[at] != 0 {
		labels = append(labels, string(query[at+1:at+1+int(query[at])]))
		at += 1 + int(query[at])
	}
	kind, end := binary.BigEndian.Uint16(query[at+1:]), at+5
	if kind == 1 {
		lookups.Add(1)
	}
	reply := append([]byte{}, query[:end]...)
	copy(reply[2:], []byte{0x85, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	addresses := answer(strings.Join(labels, "."), max(lookups.Load(), 1))
	if addresses == nil {
		reply[3] |= 3 // no such name
	}
	for _, s := range addresses {
		ip := netip.MustParseAddr(s)
		if ip.Is4() != (kind == 1) {
			continue
		}
		reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(ip.BitLen()/8))
		reply = append(reply, ip.AsSlice()...)
		reply[7]++
	}
	return reply
}

// one is a name server that knows one name.
func one(addresses ...string) names {
	return func(name string, _ int64) []string {
		if name == "api.example.test" {
			return addresses
		}
		return nil
	}
}

func clientWith(t testing.TB, answer names) *Client {
	c := newClient(t)
	c.pools.resolver = resolver(t, answer)
	return c
}

func portOf(origin string) string { return origin[strings.LastIndexByte(origin, ':')+1:] }

func ranges(t testing.TB, list ...string) (all []egress.Range) {
	for _, s := range list {
		r, err := egress.ParseRange(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

const ok = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// TestNamesThatLeadInside sends nothing where a name resolves to an address that is not public,
// save where a range opens it.
func TestNamesThatLeadInside(t *testing.T) {
	for name, c := range map[string]struct {
		addresses, allow string // PORT is the server's
		detail           string // "": permitted
	}{
		"loopback":              {"127.0.0.1", "", "address class loopback"},
		"IPv6 loopback":         {"::1", "", "address class loopback"},
		"mapped loopback":       {"::ffff:127.0.0.1", "", "address class loopback"},
		"unspecified":           {"0.0.0.0", "0.0.0.0/0", "address class unspecified"},
		"private":               {"10.1.2.3", "", "address class private"},
		"metadata":              {"169.254.169.254", "", "address class metadata"},
		"metadata in a range":   {"169.254.169.254", "169.254.0.0/16", "address class metadata"},
		"allowed":               {"127.0.0.1", "127.0.0.1/32", ""},
		"allowed port":          {"127.0.0.1", "127.0.0.1/32:PORT", ""},
		"another port":          {"127.0.0.1", "127.0.0.1/32:1", "address class loopback"},
		"other range":           {"127.0.0.1", "10.0.0.0/8", "address class loopback"},
		"one of two is allowed": {"169.254.169.254 127.0.0.1", "127.0.0.1/32", ""},
		"none of two":           {"127.0.0.1 127.0.0.2", "", "address class loopback"},
	} {
		t.Run(name, func(t *testing.T) {
			server, accepted := always(t, ok)
			origin := "http://api.example.test:" + portOf(server)
			x := request("POST", origin, "/charges")
			x.Guard = guardOf(origin, ranges(t,
				strings.Fields(strings.ReplaceAll(c.allow, "PORT", portOf(server)))...)...)
			out, _ := do(t, clientWith(t, one(strings.Fields(c.addresses)...)), x)
			if c.detail == "" {
				want(t, out, "", "")
				return
			}
			if want(t, out, Blocked, c.detail); accepted() != 0 {
				t.Error("a connection was made")
			}
		})
	}
}

// TestRebinding has a name lead to an allowed address until it was looked up once.
func TestRebinding(t *testing.T) {
	server, accepted := always(t, ok)
	origin := "http://api.example.test:" + portOf(server)
	c := clientWith(t, func(_ string, n int64) []string {
		return []string{[]string{"127.0.0.1", "169.254.169.254", "10.0.0.1"}[min(n, 3)-1]}
	})
	x := request("GET", origin, "/")
	x.Guard = guardOf(origin, ranges(t, "127.0.0.1/32:"+portOf(server))...)
	for _, detail := range []string{"", "address class metadata", "address class private"} {
		out, _ := do(t, c, x)
		if detail == "" {
			want(t, out, "", "")
		} else {
			want(t, out, Blocked, detail)
		}
	}
	if n := accepted(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestLocalhostIsTheLoopback(t *testing.T) {
	server, _ := always(t, ok)
	out, _ := do(t, newClient(t), request("GET", "http://localhost:"+portOf(server), "/"))
	want(t, out, "", "")
}

func TestNothingWithoutAGuard(t *testing.T) {
	origin, accepted := always(t, ok)
	x := request("GET", origin, "/")
	x.Guard = egress.Guard{}
	out, _ := do(t, newClient(t), x)
	if want(t, out, Blocked, "address class loopback"); accepted() != 0 {
		t.Error("a connection was made")
	}
}

// TestProxy lets the proxy alone look up the API's name.
func TestProxy(t *testing.T) {
	lines := make(chan string, 8)
	proxied := func(serve func(c net.Conn, r *bufio.Reader)) (port string) {
		server, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) { serve(c, r) })
		return portOf(server)
	}
	http := proxied(func(c net.Conn, r *bufio.Reader) {
		line, _, _ := strings.Cut(readRequest(r), "\r\n")
		lines <- line
		io.WriteString(c, ok)
	})
	refusing := proxied(func(c net.Conn, r *bufio.Reader) {
		line, _, _ := strings.Cut(readRequest(r), "\r\n")
		lines <- line
		io.WriteString(c, "HTTP/1.1 407 who are you\r\nContent-Length: 0\r\n\r\n")
	})
	socks := proxied(func(c net.Conn, r *bufio.Reader) { serveSOCKS(c, r, lines) })
	for name, tt := range map[string]struct {
		proxy, origin, line, err, detail string
	}{
		"plain": {"http://127.0.0.1:" + http, "http://api.example.test",
			"POST http://api.example.test/a?b=%63 HTTP/1.1", "", ""},
		"refused": {"http://127.0.0.1:" + refusing, "https://api.example.test",
			"CONNECT api.example.test:443 HTTP/1.1", Unreachable,
			"the proxy refused to connect to the API"},
		"loopback too": {"http://127.0.0.1:" + refusing, "https://127.0.0.1:1",
			"CONNECT 127.0.0.1:1 HTTP/1.1", Unreachable, "the proxy refused to connect to the API"},
		"SOCKS": {"socks5://127.0.0.1:" + socks, "http://api.example.test",
			"api.example.test POST /a?b=%63 HTTP/1.1", "", ""},
		"by name": {"http://proxy.example.test:" + http, "http://api.example.test", "",
			Blocked, "address class loopback"},
		"by no proxy": {"ftp://127.0.0.1:" + http, "http://api.example.test", "", Rejected,
			"the service's proxy cannot be used"},
		"with password": {"http://u:p@127.0.0.1:" + http, "http://api.example.test", "", Rejected,
			"the service's proxy cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			x := request("POST", tt.origin, "/a?b=%63")
			x.Proxy, x.Guard = tt.proxy, guardOf(tt.proxy)
			out, _ := do(t, clientWith(t, func(name string, _ int64) []string {
				if name != "proxy.example.test" {
					t.Errorf("%s was looked up", name)
				}
				return []string{"127.0.0.1"}
			}), x)
			if want(t, out, tt.err, tt.detail); last(lines) != tt.line {
				t.Errorf("the proxy was not asked %q", tt.line)
			}
		})
	}
}

// TestProxyTunnelsTLS verifies the API's certificate, not the proxy's word.
func TestProxyTunnelsTLS(t *testing.T) {
	cert := certificate(t, tomorrow())
	origin, served := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{cert}}, true)
	u, _ := url.Parse(origin)
	proxy, _ := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		api, err := net.Dial("tcp", u.Host)
		if err != nil {
			return
		}
		defer api.Close()
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(api, r); api.Close() }()
		io.Copy(c, api)
	})
	x := request("GET", origin, "/")
	x.Proxy, x.Guard = proxy, guardOf(proxy)
	out, _ := do(t, newClient(t), x)
	want(t, out, Unreachable, "certificate signed by unknown authority")
	x.CAFile = writeCA(t, t.TempDir()+"/ca", cert)
	if out, _ = do(t, newClient(t), x); served.Load() != 1 {
		t.Errorf("%d requests", served.Load())
	}
	want(t, out, "", "")
}

// serveSOCKS grants one connection (RFC 1928), says which name was asked for and the request line,
// and answers the request.
func serveSOCKS(c net.Conn, r *bufio.Reader, lines chan<- string) {
	hello := make([]byte, 2)
	io.ReadFull(r, hello)
	io.CopyN(io.Discard, r, int64(hello[1]))
	c.Write([]byte{5, 0})
	head := make([]byte, 5) // version, connect, 0, 3 for a name, its length
	io.ReadFull(r, head)
	name := make([]byte, int(head[4])+2)
	io.ReadFull(r, name)
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	line, _, _ := strings.Cut(readRequest(r), "\r\n")
	lines <- string(name[:head[4]]) + " " + line
	io.WriteString(c, ok)
}
