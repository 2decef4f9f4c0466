package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
)

// direct is the call that an agent with the key would make itself.
type direct struct {
	client *http.Client
	url    string
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64}}
}

func startDirect(h *house) (server, error) { return &direct{newClient(), h.api.url}, nil }

func (d *direct) load(l load) ([]sample, error) { return drive(l, d.call) }

func (d *direct) call(s size) error {
	req, err := http.NewRequest(http.MethodGet, d.url+s.Path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	return exchange(d.client, req, func(_ http.Header, reply []byte) error {
		if len(reply) != s.Bytes {
			return fmt.Errorf("the API answered %d bytes", len(reply))
		}
		return nil
	})
}

func (d *direct) pid() int { return 0 }

func (d *direct) close() error {
	d.client.CloseIdleConnections()
	return nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// exchange sends req and gives its reply to check, which must not keep it.
func exchange(
	c *http.Client, req *http.Request, check func(head http.Header, reply []byte) error,
) error {
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if _, err := b.ReadFrom(resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.200s", resp.Status, b)
	}
	return check(resp.Header, b.Bytes())
}

// remote is `janee serve --transport http` and a client of it.
type remote struct {
	cmd     *exec.Cmd
	client  *http.Client
	url     string
	token   string
	session string
	last    atomic.Int64
}

func startHTTP(h *house) (server, error) {
	cmd := h.prepare(h.janee, "serve", "--transport", "http", "--port", "0")
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &remote{cmd: cmd, client: newClient(), token: h.token}
	for lines := bufio.NewScanner(said); r.url == "" && lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), " running on "); ok {
			r.url = url
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	if r.url == "" {
		return nil, errors.Join(errors.New("the server did not say where it listens"), cmd.Wait())
	}
	return r, r.post(initialize, func(head http.Header, _ []byte) error {
		r.session = head.Get("Mcp-Session-Id")
		return nil
	})
}

func (r *remote) post(message string, check func(head http.Header, reply []byte) error) error {
	req, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(message))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if r.session != "" {
		req.Header.Set("Mcp-Session-Id", r.session)
	}
	return exchange(r.client, req, check)
}

func (r *remote) load(l load) ([]sample, error) { return drive(l, r.call) }

func (r *remote) call(s size) error {
	return r.post(execute(int(r.last.Add(1)), s), func(_ http.Header, reply []byte) error {
		return checkReply(reply, s)
	})
}

func (r *remote) pid() int { return r.cmd.Process.Pid }

func (r *remote) close() error {
	r.client.CloseIdleConnections()
	return terminate(r.cmd)
}
