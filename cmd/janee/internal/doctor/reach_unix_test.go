//go:build unix

package doctor

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// reached returns what checkReach says, one finding in each line: the detail, then the fix.
func reached(m Machine) string {
	var b strings.Builder
	for _, c := range find(Run(m), "reach") {
		b.WriteString(string(c.Result) + " " + c.Detail + " | " + c.Fix + "\n")
	}
	return b.String()
}

// ordinary is a machine on which a user that is not root has installed Janee as root, and nothing
// else is to be found.
func ordinary(t *testing.T) (Machine, map[string]string) {
	t.Helper()
	m, _, vars := machine(t)
	m.Program = "/"
	m.User = User{ID: 4711, Proc: t.TempDir(), Sudo: func() bool { return false },
		CanWrite: func(string) bool { return false }}
	vars["HOME"] = t.TempDir()
	return m, vars
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// TestReachOfTheSameUser: where nothing else is found, one line says that the key can be read, and
// it changes neither the outcome nor what root is told.
func TestReachOfTheSameUser(t *testing.T) {
	m, vars := ordinary(t)
	got := reached(m)
	if strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "note ") ||
		!strings.Contains(got, "root key (JANEE_KEY_FILE ("+vars["JANEE_KEY_FILE"]+"))") ||
		!strings.Contains(got, "docs/threat-model.md") {
		t.Error(got)
	}
	m.User.ID = 0
	m.User.Sudo = func() bool { t.Error("root was made to run sudo"); return true }
	if got = reached(m); strings.Count(got, "\n") != 1 ||
		!strings.HasPrefix(got, "note you are root: ") {
		t.Error(got)
	}
	vars["JANEE_CONTAINER"] = "1"
	if got = reached(m); got != "" {
		t.Error(got)
	}
}

func TestReachBySudo(t *testing.T) {
	m, _ := ordinary(t)
	m.User.Sudo = func() bool { return true }
	if got := reached(m); !strings.Contains(got, "note sudo asks for no password") {
		t.Error(got)
	}
}

// TestSudoIsNotWaitedFor runs programs in the place of sudo. The first checks what it is given.
func TestSudoIsNotWaitedFor(t *testing.T) {
	for text, want := range map[string]bool{
		`[ "$*" = "-n true" ] && [ -z "$(cat)" ]`: true,
		// field 6 is the session (proc_pid_stat(5)): the shell began it, so it has no terminal
		`[ ! -f /proc/$$/stat ] || [ "$(cut -d " " -f 6 /proc/$$/stat)" = $$ ]`: true,
		`exit 1`: false, `exec sleep 20`: false,
	} {
		path := write(t, filepath.Join(t.TempDir(), "sudo"), "#!/bin/sh\n"+text+"\n", 0o755)
		before := time.Now()
		if got := sudoIsFree(path, 2*time.Second); got != want {
			t.Errorf("%s: %v", text, got)
		}
		if time.Since(before) > 10*time.Second {
			t.Errorf("%s: it was waited for", text)
		}
	}
	if sudoIsFree(filepath.Join(t.TempDir(), "none"), time.Second) {
		t.Error("a sudo that is not there needs no password")
	}
}

