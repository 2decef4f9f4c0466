//go:build !race

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// abuses are lines that no honest client writes. None of them may reach the API.
func abuses() (lines []string) {
	call := func(id, arguments string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call",`+
			`"params":{"name":"execute","arguments":%s}}`, id, arguments)
	}
	const bad = `{"capability":"base","method":"GET","path":"/abuse"`
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	lines = append(lines,
		call("1", bad+`,"path":"/abuse2"}`), call("2", bad+`,"headers":`+deep+`}`),
		call("3", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)),
		`{"jsonrpc":"2.0","id":4,"method":"tools/list","method":"tools/call","params":{"name":"execute","arguments":`+bad+`}}}`,
		call("5", `{"capability":"base","method":"GET","path":"/abuse\u0000"}`),
		call("6", "{\"capability\":\"base\",\"method\":\"GET\",\"path\":\"/abuse\xff\xfe\"}"),
		"\x00\x00\x00", "\xff\xfe{}", "{", "]", "null", "true", "3", `""`, "[]",
		`["`+strings.Repeat("a", 1<<20)+`"]`, "["+call("7", bad+"}")+","+call("8", bad+"}")+"]",
		strings.Repeat(" ", 1<<20), strings.Repeat("{", 1<<20), call("9", bad+`,"maxBytes":1e400}`),
		call("10", bad+`,"maxBytes":-1}`), call("11", bad+`,"unknown":1}`),
		call("12", `"a string"`))
	for _, id := range []string{
		"null", "true", "1.5", "[]", "{}", `{"a":1}`, strings.Repeat("9", 5000),
		`"` + strings.Repeat("i", 1<<20) + `"`, "-1e999",
	} {
		lines = append(lines, call(id, `{"capability":"none"}`))
	}
	for range 2000 {
		lines = append(lines,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4711}}`,
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	return lines
}

// TestAbusiveClientOnLines writes all of it, and a line of 100 MiB. The server answers in protocol,
// sends nothing, holds little, and serves the next call.
func TestAbusiveClientOnLines(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	cmd := exec.Command(filepath.Join(binDir(), "janee"), "serve")
	cmd.Env, cmd.Stderr = p.env, p.evidence
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		fmt.Fprintln(in,
			`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"abuser","version":"1"}}}`)
		for _, line := range abuses() {
			fmt.Fprintln(in, line)
		}
		for block := make([]byte, 1<<20); len(block) > 0 && block[0] < 100; block[0]++ {
			_, _ = in.Write(block)
		}
		fmt.Fprintln(in)
		fmt.Fprintln(in,
			`{"jsonrpc":"2.0","id":"last","method":"tools/call","params":{"name":"execute","arguments":{"capability":"base","method":"GET","path":"/last"}}}`)
	}()
	answered := make(chan int)
	go func() { answered <- p.readUntil(out, `"id":"last"`) }()
	select {
	case n := <-answered:
		t.Logf("%d answers", n)
	case <-time.After(time.Minute):
		t.Error("no answer to the last call")
	}
	if most := memory(cmd.Process.Pid, "VmHWM"); most > 200<<20 || most == 0 {
		t.Errorf("the server held %d MiB", most>>20)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if len(api.seen) != 1 || api.count("GET /last") != 1 {
		t.Errorf("the API was asked %q", api.seen)
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// readUntil reads answers, which have to be of the protocol, up to one that holds text.
func (p *place) readUntil(out io.Reader, text string) (n int) {
	for lines := bufio.NewReader(out); ; n++ {
		line, err := lines.ReadString('\n')
		_, _ = p.Write([]byte(line))
		if err != nil {
			p.t.Errorf("the server ended: %v", err)
			return n
		}
		if !json.Valid([]byte(line)) || !strings.HasPrefix(line, `{"`) {
			p.t.Errorf("not protocol: %.200q", line)
		}
		if strings.Contains(line, text) {
			if !strings.Contains(line, `\"status\":200`) {
				p.t.Errorf("the last answer: %s", line)
			}
			return n
		}
	}
}

// TestAbusiveClientsOverHTTP has thousands of connections that say nothing, bodies that never come,
// streams that nobody reads and a body of 100 MiB. An agent is served all the while, and
// descriptors come back.
func TestAbusiveClientsOverHTTP(t *testing.T) {
	t.Parallel()
	idle := 1000
	if soaking() {
		idle = 10_000
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil ||
		files.Cur < uint64(idle)+1000 {
		t.Skipf("this process may open %d files, %v", files.Cur, err)
	}
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	s := p.site()
	agent := s.client(t, s.token, "agent")
	pid := s.cmd.Process.Pid
	before, address := descriptors(pid), strings.TrimPrefix(s.url, "http://")
	var open []net.Conn
	dial := func(text string) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		_, _ = io.WriteString(c, text)
	}
	head := "POST /mcp HTTP/1.1\r\nHost: " + address +
		"\r\nContent-Type: application/json\r\nAuthorization: Bearer " + s.token + "\r\n"
	for range idle {
		dial("")
	}
	for range 50 {
		dial("POST /mcp HT")
		dial(head + "Content-Length: 1000\r\n\r\n{")
		dial("GET /mcp HTTP/1.1\r\nHost: " + address +
			"\r\nAccept: text/event-stream\r\nAuthorization: Bearer " + s.token +
			"\r\nMcp-Session-Id: " + agent.session + "\r\n\r\n")
	}
	wants(t, s.client(t, s.token, "agent").call("execute",
		map[string]any{"capability": "base", "method": "GET", "path": "/x"}), `"status":200`)
	res, err := agent.request(http.MethodPost,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":"`+
			strings.Repeat("a", 100<<20)+`"}}}`)
	if err == nil {
		if res.Body.Close(); res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("100 MiB: %s", res.Status)
		}
	}
	if most := memory(pid, "VmHWM"); most > 250<<20 || most == 0 {
		t.Errorf("the server held %d MiB", most>>20)
	}
	for _, c := range open {
		_ = c.Close()
	}
	wants(t, agent.call("execute",
		map[string]any{"capability": "base", "method": "GET", "path": "/y"}), `"status":200`)
	if before > 0 {
		for deadline := time.Now().Add(40 * time.Second); descriptors(pid) > before+
			10; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d descriptors, %d before", descriptors(pid), before)
			}
		}
	}
}
