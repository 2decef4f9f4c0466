package setup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
)

const (
	tryTime  = 10 * time.Second
	maxReply = 1 << 20 // bytes
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{` +
	`"protocolVersion":"2025-06-18","capabilities":{},` +
	`"clientInfo":{"name":"janee-setup","version":"1"}}}` + "\n"

// Try starts a server with the environment of a program that a desktop has started, and waits for
// its reply to initialize. It returns what the server said on standard error, which tells whether
// it can open its home.
func Try(
	ctx context.Context, s clients.Server, getenv func(string) string,
) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Command, s.Args...)
	cmd.Env, cmd.WaitDelay = desktopEnv(getenv), time.Second
	for _, f := range s.Env {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%s", f.Key, f.Value))
	}
	stderr := &tail{}
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", bare(err)
	}
	_, _ = io.WriteString(stdin, initialize) // where this fails, so does the reading
	line, err := bufio.NewReader(io.LimitReader(stdout, maxReply)).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		err = errors.New("it has ended")
	} else if err == nil {
		err = isReply(line)
	}
	_ = stdin.Close() // which ends the server
	_ = cmd.Wait()    // its exit code says what is wrong with the home
	if ctx.Err() != nil {
		err = fmt.Errorf("it has not answered within %v", tryTime)
	} else if err != nil {
		err = fmt.Errorf("it does not answer: %w", err)
	}
	if last := lastLine(stderr.bytes()); err != nil && len(last) > 0 {
		err = fmt.Errorf("%w: %.300q", err, last)
	}
	return string(stderr.bytes()), err
}

// isReply checks that a message is the reply to initialize.
func isReply(message []byte) error {
	var reply struct {
		ID     int `json:"id"`
		Result struct {
			ProtocolVersion string `json:"protocolVersion"`
		} `json:"result"`
	}
	if err := json.Unmarshal(message, &reply); err != nil || reply.ID != 1 ||
		reply.Result.ProtocolVersion == "" {
		return errors.New("what it says is not MCP")
	}
	return nil
}

// inherited is what a desktop session gives to the programs that it starts, besides PATH. The
// settings of a shell are not in it.
var inherited = strings.Fields("HOME USER LOGNAME LANG LC_ALL TMPDIR XDG_CONFIG_HOME " +
	"XDG_DATA_HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY " +
	"SystemRoot SystemDrive USERPROFILE APPDATA LOCALAPPDATA TEMP TMP")

func desktopEnv(getenv func(string) string) []string {
	path := "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	if runtime.GOOS == "windows" {
		path = "PATH=" + os.Getenv("SystemRoot") + `\System32`
	}
	env := []string{path}
	for _, name := range inherited {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// tail keeps the last that is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 8 << 10 // bytes

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text)
}
