//go:build !race

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdSite starts `janee serve --transport http` on a free port: `site URL [TOKEN] [--] [flag …]`
// sets URL to where it listens and TOKEN to the token it prints. At the end of the story, or with
// `! site URL`, it is told to end, and has to.
func cmdSite(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] site URL [TOKEN] [--] [flag …]")
	}
	if neg {
		ts.Check(stopSite(ts.Getenv(args[0])))
		return
	}
	names, flags := args, []string{"serve", "--transport", "http", "--port", "0"}
	for i, arg := range args {
		if arg == "--" {
			names, flags = args[:i], append(flags, args[i+1:]...)
			break
		}
	}
	cmd := exec.Command(filepath.Join(binDir(), "janee"), flags...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"HOME", "PATH", "JANEE_HOME", "JANEE_KEY_FILE", "JANEE_TOKEN", "JANEE_TOKEN_FILE",
		"JANEE_HTTP_HOST",
	} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	s, err := startSite(cmd)
	ts.Check(err)
	s.seen = ts.Value("evidence").(*evidence)
	ts.Defer(func() {
		ts.Check(stopSite(s.url))
		_, _ = s.seen.Write([]byte(s.stderr.String()))
	})
	ts.Setenv(names[0], s.url)
	if len(names) > 1 {
		ts.Setenv(names[1], s.token)
	}
}

// running is a `janee serve --transport http`.
type running struct {
	cmd        *exec.Cmd
	seen       *evidence
	url, token string
	stderr     lockedBuffer
	ended      chan struct{}
}

// startSite waits until the server says where it listens, and whose token it has made.
func startSite(cmd *exec.Cmd) (*running, error) {
	s := &running{cmd: cmd, ended: make(chan struct{})}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan struct{}, 1)
	go func() {
		defer close(s.ended)
		for lines := bufio.NewReader(pipe); ; {
			line, err := lines.ReadString('\n')
			fmt.Fprint(&s.stderr, line)
			if strings.HasPrefix(line, "Logs: ") || err != nil {
				select {
				case said <- struct{}{}:
				default:
				}
			}
			if err != nil {
				return
			}
		}
	}()
	<-said // the last line, when all else is said
	for _, line := range strings.Split(s.stderr.String(), "\n") {
		if url, ok := strings.CutPrefix(line, "Janee MCP server running on "); ok {
			s.url = strings.TrimSuffix(url, "/mcp")
		}
		if token := strings.TrimSpace(line); strings.HasPrefix(token, "janee_") {
			s.token = token
		}
	}
	if s.url == "" {
		_ = cmd.Wait()
		return nil, fmt.Errorf("the server did not start: %s", s.stderr.String())
	}
	sites.Store(s.url, s)
	return s, nil
}

// sites finds the running servers by URL.
var sites sync.Map

// stopSite sends SIGTERM and wants exit code 0 within the time that calls in flight are given, and
// a second more.
func stopSite(url string) error {
	v, ok := sites.LoadAndDelete(url)
	if !ok {
		return nil
	}
	s := v.(*running)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(12 * time.Second):
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("the server does not end; standard error: %s", s.stderr.String())
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%w; standard error: %s", err, s.stderr.String())
	}
	return nil
}

// askMain is the program `ask` of the stories: one HTTP request, and its answer on standard output:
// status, header, body. `ask [-X METHOD] [-H 'Name: value' …] [-d BODY] URL`; with a body it is a
// POST of JSON.
func askMain() {
	method := flag.String("X", "", "")
	body := flag.String("d", "", "")
	header := http.Header{}
	flag.Func("H", "", func(s string) error {
		name, value, _ := strings.Cut(s, ": ")
		header.Set(name, value)
		return nil
	})
	flag.Parse()
	req, err := http.NewRequest(*method, flag.Arg(0), strings.NewReader(*body))
	if err != nil {
		fail(err.Error())
	}
	if *body != "" {
		req.Header.Set("Content-Type", "application/json")
		if *method == "" {
			req.Method = http.MethodPost
		}
	}
	for name := range header {
		req.Header.Set(name, header.Get(name))
	}
	req.Host = header.Get("Host")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fail(err.Error())
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	_ = res.Header.Write(os.Stdout)
	fmt.Println()
	_, _ = io.Copy(os.Stdout, res.Body)
}

