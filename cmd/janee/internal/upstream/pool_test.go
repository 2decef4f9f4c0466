package upstream

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestEnvironmentProxyIgnored calls a name, since net/http uses no proxy of the environment for
// 127.0.0.1: TestMain's dead proxy would be used if any were.
func TestEnvironmentProxyIgnored(t *testing.T) {
	server, _ := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	x := request("GET", "http://api.example.test:"+portOf(server), "/")
	x.Guard = guardOf(x.Origin, ranges(t, "127.0.0.1/32")...)
	out, _ := do(t, clientWith(t, one("127.0.0.1")), x)
	want(t, out, "", "")
}

func TestConnectionReuse(t *testing.T) {
	origin, accepted := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	c := newClient(t)
	var calls atomic.Int64
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for calls.Add(1) <= 500 {
				out, r := do(t, c, request("GET", origin, "/"))
				if want(t, out, "", ""); string(r.body) != "hi" {
					t.Errorf("body %q", r.body)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("500 calls, 32 at a time: %d connections", accepted())
	if n := accepted(); n > 64 {
		t.Errorf("%d connections", n)
	}
}

// TestConnectionLimit has 80 calls wait at once; 64 connections is all they get.
func TestConnectionLimit(t *testing.T) {
	release := make(chan bool)
	origin, accepted := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for readRequest(r) != "" {
			<-release
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	c := newClient(t)
	var calls sync.WaitGroup
	for range 80 {
		calls.Go(func() {
			out, _ := do(t, c, request("GET", origin, "/"))
			want(t, out, "", "")
		})
	}
	for began := time.Now(); accepted() < maxConns && time.Since(began) < 4*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // for one too many
	if n := accepted(); n != maxConns {
		t.Errorf("%d connections while 80 calls wait", n)
	}
	close(release)
	calls.Wait()
}

func TestServicesShareNoConnection(t *testing.T) {
	shareNoConnection(t, func(target *Target, name string) { target.Service = name })
}

func TestAgentsShareNoConnection(t *testing.T) {
	shareNoConnection(t, func(target *Target, name string) { target.Agent = name })
}

func shareNoConnection(t *testing.T, name func(*Target, string)) {
	origin, accepted := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	c := newClient(t)
	for i, each := range []string{"a", "b", "a", "b"} {
		x := request("GET", origin, "/")
		name(&x.Target, each)
		out, _ := do(t, c, x)
		want(t, out, "", "")
		if n := accepted(); n != min(i+1, 2) {
			t.Errorf("call %d: %d connections", i, n)
		}
	}
}

// TestHangingCallsOfAnAgentKeepNobodyOut has one agent hang on all its connections and more.
func TestHangingCallsOfAnAgentKeepNobodyOut(t *testing.T) {
	release := make(chan bool)
	origin, accepted := rawServer(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for request := readRequest(r); request != ""; request = readRequest(r) {
			if strings.Contains(request, "/hang") {
				<-release
			}
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	c := newClient(t)
	var calls sync.WaitGroup
	for range 2 * maxConns {
		calls.Go(func() {
			x := request("GET", origin, "/hang")
			x.Target = x.Target.For("mallory")
			out, _ := do(t, c, x)
			want(t, out, "", "")
		})
	}
	for began := time.Now(); accepted() < maxConns && time.Since(began) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	x := request("GET", origin, "/")
	x.Target, x.Timeout = x.Target.For("alice"), 5*time.Second
	out, _ := do(t, c, x)
	want(t, out, "", "")
	close(release)
	calls.Wait()
}

// TestSweep drops pools that nobody uses when another is made, and keeps the rest.
func TestSweep(t *testing.T) {
	c := newClient(t)
	now := time.Now()
	for name, used := range map[string]time.Time{
		"old": now.Add(-2*idleTimeout - time.Minute), "young": now.Add(-idleTimeout),
	} {
		if _, err := c.pools.get(Target{Service: name}, ""); err != nil {
			t.Fatal(err)
		}
		c.pools.all[Target{Service: name}].used = used
	}
	if _, err := c.pools.get(Target{Service: "new"}, ""); err != nil {
		t.Fatal(err)
	}
	if c.pools.all[Target{Service: "old"}] != nil || c.pools.all[Target{Service: "young"}] == nil ||
		len(c.pools.all) != 2 {
		t.Errorf("pools %v", c.pools.all)
	}
}

func BenchmarkSmallGet(b *testing.B) {
	origin, _ := always(b,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n"+
			"{\"ok\":true}")
	c, x := newClient(b), request("GET", origin, "/v1/balance")
	b.ReportAllocs()
	for b.Loop() {
		if out := c.Do(b.Context(), x, new(reply)); out.Err != "" {
			b.Fatal(out)
		}
	}
}
