// Package servers drives the real binary against real servers on loopback: MinIO, Azurite and
// dynalite. They know what no stub of ours would: whether a signature is right, what a header does
// where it arrives, and what a request without it does. Each test looks at the server's own state
// with a client that has nothing to do with Janee. It is a module of its own, so that none of this
// is a dependency of Janee. JANEE and MINIO name the binaries, ../../bin/janee and ../../bin/minio
// where they are not set. A server that is not there is an error, never a skip.
package servers

import (
	"bufio"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// house is a home of Janee with one service, whose credential this test run alone knows.
type house struct {
	t      *testing.T
	binary string
	home   string
	env    []string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, binary: tool(t, "JANEE", "janee"), home: filepath.Join(dir, "home")}
	h.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "JANEE_HOME=" + h.home,
		"JANEE_KEY_FILE=" + filepath.Join(dir, "root.key")}
	h.run("", "init")
	return h
}

// tool is the path of a binary that the Makefile has built.
func tool(t *testing.T, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join("..", "..", "bin", name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: `make test-servers` builds it", err)
	}
	return path
}

func (h *house) run(stdin string, args ...string) {
	h.t.Helper()
	cmd := exec.CommandContext(bounded(h.t), h.binary, args...)
	cmd.Env, cmd.Stdin = h.env, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("janee %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// addAWS stores a service of the type aws-sigv4.
func (h *house) addAWS(name, url, id, key, service string) {
	h.t.Helper()
	h.run(key, "add", name, "-u", url, "--no-capability", "--auth-type", "aws-sigv4",
		"--access-key-id", id, "--secret-access-key", "-", "--aws-region", "us-east-1",
		"--aws-service", service)
}

// capabilities appends YAML to config.yaml, as a person would in an editor.
func (h *house) capabilities(text string) {
	h.t.Helper()
	name := filepath.Join(h.home, "config.yaml")
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := file.WriteString("\ncapabilities:\n" + text); err != nil {
		h.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.run("", "list")
}

// agent is an MCP client of `janee serve` that makes one call at a time.
type agent struct {
	in   io.Writer
	out  *bufio.Reader
	next int
}

func (h *house) serve() *agent {
	h.t.Helper()
	cmd := exec.CommandContext(bounded(h.t), h.binary, "serve")
	cmd.Env = h.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		if h.t.Failed() {
			h.t.Logf("janee serve said:\n%s", stderr.String())
		}
	})
	a := &agent{in: in, out: bufio.NewReader(out)}
	a.ask(h.t, "initialize", map[string]any{
		"protocolVersion": "2025-06-18",
		"capabilities":    map[string]any{},
		"clientInfo":      map[string]any{"name": "servers-test", "version": "1"},
	}, nil)
	return a
}

// ask sends one request and decodes the result of the answer that has its id.
func (a *agent) ask(t *testing.T, method string, params, result any) {
	t.Helper()
	a.next++
	request, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": a.next, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.in.Write(append(request, '\n')); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := a.out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("waiting for the answer to %s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case answer.ID != a.next:
			continue
		case answer.Error != nil:
			t.Fatalf("%s: %s", method, answer.Error)
		case result != nil:
			if err := json.Unmarshal(answer.Result, result); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
		}
		return
	}
}

// call is what an agent asks `execute` for.
type call struct {
	Capability string            `json:"capability"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty"`
}

func ask(capability, method, path, body string, headers ...string) call {
	c := call{capability, method, path, map[string]string{}, body}
	for i := 0; i < len(headers); i += 2 {
		c.Headers[headers[i]] = headers[i+1]
	}
	return c
}

// reply is what `execute` answers: what the server said, or why it was not asked.
type reply struct {
	Status  int
	Headers map[string]string
	Body    string
	Dropped []string `json:"droppedHeaders"`
	Error   string
	Denial  struct{ ReasonCode, EvaluatedPolicy, NextStep string }
	raw     string
}

func (a *agent) execute(t *testing.T, c call) reply {
	t.Helper()
	var result struct {
		Content []struct{ Text string }
	}
	a.ask(t, "tools/call", map[string]any{"name": "execute", "arguments": c}, &result)
	for _, item := range result.Content {
		r := reply{raw: item.Text}
		if json.Unmarshal([]byte(item.Text), &r) == nil {
			return r
		}
	}
	t.Fatalf("%s %s: not an answer of execute: %v", c.Method, c.Path, result.Content)
	panic("unreachable")
}

// wants makes a call that the server must answer with this status.
func (a *agent) wants(t *testing.T, status int, c call) reply {
	t.Helper()
	r := a.execute(t, c)
	if r.Status != status {
		t.Fatalf("%s %s: want status %d of the server, got %s", c.Method, c.Path, status, r.raw)
	}
	return r
}

// refused makes a call that Janee must refuse for this reason.
func (a *agent) refused(t *testing.T, code string, c call) {
	t.Helper()
	if r := a.execute(t, c); r.Status != 0 || r.Denial.ReasonCode != code {
		t.Fatalf("%s %s %v: want %s, got %s", c.Method, c.Path, c.Headers, code, r.raw)
	}
}

// mask is what stands in a reply for a secret.
var mask = regexp.MustCompile(`\[REDACTED(:[0-9a-z]{6})?\]`)

// masked fails where any piece of a secret that is long enough to be one got through.
func masked(t *testing.T, r reply, key string) {
	t.Helper()
	for at := 0; at+8 <= len(key); at++ {
		if strings.Contains(r.raw, key[at:at+8]) {
			t.Fatalf("a reply holds the piece %q of the key: %s", key[at:at+8], r.raw)
		}
	}
}

// objectNames are names that an object may have in a store, each with one thing in it that could be
// read otherwise.
func objectNames() []string {
	names := []string{"tab\tx", "nl\nx", "back\\slash", "trail ", "per%cent", "per%2Fx", "dot/./x",
		"dot/../x", "a//b", "日本", "a;b"}
	for c := byte('!'); c <= '~'; c++ {
		if c != '\\' && c != '/' {
			names = append(names, "c"+string(c)+"x")
		}
	}
	return names
}

// escapedPath leaves slashes as they are.
func escapedPath(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "%2F", "/")
}
