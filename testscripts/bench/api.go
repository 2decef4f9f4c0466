package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// size is what the API answers.
type size struct {
	Name  string
	Path  string
	Bytes int
}

var (
	small = size{"small", "/v1/balance", len(smallBody)}
	large = size{"1 MiB", "/v1/charges", 1 << 20}
)

const smallBody = `{"available":4200,"currency":"eur"}`

// largeBody is a list as APIs give it, cut at its size.
var largeBody = func() string {
	var b strings.Builder
	for i := 0; b.Len() < large.Bytes; i++ {
		fmt.Fprintf(&b,
			`{"id":"ch_%016x","object":"charge","amount":%d,"description":"Payment for order number %d"},`,
			i*0x9e3779b9, i%99991, i)
	}
	return b.String()[:large.Bytes]
}()

// api runs in a process of its own, as APIs do: in this one, the client's calls would reach it
// without a change of process.
type api struct {
	cmd *exec.Cmd
	in  io.Closer
	url string
}

// serveAPI is that process: this program with the argument "api". It says where it listens and ends
// with its standard input.
func serveAPI() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
	}()
	s := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(answer)}
	if err := s.Serve(l); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func startAPI() (*api, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "api")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the API: %w", err)
	}
	return &api{cmd, in, strings.TrimSpace(url)}, nil
}

func (a *api) close() {
	_ = a.in.Close()
	_ = a.cmd.Wait()
}

// answer refuses whoever does not bring the key.
func answer(w http.ResponseWriter, r *http.Request) {
	body := smallBody
	if r.URL.Path == large.Path {
		body = largeBody
	}
	if r.Header.Get("Authorization") != "Bearer "+key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write([]byte(body))
}
