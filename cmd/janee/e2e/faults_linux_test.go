//go:build !race

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mounted puts a file system of its own at dir for the test.
func mounted(t *testing.T, dir string, options ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, append(options, dir)...)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
}

func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody mount: %v: %s", err, out)
	}
}

func (p *place) config() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.home, "config.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// refuses fails unless the command does, and config.yaml is byte for byte what it was.
func (p *place) refuses(stdin string, args ...string) {
	p.t.Helper()
	before := p.config()
	out, err := p.try(stdin, args...)
	exit := new(exec.ExitError)
	if !errors.As(err, &exit) || exit.ExitCode() != 1 ||
		strings.Contains(err.Error(), "goroutine") {
		p.t.Errorf("janee %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if p.config() != before {
		p.t.Errorf("janee %s failed and changed config.yaml", strings.Join(args, " "))
	}
}

const auditUnavailable = "AUDIT_UNAVAILABLE"

// TestFullHome fills the disk before a session opens, config.yaml is edited and a question is
// answered: what cannot be written leaves the old whole and is not acted on. With room again
// everything works again.
func TestFullHome(t *testing.T) {
	t.Parallel()
	p, api := emptyPlace(t), startAPI(t)
	p.small("512k")
	p.run("", "init")
	p.base(api)
	s := p.serve("tester")
	wants(t, s.get("base", "/before"), `"status":200`)
	id := p.question(s)

	free := p.fill()
	wants(t, s.get("other", "/session"), auditUnavailable)
	p.refuses("", "service", "edit", "base", "--description", strings.Repeat("long ", 2000))
	p.refuses("key_on_a_full_disk_too\n", "add", "more", "-u", api.url, "--auth-type",
		"bearer", "-k", "-")
	_, failed := p.try("", "approve", id) // there may be room for this, kept for the last records
	if api.count("GET /session") != 0 {
		t.Error("something was sent without a record")
	}

	free()
	wants(t, s.get("other", "/session"), `"status":200`)
	if failed != nil {
		p.run("", "approve", id)
	}
	wants(t, s.get("asked", "/asked"), `"status":200`)
	p.run("", "service", "edit", "base", "--description", "short")
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestReadOnlyHome serves from a home that cannot be written: by its file system, then by its
// modes.
func TestReadOnlyHome(t *testing.T) {
	t.Run("file system", func(t *testing.T) {
		t.Parallel()
		dir, api := t.TempDir(), startAPI(t)
		home := filepath.Join(dir, "home")
		mounted(t, home, "--bind", home)
		p := placeIn(t, dir)
		p.run("", "init")
		p.base(api)
		mount(t, "-o", "remount,ro,bind", home)
		p.readOnly(api)
		mount(t, "-o", "remount,rw,bind", home)
		wants(t, p.serve("tester").get("base", "/x"), `"status":200`)
	})
	t.Run("modes", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() == 0 {
			t.Skip("root may write all the same; TestReadOnlyContainer is another user")
		}
		p, api := newPlace(t), startAPI(t)
		p.base(api)
		for _, name := range []string{"", "logs", "sessions"} {
			path := filepath.Join(p.home, name)
			_ = os.Chmod(path, 0o500)
			t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
		}
		p.readOnly(api)
	})
}

func (p *place) readOnly(api *testAPI) {
	p.t.Helper()
	s := p.serve("tester")
	wants(p.t, s.get("base", "/x"), auditUnavailable)
	if api.count("GET /x") != 0 {
		p.t.Error("something was sent without a record")
	}
	p.refuses("key_on_a_full_disk_too\n", "add", "more", "-u", api.url, "--auth-type",
		"bearer", "-k", "-")
	p.refuses("", "cap", "edit", "base", "-t", "5m")
	p.run("", "list")
	p.run("", "status")
	p.run("", "logs", "verify")
}

// TestReadOnlyContainer has a container whose volume another user owns, or that was mounted
// read-only.
func TestReadOnlyContainer(t *testing.T) {
	t.Parallel()
	c, api := newContainer(t), startAPI(t)
	c.run("", nil, "janee", "init")
	c.run("key_of_the_container", nil, "janee", "add", "bank", "-u", api.url, "--auth-type",
		"bearer", "-k", "-")
	data := filepath.Join(c.dir, "data", "janee")
	for _, name := range []string{"", "logs", "sessions"} {
		_ = os.Chmod(filepath.Join(data, name), 0o500)
	}
	cmd := c.command([]string{"janee", "cap", "edit", "bank", "-t", "5m"})
	if out, err := cmd.CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "permission denied") {
		t.Errorf("%v: %s", err, out)
	}
	port := freePort(t)
	s, err := startSite(c.command([]string{"janee", "serve", "--transport", "http", "--port", port},
		"JANEE_TOKEN=token_of_both_sides_of_compose"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stopSite(s.url) })
	agent := (&running{url: "http://127.0.0.1:" + port}).client(t,
		"token_of_both_sides_of_compose", "agent")
	wants(t, agent.call("execute", getBalance), auditUnavailable)
	if len(api.seen) != 0 {
		t.Errorf("sent without a record: %q", api.seen)
	}
}

// TestOutputThatCannotBeWritten has a full disk behind standard output: no command may end as if
// all were well.
func TestOutputThatCannotBeWritten(t *testing.T) {
	p := newPlace(t)
	p.base(startAPI(t))
	for _, line := range []string{
		"list --json", "list", "logs --json", "logs verify --json", "status --json",
		"config show", "version", "help",
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		cmd := exec.Command(filepath.Join(binDir(), "janee"), strings.Fields(line)...)
		cmd.Env, cmd.Stdout = p.env, full
		if err := cmd.Run(); err == nil {
			t.Errorf("janee %s ends well", line)
		}
		full.Close()
	}
}
