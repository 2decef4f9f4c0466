package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// agent is an MCP client that talks to a real `janee serve` child over its standard input and
// output. It keeps every byte that it was sent, because the demo's last step searches them for the
// key.
type agent struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	lines    *bufio.Reader
	received bytes.Buffer
	id       int
}

func startAgent(ctx context.Context, janee string, environ []string) (*agent, error) {
	a := &agent{cmd: exec.CommandContext(ctx, janee, "serve")}
	a.cmd.Env = environ
	in, err := a.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting `janee serve`: %w", err)
	}
	a.in, a.lines = in, bufio.NewReader(io.TeeReader(out, &a.received))
	return a, a.initialize()
}

func (a *agent) initialize() error {
	_, err := a.request("initialize", map[string]any{
		"protocolVersion": "2025-06-18",
		"capabilities":    map[string]any{},
		"clientInfo":      map[string]any{"name": "demo-agent", "version": "1"},
	})
	if err != nil {
		return err
	}
	return a.write(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
}

// answer is the result of a tool call. Its last content is JSON; in a refusal, prose comes before
// it.
type answer struct {
	Content []struct{ Text string }
	IsError bool
}

func (a answer) text() string {
	if len(a.Content) == 0 {
		return ""
	}
	return a.Content[len(a.Content)-1].Text
}

func (a *agent) tool(name string, arguments map[string]any) (answer, error) {
	var out answer
	raw, err := a.request("tools/call", map[string]any{"name": name, "arguments": arguments})
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func (a *agent) request(method string, params map[string]any) (json.RawMessage, error) {
	a.id++
	if err := a.write(map[string]any{"jsonrpc": "2.0", "id": a.id, "method": method,
		"params": params}); err != nil {
		return nil, err
	}
	line, err := a.lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", method, err)
	}
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", method, err)
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("%s was refused: %s", method, reply.Error.Message)
	}
	return reply.Result, nil
}

func (a *agent) write(message map[string]any) error {
	b, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = a.in.Write(append(b, '\n'))
	return err
}

// close ends the server as a client does, by closing its input, and waits for it.
func (a *agent) close() error {
	_ = a.in.Close()
	_, _ = io.Copy(io.Discard, a.lines)
	return a.cmd.Wait()
}
