// Package gosdk drives the real binary with the official MCP SDK for Go, over stdio and over
// streamable HTTP. It is a module of its own, so that the SDK is no dependency of Janee. JANEE
// names the binary, ../../bin/janee where it is not set.
package gosdk

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const key = "gosdk_test_key_2b7e151628aed2a6"

// house is a home with one capability, for an API that records what it is asked.
type house struct {
	t      *testing.T
	binary string
	dir    string
	env    []string

	mu   sync.Mutex
	seen []string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, dir: dir, binary: os.Getenv("JANEE")}
	if h.binary == "" {
		h.binary = "../../bin/janee"
	}
	h.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "JANEE_HOME=" + filepath.Join(dir, "home"),
		"JANEE_KEY_FILE=" + filepath.Join(dir, "root.key"),
	}
	api := httptest.NewServer(http.HandlerFunc(h.answer))
	t.Cleanup(func() { api.CloseClientConnections(); api.Close() })
	h.run("", "init")
	h.run(key, "add", "bank", "-u", api.URL, "--auth-type", "bearer", "-k", "-", "--no-capability")
	h.run("", "cap", "add", "bank_readonly", "-s", "bank", "--allow", "GET *")
	return h
}

func (h *house) answer(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.seen = append(h.seen, r.Method+" "+r.URL.Path)
	h.mu.Unlock()
	if r.URL.Path == "/slow" {
		<-r.Context().Done()
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"echoed": r.Header.Get("Authorization")})
}

func (h *house) asked(request string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.seen {
		if s == request {
			return true
		}
	}
	return false
}

func (h *house) run(stdin string, args ...string) {
	h.t.Helper()
	cmd := exec.Command(h.binary, args...)
	cmd.Env, cmd.Stdin = h.env, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("janee %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (h *house) stdio() mcp.Transport {
	cmd := exec.Command(h.binary, "serve")
	cmd.Env = h.env
	return &mcp.CommandTransport{Command: cmd}
}

// http starts a server and returns a transport that sends the token it prints.
func (h *house) http() mcp.Transport {
	h.t.Helper()
	cmd := exec.Command(h.binary, "serve", "--transport", "http", "--port", "0")
	cmd.Env = h.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			h.t.Errorf("the server: %v", err)
		}
	})
	var url, token string
	for lines := bufio.NewScanner(stderr); lines.Scan() &&
		!strings.HasPrefix(lines.Text(), "Logs: "); {
		if word := strings.TrimSpace(lines.Text()); strings.HasPrefix(word, "janee_") {
			token = word
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "Janee MCP server running on "); ok {
			url = rest
		}
	}
	if url == "" || token == "" {
		h.t.Fatal("the server did not say where it is")
	}
	return &mcp.StreamableClientTransport{Endpoint: url,
		HTTPClient: &http.Client{Transport: bearer(token)}}
}

// bearer sends its token with every request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestStdio(t *testing.T) { h := newHouse(t); h.drive(h.stdio(), "gosdk-test") }
func TestHTTP(t *testing.T)  { h := newHouse(t); h.drive(h.http(), "default") }

// drive lists, calls, is refused, cancels and is told of a change.
func (h *house) drive(transport mcp.Transport, agent string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	changed := make(chan struct{}, 10)
	client := mcp.NewClient(&mcp.Implementation{Name: "gosdk-test", Version: "1"},
		&mcp.ClientOptions{
			ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {
				changed <- struct{}{}
			},
		})
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer session.Close()
	h.t.Logf("protocol version %s", session.InitializeResult().ProtocolVersion)

	list, err := session.ListTools(ctx, nil)
	if err != nil || len(list.Tools) < 5 {
		h.t.Fatalf("tools/list: %v, %+v", err, list)
	}
	if text := h.call(ctx, session, "whoami", nil); !strings.Contains(text,
		fmt.Sprintf("%q:%q", "agentId", agent)) {
		h.t.Errorf("whoami: %s", text)
	}
	if text := h.get(ctx, session, "/v1/balance"); !strings.Contains(text, `"status":200`) ||
		strings.Contains(text, key) {
		h.t.Errorf("execute: %s", text)
	}
	if text := h.call(ctx, session, "execute", map[string]any{"capability": "bank_readonly",
		"method": "POST", "path": "/v1/x"}); !strings.Contains(text, "RULE_DENY") {
		h.t.Errorf("refused: %s", text)
	}
	h.cancel(ctx, session)
	h.change(ctx, session, changed)
}

func (h *house) call(
	ctx context.Context, s *mcp.ClientSession, tool string, args map[string]any,
) string {
	h.t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		h.t.Fatalf("%s: %v", tool, err)
	}
	return r.Content[0].(*mcp.TextContent).Text
}

func (h *house) get(ctx context.Context, s *mcp.ClientSession, path string) string {
	h.t.Helper()
	return h.call(ctx, s, "execute",
		map[string]any{"capability": "bank_readonly", "method": "GET", "path": path})
}

// cancel ends a call in flight; the session stays usable.
func (h *house) cancel(ctx context.Context, s *mcp.ClientSession) {
	h.t.Helper()
	calling, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := s.CallTool(calling, &mcp.CallToolParams{Name: "execute",
			Arguments: map[string]any{
				"capability": "bank_readonly", "method": "GET", "path": "/slow",
			}})
		done <- err
	}()
	for !h.asked("GET /slow") && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-done; err == nil {
		h.t.Error("the cancelled call has a result")
	}
	for range 3 {
		if text := h.get(ctx, s, "/v1/balance"); !strings.Contains(text, `"status":200`) {
			h.t.Errorf("after a cancelled call: %s", text)
		}
	}
}

// change edits the configuration; the client is told. A client of 2026-07-28 would have to ask for
// it first.
func (h *house) change(ctx context.Context, s *mcp.ClientSession, changed <-chan struct{}) {
	h.t.Helper()
	h.run("", "cap", "add", "bank_writes", "-s", "bank", "--allow", "PUT *")
	if s.InitializeResult().ProtocolVersion >= "2026-07-28" {
		return
	}
	select {
	case <-changed:
	case <-ctx.Done():
		h.t.Error("not told of the change")
	}
}
