package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// machine is the root of a machine that has neither Go nor a shell: what is installed on it is all
// that a program finds, beside what every system and engine gives it: /proc, /dev/null, /tmp.
type machine struct {
	root string
	user uint32 // of programs, with a home that is empty
	env  []string
}

const person = 1000

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("changing the root directory needs root")
	}
	m := &machine{root: t.TempDir(), user: person,
		env: []string{"HOME=/home/person", "PATH=/usr/bin"}}
	for name, mode := range map[string]fs.FileMode{"": 0o755, "dev": 0o755, "proc": 0o755,
		"home": 0o755, "home/person": 0o700, "tmp": 0o777 | fs.ModeSticky} {
		dir := filepath.Join(m.root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(m.root, "home/person"), person, person); err != nil {
		t.Fatal(err)
	}
	proc := filepath.Join(m.root, "proc")
	if err := syscall.Mount("proc", proc, "proc", 0, ""); err != nil {
		t.Fatalf("mounting %s: %v", proc, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(proc, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting %s: %v", proc, err)
		}
	})
	null := filepath.Join(m.root, "dev/null")
	if err := syscall.Mknod(null, syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		t.Fatalf("making %s: %v", null, err)
	}
	if err := os.Chmod(null, 0o666); err != nil {
		t.Fatal(err)
	}
	return m
}

// run starts a program of the machine.
func (m *machine) run(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = "/", m.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: m.root,
		Credential: &syscall.Credential{Uid: m.user, Gid: m.user}}
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, text)
	}
	return string(text)
}

// demo shows that an installed program works, and leaves the home as it was.
func (m *machine) demo(t *testing.T, program string) {
	t.Helper()
	if text := m.run(t, program, "demo"); !strings.Contains(text, "[REDACTED:") {
		t.Errorf("the demo does not show a key that is masked:\n%s", text)
	}
	entries, err := os.ReadDir(filepath.Join(m.root, "home/person"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 0 {
		t.Errorf("the demo left %v in the home", entries)
	}
}

// here is this machine's platform.
func (r *Release) here(t *testing.T) Platform {
	t.Helper()
	p := Platform{runtime.GOOS, runtime.GOARCH}
	if _, err := os.Stat(r.binary(p)); err != nil || p.OS != "linux" {
		t.Skip("the release has no program for Linux that runs here")
	}
	return p
}

func TestInstallArchive(t *testing.T) {
	r, m := built(t), newMachine(t)
	name := r.name(r.here(t))
	output(t, "tar", "-xzf", r.path(name+".tar.gz"), "-C", m.root)
	m.demo(t, "/"+name+"/janee")
}

func TestInstallDeb(t *testing.T) {
	r, m := built(t), newMachine(t)
	for _, dir := range []string{"info", "updates"} {
		if err := os.MkdirAll(filepath.Join(m.root, "var/lib/dpkg", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dpkg := func(args ...string) {
		t.Helper()
		output(t, "dpkg", append([]string{"--root=" + m.root, "--log=/dev/null"}, args...)...)
	}
	// the status of a machine without packages
	if err := os.WriteFile(filepath.Join(m.root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", r.path(r.name(r.here(t))+".deb"))
	m.demo(t, "/usr/bin/janee")
	m.run(t, "/usr/bin/janee", "init")
	before := m.home(t)
	dpkg("--purge", "janee")
	if _, err := os.Stat(filepath.Join(m.root, "usr/bin/janee")); err == nil {
		t.Error("the program is still there")
	}
	if after := m.home(t); after != before || !strings.Contains(after, ".janee/config.yaml") {
		t.Errorf("removing the package changed the home from\n%s\nto\n%s", before, after)
	}
}

// home lists the files of the person with what is in them.
func (m *machine) home(t *testing.T) string {
	t.Helper()
	return output(t, "find", filepath.Join(m.root, "home"), "-printf", "%p %m %U %s %T@\n")
}

func TestInstallRPM(t *testing.T) {
	r, m := built(t), newMachine(t)
	output(t, "rpm", "--root="+m.root, "--install", "--nosignature",
		r.path(r.name(r.here(t))+".rpm"))
	m.demo(t, "/usr/bin/janee")
}

// The image runs as an engine runs it: as its user, with its environment, and with its command.
func TestInstallImage(t *testing.T) {
	r, m := built(t), newMachine(t)
	img := r.image(t, r.here(t))
	files := mutate.Extract(img)
	defer files.Close()
	m.unpack(t, files)
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	m.user, m.env = nobody, c.Config.Env
	m.demo(t, "/usr/local/bin/"+c.Config.Entrypoint[0])
}

// unpack gives each file its owner and mode.
func (m *machine) unpack(t *testing.T, from io.Reader) {
	t.Helper()
	for archive := tar.NewReader(from); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(m.root, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(name, 0o755)
		} else {
			var data []byte
			if data, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(name, data, 0o600)
			}
		}
		if err == nil {
			err = os.Chown(name, h.Uid, h.Gid)
		}
		if err == nil {
			err = os.Chmod(name, h.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
