//go:build !race

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is a home of its own for tests that hold a conversation, where a script would be too stiff.
type place struct {
	*evidence
	t    testing.TB
	home string
	env  []string
}

func newPlace(t testing.TB) *place {
	p := emptyPlace(t)
	p.run("", "init")
	return p
}

// emptyPlace has no home yet. When the test is over, everything that was seen and is left is
// searched for its secrets.
func emptyPlace(t testing.TB) *place { return placeIn(t, t.TempDir()) }

func placeIn(t testing.TB, dir string) *place {
	p := &place{evidence: &evidence{dir: dir, plain: map[string]bool{}}, t: t,
		home: filepath.Join(dir, "home")}
	vars := map[string]string{
		"PATH": binDir() + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME": dir,
		"TMPDIR": dir, "JANEE_HOME": p.home,
		"JANEE_KEY_FILE": filepath.Join(dir, "key", "root.key"),
	}
	for name, value := range vars {
		p.env = append(p.env, name+"="+value)
	}
	p.getenv = func(name string) string { return vars[name] }
	t.Cleanup(func() {
		for _, problem := range p.problems() {
			t.Error(problem)
		}
	})
	return p
}

// run runs a command that has to succeed and returns its standard output.
func (p *place) run(stdin string, args ...string) string {
	p.t.Helper()
	out, err := p.try(stdin, args...)
	if err != nil {
		p.t.Fatalf("janee %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (p *place) try(stdin string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(binDir(), "janee"), args...)
	cmd.Env, cmd.Stdin = p.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if slices.Contains(args, "-k") {
		p.secret(stdin)
	}
	out, err := cmd.Output()
	_, _ = p.Write(append(out, stderr.Bytes()...))
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return string(out), err
}

// configure writes the part of config.yaml below the vault block.
func (p *place) configure(text string) {
	p.t.Helper()
	path := filepath.Join(p.home, "config.yaml")
	old, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(old), "\nservices:")
	if err := os.WriteFile(path,
		[]byte(strings.TrimRight(kept, "\n")+"\n"+text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// base adds a service at the API, with a capability that a person has to agree to beside the one
// that it gets.
func (p *place) base(api *testAPI) {
	p.t.Helper()
	p.run("key_on_a_full_disk\n", "add", "base", "-u", api.url, "--auth-type", "bearer", "-k", "-")
	p.run("", "cap", "add", "other", "-s", "base", "--allow", "GET *")
	p.run("", "config", "set", "approvals.wait", "1s")
	p.run("", "cap", "add", "asked", "-s", "base", "--allow", "GET *", "--no-auto-approve")
}

// question has the agent ask for something that a person has to agree to, and returns the id of the
// question.
func (p *place) question(s *server) string {
	p.t.Helper()
	got := s.get("asked", "/asked")
	wants(p.t, got, "APPROVAL_PENDING")
	_, id, _ := strings.Cut(got, `"approvalId":"`)
	id, _, _ = strings.Cut(id, `"`)
	return id
}

// server is a running `janee serve` and the client that talks to it.
type server struct {
	t      testing.TB
	cmd    *exec.Cmd
	seen   *evidence
	in     io.WriteCloser
	stderr lockedBuffer

	mu      sync.Mutex
	id      int
	waiting map[int]chan reply
	notes   chan string // methods of notifications
}

type reply struct {
	Result struct {
		toolResult
		Tools []struct {
			Name         string
			OutputSchema json.RawMessage
		}
	}
	Error *struct{ Message string }
}

// toolResult is what a client is given for a call.
type toolResult struct {
	Content           []struct{ Text string }
	StructuredContent json.RawMessage
	IsError           bool
}

func (r reply) text() string {
	if r.Error != nil {
		return "protocol error: " + r.Error.Message
	}
	if len(r.Result.Content) == 0 {
		return ""
	}
	// the JSON, before which a refusal has prose
	return r.Result.Content[len(r.Result.Content)-1].Text
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a server, `janee serve` unless told otherwise, and introduces the client as agent.
// It ends with the test.
func (p *place) serve(agent string, command ...string) *server {
	p.t.Helper()
	if len(command) == 0 {
		command = []string{filepath.Join(binDir(), "janee"), "serve"}
	}
	s := &server{t: p.t, seen: p.evidence, cmd: exec.Command(command[0], command[1:]...),
		waiting: map[int]chan reply{}, notes: make(chan string, 16)}
	s.cmd.Env, s.cmd.Stderr = p.env, &s.stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	s.in = in
	p.process(s.cmd.Process.Pid)
	go s.read(out)
	p.t.Cleanup(s.close)
	if r := <-s.request("initialize",
		map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{},
			"clientInfo": map[string]any{"name": agent, "version": "1"}}); r.Error != nil {
		p.t.Fatal(r.text())
	}
	return s
}

func (s *server) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		_, _ = s.seen.Write(line)
		if err != nil {
			return
		}
		var m struct {
			ID     *int
			Method string
			reply
		}
		if err := json.Unmarshal(line, &m); err != nil {
			s.t.Errorf("not protocol on standard output: %q", line)
			return
		}
		if m.ID == nil {
			s.notes <- m.Method
			continue
		}
		s.mu.Lock()
		s.waiting[*m.ID] <- m.reply
		s.mu.Unlock()
	}
}

func (s *server) request(method string, params any) <-chan reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id++
	answer := make(chan reply, 1)
	s.waiting[s.id] = answer
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": s.id,
		"method": method, "params": params})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.in.Write(append(b, '\n')); err != nil {
		s.t.Errorf("writing to the server: %v", err)
	}
	return answer
}

// start makes a tool call and does not wait for it.
func (s *server) start(tool string, args map[string]any) <-chan reply {
	return s.request("tools/call", map[string]any{"name": tool, "arguments": args})
}

// call makes a tool call and returns the text of its answer.
func (s *server) call(tool string, args map[string]any) string {
	s.t.Helper()
	select {
	case r := <-s.start(tool, args):
		return r.text()
	case <-time.After(20 * time.Second):
		s.t.Fatalf("no answer to %s %v; standard error: %s", tool, args, s.stderr.String())
		return ""
	}
}

func (s *server) get(capability, path string) string {
	s.t.Helper()
	return s.call("execute",
		map[string]any{"capability": capability, "method": "GET", "path": path})
}

// wants fails the test unless got holds every part.
func wants(t testing.TB, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q lacks %q", got, part)
		}
	}
}

// eventually waits up to five seconds for ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 *
		time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("%s did not happen within five seconds", what)
}

func (s *server) close() {
	_ = s.in.Close()
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		s.t.Errorf("the server does not end when its input closes")
		_ = s.cmd.Process.Kill()
		<-done
	}
	_, _ = s.seen.Write([]byte(s.stderr.String()))
}