// overHTTP makes the calls of the program mcp in one session over HTTP.
func overHTTP(
	url, token, client, tool string, arguments json.RawMessage, times int,
) (refused bool, err error) {
	c := &webClient{url: url, token: token, seen: keepSeen()}
	name, _ := json.Marshal(client)
	if _, err := c.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"method":"initialize",`+
		`"params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":%s,"version":"1"}}}`,
		name)); err != nil {
		return false, err
	}
	for i := 1; i <= times; i++ {
		m, err := c.post(fmt.Sprintf(
			`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`,
			i, tool, arguments))
		if err != nil {
			return refused, err
		}
		if m.Error != nil {
			return true, fmt.Errorf("protocol error: %s", m.Error.Message)
		}
		fmt.Println(m.text())
		refused = refused || m.Result.IsError
	}
	return refused, nil
}

// webClient is one session.
type webClient struct {
	url, token, session string
	seen                io.Writer
}

func (c *webClient) request(method, body string) (*http.Response, error) {
	req, err := http.NewRequest(method, c.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Content-Type", "application/json")
	if c.session != "" {
		req.Header.Set("Mcp-Session-Id", c.session)
	}
	return web.Do(req)
}

// web keeps a connection for each of many agents.
var web = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// post returns the last message of the answer.
func (c *webClient) post(body string) (m reply, err error) {
	res, err := c.request(http.MethodPost, body)
	if err != nil {
		return m, err
	}
	defer res.Body.Close()
	if id := res.Header.Get("Mcp-Session-Id"); id != "" {
		c.session = id
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return m, err
	}
	if c.seen != nil {
		_, _ = fmt.Fprintf(c.seen, "%v\n%s\n", res.Header, text)
	}
	if res.StatusCode != http.StatusOK {
		return m, fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(text))
	}
	if i := bytes.LastIndex(text, []byte("\ndata: ")); i >= 0 {
		text = text[i+len("\ndata: "):]
	}
	return m, json.Unmarshal(text, &m)
}

// site starts a server over HTTP for a Go test.
func (p *place) site(flags ...string) *running {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(binDir(), "janee"),
		append([]string{"serve", "--transport", "http", "--port", "0"}, flags...)...)
	cmd.Env = p.env
	s, err := startSite(cmd)
	if err != nil {
		p.t.Fatal(err)
	}
	s.seen = p.evidence
	p.process(cmd.Process.Pid)
	p.t.Cleanup(func() {
		if err := stopSite(s.url); err != nil {
			p.t.Error(err)
		}
		_, _ = p.Write([]byte(s.stderr.String()))
	})
	return s
}

// client opens a session.
func (s *running) client(t testing.TB, token, name string) *webClient {
	t.Helper()
	c := &webClient{url: s.url + "/mcp", token: token, seen: s.seen}
	if _, err := c.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"method":"initialize",`+
		`"params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":%q,"version":"1"}}}`,
		name)); err != nil {
		t.Fatal(err)
	}
	return c
}

// call makes a tool call and returns the text of its answer, or why there was none.
func (c *webClient) call(tool string, args map[string]any) string {
	b, _ := json.Marshal(args)
	m, err := c.post(fmt.Sprintf(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`,
		tool, b))
	if err != nil {
		return err.Error()
	}
	return m.text()
}

// change rewrites config.yaml as a person does.
func (p *place) change(edit func(text string) string) {
	p.t.Helper()
	path := filepath.Join(p.home, "config.yaml")
	old, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(edit(string(old))), 0o600); err != nil {
		p.t.Fatal(err)
	}
}
