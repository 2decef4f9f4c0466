package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// server is a running `janee serve` and the client's end of it.
type server struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// serve starts a server and returns when it has answered initialize.
func (b *bench) serve() (*server, error) {
	s := &server{cmd: exec.Command(b.janee, "serve")}
	s.cmd.Env = b.environ
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
	s.in, s.out = in, bufio.NewReader(out)
	fmt.Fprintln(in, `{"jsonrpc":"2.0","id":-1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`)
	if _, err := s.reply(); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return s, err
}

// reply reads one answer and returns its id. An error or a refusal ends the measurement: it would be the wrong thing to time.
func (s *server) reply() (int, error) {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return 0, fmt.Errorf("reading a reply: %w", err)
	}
	var m struct {
		ID     int
		Error  json.RawMessage
		Result struct{ IsError bool }
	}
	if err := json.Unmarshal(line, &m); err != nil || m.Error != nil || m.Result.IsError {
		return 0, fmt.Errorf("not the reply that was wanted: %s", line)
	}
	return m.ID, nil
}

// calls makes n calls and returns how long each took. It begins a new one as soon as one ends.
func (s *server) calls(n, outstanding int) ([]time.Duration, error) {
	began, times := make([]time.Time, n), make([]time.Duration, 0, n)
	next := 0
	begin := func() {
		began[next] = time.Now()
		fmt.Fprintf(s.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"execute","arguments":{"capability":"api","method":"GET","path":"/v1/balance","reason":"a benchmark"}}}`+"\n", next)
		next++
	}
	for range min(n, outstanding) {
		begin()
	}
	for len(times) < n {
		id, err := s.reply()
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(began[id]))
		if next < n {
			begin()
		}
	}
	return times, nil
}

func (s *server) close() error {
	_ = s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	return s.cmd.Wait()
}

// resident is the memory of a process in bytes, 0 where the system does not tell it by way of /proc.
func resident(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// percentile sorts values and returns the one at p in a hundred, by the nearest rank.
func percentile[T cmp.Ordered](values []T, p int) T {
	slices.Sort(values)
	return values[max((len(values)*p+99)/100, 1)-1]
}

// api answers every request with a small JSON body.
type api struct {
	server *http.Server
	url    string
}

func startAPI() (*api, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &api{url: "http://" + l.Addr().String(), server: &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"available":4200,"currency":"eur"}`)
	})}}
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

func (a *api) close() { _ = a.server.Close() }