func TestReachByGroups(t *testing.T) {
	m, _ := ordinary(t)
	m.User.Groups = []string{"users", "docker", "sudo", "wheel", "incus", "lxd", "incus-admin",
		"disk"}
	got := reached(m)
	if strings.Count(got, "you are in group") != 4 {
		t.Error(got)
	}
	for _, name := range []string{"docker", "lxd", "incus-admin", "disk"} {
		if !strings.Contains(got, "group "+name+", whose") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestReachByEngines: only a socket of root that this user may write to counts, and once.
func TestReachByEngines(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a socket of root")
	}
	m, _ := ordinary(t)
	dir, err := os.MkdirTemp("", "s") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, name := range []string{"open", "closed", "mine"} {
		l, err := net.Listen("unix", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		m.User.Sockets = append(m.User.Sockets, filepath.Join(dir, name))
	}
	link := filepath.Join(dir, "again")
	if err := os.Symlink("open", link); err != nil {
		t.Fatal(err)
	}
	m.User.Sockets = append(m.User.Sockets, link, write(t, filepath.Join(dir, "file"), "", 0o666),
		filepath.Join(dir, "none"))
	if err := os.Chown(filepath.Join(dir, "mine"), m.User.ID, -1); err != nil {
		t.Fatal(err)
	}
	m.User.CanWrite = func(path string) bool { return filepath.Base(path) != "closed" }
	m.Program = "" // CanWrite says too much about it
	got := reached(m)
	if strings.Count(got, "is open to you: an agent can become root") != 1 ||
		!strings.Contains(got, filepath.Join(dir, "open")+" is open") {
		t.Error(got)
	}
}

func TestSocketsOfTheEnvironment(t *testing.T) {
	vars := map[string]string{"DOCKER_HOST": "unix:///a/docker", "CONTAINER_HOST": "ssh://b"}
	got := strings.Join(CurrentUser(func(n string) string { return vars[n] }).Sockets, " ")
	if got != "/var/run/docker.sock /run/podman/podman.sock /a/docker" {
		t.Error(got)
	}
}

// TestReachOfTheProgram: the program, a directory above it, or what a link leads to is not root's
// alone.
func TestReachOfTheProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a program of root")
	}
	for _, c := range []struct {
		name         string
		change       string // path below the directory of the test
		owner        int
		mode         os.FileMode
		want         string
		toMe, asRoot bool
	}{
		{name: "of root", change: "opt/bin/janee", mode: 0o755},
		{name: "my file", change: "opt/bin/janee", owner: 4711, mode: 0o755, want: "note an agent"},
		{name: "my directory", change: "opt", owner: 4711, mode: 0o755, want: "note an agent"},
		{name: "my directory of the link", change: "bin", owner: 4711, mode: 0o755,
			want: "note an agent"},
		{name: "by group or list", change: "opt/bin", mode: 0o775, toMe: true,
			want: "note an agent"},
		{name: "sticky", change: "opt", mode: os.ModeSticky | 0o777, toMe: true},
		{name: "open to all", change: "opt/bin", mode: 0o777, want: "warn any user"},
		{name: "open to all, root", change: "opt/bin", mode: 0o777, want: "warn any user",
			asRoot: true},
		{name: "of another", change: "opt", owner: 4712, mode: 0o755, want: "warn user 4712"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _ := ordinary(t)
			dir := t.TempDir()
			changed := filepath.Join(dir, c.change)
			write(t, filepath.Join(dir, "opt/bin/janee"), "", 0o755)
			if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			m.Program = filepath.Join(dir, "bin", "janee")
			if err := os.Symlink("../opt/bin/janee", m.Program); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(changed, c.owner, -1); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(changed, c.mode); err != nil {
				t.Fatal(err)
			}
			m.User.CanWrite = func(path string) bool { return c.toMe && path == changed }
			if c.asRoot {
				m.User.ID = 0
			}
			got := reached(m)
			if !strings.Contains(got, c.want) ||
				strings.Contains(got, "replace this program") != (c.want != "") ||
				c.want != "" && !strings.Contains(got, changed) {
				t.Error(got)
			}
		})
	}
}

func TestReachOfOtherHomes(t *testing.T) {
	m, vars := ordinary(t)
	vars["JANEE_HOME"] = renamed(t, vars["JANEE_HOME"], "home[1]")
	for _, path := range []string{
		vars["HOME"] + "/.janee", vars["JANEE_HOME"] + ".bak",
	} {
		if got := reached(m); strings.Contains(got, path) {
			t.Error(got)
		}
		write(t, path+"/config.yaml", "", 0o600)
		if got := reached(m); !strings.Contains(got, "note "+path+" is a home beside") {
			t.Errorf("%s: %s", path, got)
		}
	}
	write(t, vars["JANEE_HOME"]+".notes/readme", "", 0o600)
	if got := reached(m); strings.Contains(got, ".notes") {
		t.Errorf("no home: %s", got)
	}
	vars["HOME"] = filepath.Dir(renamed(t, vars["JANEE_HOME"], ".janee"))
	vars["JANEE_HOME"] = ""
	if got := reached(m); strings.Contains(got, "is a home beside") {
		t.Errorf("the home in use: %s", got)
	}
}

func renamed(t *testing.T, dir, name string) string {
	t.Helper()
	to := filepath.Join(filepath.Dir(dir), name)
	if err := os.Rename(dir, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestReachOfEnvironments: process and name are shown, the value is not.
func TestReachOfEnvironments(t *testing.T) {
	m, vars := ordinary(t)
	for path, text := range map[string]string{
		"12/environ": "A=b\x00JANEE_PASSPHRASE=open sesame\x00", "13/environ": "JANEE_PASSPHRASE=",
		"14/environ": "MY_JANEE_PASSPHRASE=open sesame", "self/environ": "JANEE_PASSPHRASE=open",
	} {
		write(t, filepath.Join(m.User.Proc, path), text, 0o600)
	}
	got := reached(m)
	if !strings.Contains(got, "JANEE_PASSPHRASE is in the environment of process 12, where") ||
		strings.Contains(got, "sesame") || strings.Contains(got, "JANEE_MASTER_KEY") {
		t.Error(got)
	}
	vars["JANEE_MASTER_KEY"] = "a key"
	if got = reached(m); !strings.Contains(got,
		"note JANEE_MASTER_KEY is in the environment of this command") {
		t.Error(got)
	}
}

func TestReachByTracing(t *testing.T) {
	m, _ := ordinary(t)
	for text, want := range map[string]bool{"0\n": true, "1\n": false} {
		write(t, filepath.Join(m.User.Proc, "sys/kernel/yama/ptrace_scope"), text, 0o600)
		if got := reached(m); strings.Contains(got, "note ptrace_scope is 0") != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
