//go:build !race

package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNoCoreDump aborts a server that holds a key where core files are allowed.
func TestNoCoreDump(t *testing.T) {
	dir := t.TempDir()
	if !dumps(exec.Command("sh", "-c", "cd "+dir+"; ulimit -c unlimited; kill -ABRT $$")) {
		t.Skip("no core files are written here")
	}
	left, _ := filepath.Glob(filepath.Join(dir, "core*"))
	for _, path := range left {
		_ = os.Remove(path)
	}
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.serve("aborted", "sh", "-c", "cd "+dir+"; ulimit -c unlimited; GOTRACEBACK=crash exec "+
		filepath.Join(binDir(), "janee")+" serve")
	wants(t, s.call("execute", getBalance), `"status":200`)
	_ = s.cmd.Process.Signal(syscall.SIGABRT)
	if dumped(s.cmd.Wait()) {
		t.Error("the server was dumped")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "core*")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	// what a crash prints is searched for the key with all else
	wants(t, s.stderr.String(), "SIGABRT", "goroutine ")
}

func dumps(cmd *exec.Cmd) bool { return dumped(cmd.Run()) }

func dumped(err error) bool {
	exit := new(exec.ExitError)
	return errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).CoreDump()
}

// TestMemoryIsNotForOthers has another process of the same user look into a server, and into a
// command that asks a question.
func TestMemoryIsNotForOthers(t *testing.T) {
	c := newContainer(t)
	c.run("", nil, "janee", "init")
	watched := map[string]*exec.Cmd{
		"serve": c.command([]string{"janee", "serve"}),
		"add": c.command([]string{"janee", "add", "api", "-u", "https://api.example.com",
			"--auth-type", "bearer", "-k", "-"}),
	}
	for name, cmd := range watched {
		pid := c.hold(cmd)
		// The runtime may sleep before main closes the process: the first look waits for that, the
		// others hold it.
		eventually(t, "closing janee "+name, func() bool {
			return errors.Is(c.peek(pid, "environ"), os.ErrPermission)
		})
		for _, file := range []string{"environ", "mem", "maps"} {
			if err := c.peek(pid, file); !errors.Is(err, os.ErrPermission) {
				t.Errorf("%s of janee %s: %v", file, name, err)
			}
		}
	}
	plain := exec.Command("cat")
	plain.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	if err := c.peek(c.hold(plain), "environ"); err != nil {
		t.Errorf("the test sees nothing anywhere: %v", err)
	}
}

// hold starts a process whose standard input stays open, and waits until it has begun to read or to
// speak.
func (c *container) hold(cmd *exec.Cmd) (pid int) {
	c.t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	eventually(c.t, "waiting for input", func() bool { return sleeps(cmd.Process.Pid) })
	return cmd.Process.Pid
}

// sleeps reports whether a process was executed and waits for something.
func sleeps(pid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.Contains(string(text), "State:\tS") &&
		!strings.HasPrefix(string(name), "janee.test")
}

// peek opens a file of a process as the user of the container, with no privileges.
func (c *container) peek(pid int, file string) error {
	path := fmt.Sprintf("/proc/%d/%s", pid, file)
	cmd := exec.Command("head", "-c", "1", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	var said strings.Builder
	cmd.Stderr, cmd.Stdout = &said, io.Discard
	switch err := cmd.Run(); {
	case err == nil:
		return nil
	case strings.Contains(strings.ToLower(said.String()), "permission denied"):
		return os.ErrPermission
	default:
		return fmt.Errorf("%w: %s", err, said.String())
	}
}
