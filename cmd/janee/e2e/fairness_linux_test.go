//go:build !race

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// holdingAPI answers /hang/N never, /stall/N with 9 of 10 MiB and then nothing more, /trickle/N a
// byte at a time, /large/N and /large with 9 MiB, and /small-N at once. The large replies of
// hostile requests begin when all of these have come: a request that came later would be refused,
// since its agent's share is full.
type holdingAPI struct {
	url  string
	held atomic.Int64 // requests that came for one of these
	want int64        // how many will come
	all  chan struct{}
}

func startHolding(t testing.TB, want int64) *holdingAPI {
	a := &holdingAPI{want: want, all: make(chan struct{})}
	s := httptest.NewServer(a)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	a.url = s.URL
	return a
}

func (a *holdingAPI) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	kind, _, hostile := strings.Cut(q.URL.Path[1:], "/")
	if !hostile {
		kind, _, _ = strings.Cut(kind, "-")
	} else if a.held.Add(1) == a.want {
		close(a.all)
	}
	if kind == "stall" || kind == "trickle" {
		w.Header().Set("Content-Length", fmt.Sprint(10<<20))
	}
	if hostile && (kind == "stall" || kind == "large") {
		select {
		case <-a.all:
		case <-q.Context().Done():
		}
	}
	if kind == "stall" || kind == "large" {
		for range 9 << 10 {
			if _, err := io.WriteString(w, kibibyte); err != nil {
				return
			}
		}
	}
	switch kind {
	case "hang", "stall":
		_ = http.NewResponseController(w).Flush()
		<-q.Context().Done()
	case "trickle":
		for q.Context().Err() == nil {
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	case "small":
		fmt.Fprint(w, `{"ok":true}`)
	}
}

var kibibyte = strings.Repeat("a", 1<<10)

// TestHostileAgentsKeepNobodyOut has one agent, then five together, hold what agents share: all the
// calls they may have under way at once, with as large replies as there are. Another agent's calls
// to the same service are served at once, each time.
func TestHostileAgentsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		agents int
		kinds  []string
	}{
		{1, []string{"hang"}}, {1, []string{"stall"}}, {1, []string{"large"}},
		{5, []string{"hang", "stall", "trickle", "large"}},
	} {
		t.Run(fmt.Sprint(tt.agents, tt.kinds), func(t *testing.T) {
			newPlace(t).besides(tt.agents, tt.kinds)
		})
	}
}

func (p *place) besides(agents int, kinds []string) {
	t, api := p.t, startHolding(p.t, int64(64*agents))
	p.configure(fmt.Sprintf(bankAndAgents, api.url))
	alice := strings.TrimSpace(p.run("", "agent", "add", "alice"))
	var tokens []string
	for i := range agents {
		tokens = append(tokens,
			strings.TrimSpace(p.run("", "agent", "add", fmt.Sprint("mallory", i))))
	}
	s := p.site()
	ctx, stop := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for _, token := range tokens {
		c := s.client(t, token, "mallory")
		for i := range 64 {
			calls.Go(func() {
				s.callWithoutReading(ctx, c, i, fmt.Sprintf("/%s/%d", kinds[i%len(kinds)], i))
			})
		}
	}
	defer calls.Wait()
	defer stop()
	for began := time.Now(); api.held.Load() < int64(64*agents); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the API was asked for %d replies that hold", api.held.Load())
		}
	}
	time.Sleep(time.Second) // for as much as there is room for to come
	c := s.client(t, alice, "alice")
	for i := 0; i < 20 && !t.Failed(); i++ {
		began := time.Now()
		small := map[string]any{
			"capability": "bank", "method": "GET", "path": fmt.Sprint("/small-", i),
		}
		wants(t, c.call("execute", small), `"status":200`, `"truncated":false`)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("call %d took %v", i, took)
		}
	}
	if agents == 1 {
		got := c.call("execute", map[string]any{
			"capability": "bank", "method": "GET", "path": "/large", "maxBytes": 10 << 20})
		if !strings.Contains(got, `"truncated":false`) {
			t.Errorf("a large reply: %.200s … %.200s", got, got[max(0, len(got)-200):])
		}
	}
	held := memory(s.cmd.Process.Pid, "VmHWM")
	t.Logf("the server held %d MiB", held>>20)
	if held > 400<<20 {
		t.Errorf("the server held %d MiB", held>>20)
	}
}

// callWithoutReading makes a call for as large a reply as there is, and reads nothing of it until
// ctx ends.
func (s *running) callWithoutReading(ctx context.Context, c *webClient, id int, path string) {
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call",`+
		`"params":{"name":"execute","arguments":{"capability":"bank","method":"GET","path":%q,"maxBytes":%d}}}`,
		id+10, path, 10<<20)
	_, _ = fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nAuthorization: Bearer %s\r\n"+
		"Mcp-Session-Id: %s\r\nContent-Length: %d\r\n\r\n%s",
		address, c.token, c.session, len(body), body)
	<-ctx.Done()
}
