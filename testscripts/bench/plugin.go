package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed plugin.mjs
var pluginScript []byte

// plugin is Node with the OpenClaw plugin in it: the core as WebAssembly. Calls are timed inside,
// as OpenClaw makes them.
type plugin struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startPlugin returns when the core has answered a call.
func startPlugin(h *house) (server, error) {
	script := filepath.Join(filepath.Dir(h.home), "plugin.mjs")
	if err := os.WriteFile(script, pluginScript, 0o600); err != nil {
		return nil, err
	}
	p := &plugin{cmd: h.prepare(h.node, script, h.plugin, h.home, h.keyFile())}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	if line, err := p.out.ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("the plugin said %q: %w", line, err)
	}
	return p, nil
}

func (p *plugin) load(l load) ([]sample, error) {
	fmt.Fprintf(p.in, `{"path":%q,"bytes":%d,"outstanding":%d,"ms":%d,"calls":%d}`+"\n",
		l.size.Path, l.size.Bytes, l.outstanding, l.time.Milliseconds(), l.calls)
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("reading what the plugin has measured: %w", err)
	}
	var micros [][2]time.Duration
	if err := json.Unmarshal(line, &micros); err != nil {
		return nil, err
	}
	samples := make([]sample, len(micros))
	for i, m := range micros {
		samples[i] = sample{m[0] * time.Microsecond, m[1] * time.Microsecond}
	}
	return samples, nil
}

func (p *plugin) pid() int { return p.cmd.Process.Pid }

func (p *plugin) close() error {
	_ = p.in.Close()
	return p.cmd.Wait()
}
