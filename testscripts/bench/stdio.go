package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize",` +
	`"params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`

func execute(id int, s size) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call",`+
		`"params":{"name":"execute","arguments":{"capability":"api","method":"GET","path":%q,"maxBytes":%d,"reason":"a benchmark"}}}`,
		id, s.Path, max(s.Bytes, 1<<18))
}

// checkReply holds a reply to what was asked for: a refusal would be the wrong thing to time.
func checkReply(reply []byte, s size) error {
	if len(reply) < 2*s.Bytes ||
		!bytes.Contains(reply, []byte(`"structuredContent":{"status":200,`)) {
		return fmt.Errorf("not the reply that was wanted: %.500s", reply)
	}
	return nil
}

// local is `janee serve` and a client of it.
type local struct {
	cmd *exec.Cmd
	out *bufio.Reader

	mu      sync.Mutex
	in      io.WriteCloser
	last    int
	waiting map[int]waiter
}

type waiter struct {
	size  size
	ended chan error
}

// startStdio returns when the server has answered initialize.
func startStdio(h *house) (server, error) {
	s := &local{cmd: h.prepare(h.janee, "serve"), waiting: map[int]waiter{}}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.in, s.out = in, bufio.NewReaderSize(out, 64<<10)
	fmt.Fprintln(in, initialize)
	if _, err := s.out.ReadSlice('\n'); err != nil {
		return nil, fmt.Errorf("reading the answer to initialize: %w", err)
	}
	fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	go s.read()
	return s, nil
}

// read hands each reply to the call that waits for it.
func (s *local) read() {
	for line := []byte(nil); ; {
		part, err := s.out.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			s.answered(line)
			line = line[:0]
		case !errors.Is(err, bufio.ErrBufferFull):
			s.ended()
			return
		}
	}
}

func (s *local) answered(line []byte) {
	number, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte(`{"jsonrpc":"2.0","id":`)), []byte(","))
	id, _ := strconv.Atoi(string(number))
	s.mu.Lock()
	w := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if w.ended != nil {
		w.ended <- checkReply(line, w.size)
	}
}

func (s *local) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiting {
		w.ended <- errors.New("the server has ended")
	}
}

func (s *local) load(l load) ([]sample, error) { return drive(l, s.call) }

func (s *local) call(size size) error {
	w := waiter{size, make(chan error, 1)}
	s.mu.Lock()
	s.last++
	s.waiting[s.last] = w
	_, err := io.WriteString(s.in, execute(s.last, size)+"\n")
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return <-w.ended
}

func (s *local) pid() int { return s.cmd.Process.Pid }

func (s *local) close() error {
	_ = s.in.Close()
	return s.cmd.Wait()
}

// terminate ends a process as a person would.
func terminate(cmd *exec.Cmd) error {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	return cmd.Wait()
}
