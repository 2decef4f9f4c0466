package servers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bounded ends what a test started while there is still time to clean up: when the time of `go
// test` is over, go ends this process at once.
func bounded(t *testing.T) context.Context {
	deadline, ok := t.Deadline()
	if !ok {
		return context.Background()
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline.Add(-20*time.Second))
	t.Cleanup(cancel)
	return ctx
}

// start runs a server on a loopback port that was free a moment ago and returns its URL once it
// answers HTTP. The server ends with the test, failed or not.
func start(t *testing.T, command func(ctx context.Context, port string) *exec.Cmd) string {
	t.Helper()
	for range 3 {
		if url := tryStart(t, command); url != "" {
			return url
		}
	}
	t.Fatal("the server did not start")
	return ""
}

// tryStart returns "" if the server ended by itself, as it does when its port was taken meanwhile.
func tryStart(t *testing.T, command func(ctx context.Context, port string) *exec.Cmd) string {
	t.Helper()
	address := freeAddress(t)
	cmd := command(bounded(t), address[strings.LastIndexByte(address, ':')+1:])
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	url := "http://" + address
	for range 600 {
		if answers(t, url) {
			t.Cleanup(func() { stop(t, cmd, ended) })
			return url
		}
		select {
		case err := <-ended:
			t.Logf("%s ended: %v\n%s", cmd.Path, err, said.String())
			return ""
		case <-time.After(50 * time.Millisecond):
		}
	}
	stop(t, cmd, ended)
	t.Fatalf("%s does not answer:\n%s", cmd.Path, said.String())
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func answers(t *testing.T, url string) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Body.Close()
	}
	return err == nil && response.StatusCode != http.StatusServiceUnavailable
}

// stop asks once, then ends the process.
func stop(t *testing.T, cmd *exec.Cmd, ended <-chan error) {
	_ = cmd.Process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("ending %s: %v", cmd.Path, err)
		}
		<-ended
	}
}

// node is the command of a server that npm has brought.
func node(script string, args func(port string) []string) func(context.Context, string) *exec.Cmd {
	script = filepath.Join("node_modules", filepath.FromSlash(script))
	return func(ctx context.Context, port string) *exec.Cmd {
		return exec.CommandContext(ctx, "node", append([]string{script}, args(port)...)...)
	}
}
