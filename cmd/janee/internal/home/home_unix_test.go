//go:build unix

package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/session"
)

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestModesOfWhatIsMade(t *testing.T) {
	defer unix.Umask(unix.Umask(0)) // the modes must not depend on the person's umask
	h := newHome(t)
	if err := h.EditConfig(func([]byte) ([]byte, error) { return []byte("x"), nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := h.write("approvals/0a.json", nil, true); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		"": 0o700, "logs": 0o700, "sessions": 0o700, "approvals": 0o700,
		"config.yaml": 0o600, ".lock": 0o600, "approvals/0a.json": 0o600,
	} {
		if fi, err := os.Lstat(h.Path(name)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%q: %v, %v; want %v", name, fi.Mode(), err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name       string
		spoil      func(t *testing.T, h *Home)
		text, line string // %s is the home
	}{
		{"directory open to others", func(t *testing.T, h *Home) { chmod(t, h.dir, 0o755) },
			"open to other users (mode 0755)", "chmod 700 %s"},
		{"directory open to group", func(t *testing.T, h *Home) { chmod(t, h.dir, 0o710) },
			"open to other users", "chmod 700 %s"},
		{"sessions open", func(t *testing.T, h *Home) { chmod(t, h.Path("sessions"), 0o701) },
			"open to other users", "chmod 700 %s/sessions"},
		{"logs open", func(t *testing.T, h *Home) { chmod(t, h.Path("logs"), 0o750) },
			"open to other users", "chmod 700 %s/logs"},
		{"config readable", func(t *testing.T, h *Home) { chmod(t, h.ConfigPath(), 0o644) },
			"open to other users", "chmod 600 %s/config.yaml"},
		{"config unreadable for the owner",
			func(t *testing.T, h *Home) { chmod(t, h.ConfigPath(), 0o002) }, "open to other users",
			"chmod 600 %s/config.yaml"},
		{"lock readable",
			func(t *testing.T, h *Home) {
				put(t, h.Path(".lock"), "")
				chmod(t, h.Path(".lock"), 0o640)
			}, "open to other users", "chmod 600 %s/.lock"},
		{"config is a link", func(t *testing.T, h *Home) {
			put(t, h.Path("elsewhere"), "")
			replaceBy(t, h.ConfigPath(), func(p string) error { return os.Symlink("elsewhere", p) })
		}, "symbolic link", "rm %s/config.yaml && cp %[1]s/elsewhere %[1]s/config.yaml"},
		{"config is a link to no file", func(t *testing.T, h *Home) {
			replaceBy(t, h.ConfigPath(), func(p string) error { return os.Symlink("/dev/zero", p) })
		}, "symbolic link", "mv %s/config.yaml %[1]s/config.yaml.aside"},
		{"config is a dangling link", func(t *testing.T, h *Home) {
			replaceBy(t, h.ConfigPath(), func(p string) error { return os.Symlink("nowhere", p) })
		}, "symbolic link", "mv %s/config.yaml %[1]s/config.yaml.aside"},
		{"config is a directory", func(t *testing.T, h *Home) {
			replaceBy(t, h.ConfigPath(), func(p string) error { return os.Mkdir(p, 0o700) })
		}, "not a regular file", "mv %s/config.yaml"},
		{"config is a pipe", func(t *testing.T, h *Home) {
			replaceBy(t, h.ConfigPath(), func(p string) error { return syscall.Mkfifo(p, 0o600) })
		}, "not a regular file", "mv %s/config.yaml"},
		{"sessions is a link", func(t *testing.T, h *Home) {
			replaceBy(t, h.Path("sessions"), func(p string) error { return os.Symlink("logs", p) })
		}, "symbolic link", "rm %s/sessions && cp -R %[1]s/logs %[1]s/sessions"},
		{"sessions is a file", func(t *testing.T, h *Home) {
			replaceBy(t, h.Path("sessions"), func(p string) error {
				return os.WriteFile(p, nil, 0o600)
			})
		}, "not a directory", "mv %s/sessions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			put(t, h.ConfigPath(), "version: 1\n")
			c.spoil(t, h)
			_, err := Open(h.dir)
			refused(t, err, c.text, fmt.Sprintf(c.line, h.dir))
		})
	}
}

func replaceBy(t *testing.T, path string, with func(string) error) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := with(path); err != nil {
		t.Fatal(err)
	}
}

// An open home must notice files that are opened to others later, at each read.
func TestRefusalsAtRead(t *testing.T) {
	h := newHome(t)
	put(t, h.ConfigPath(), "x")
	put(t, h.Path("sessions/0a.json"), "x")
	chmod(t, h.ConfigPath(), 0o604)
	chmod(t, h.Path("sessions/0a.json"), 0o604)
	_, _, err := h.ReadConfig()
	refused(t, err, "open to other users", "chmod 600 ")
	_, err = h.Read("sessions/0a.json")
	refused(t, err, "open to other users", "chmod 600 ")

	if err := os.Symlink("0a.json", h.Path("sessions/0b.json")); err != nil {
		t.Fatal(err)
	}
	_, err = h.Read("sessions/0b.json")
	refused(t, err, "symbolic link", "rm ")
	if err := syscall.Mkfifo(h.Path("sessions/0c.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = h.Read("sessions/0c.json")
	refused(t, err, "not a regular file", "mv ")

	chmod(t, h.Path("sessions"), 0o755)
	_, err = h.write("sessions/0d.json", nil, false)
	refused(t, err, "open to other users", "chmod 700 ")
	put(t, h.Path(".lock"), "")
	chmod(t, h.Path(".lock"), 0o666)
	refused(t, h.WithLock(func() error { t.Error("ran"); return nil }),
		"open to other users", "chmod 600 ")
}

func TestHomeIsALink(t *testing.T) {
	h := newHome(t)
	link := filepath.Join(filepath.Dir(h.dir), "link")
	if err := os.Symlink(h.dir, link); err != nil {
		t.Fatal(err)
	}
	// with the slash, lstat would follow the link
	for _, dir := range []string{link, link + "/"} {
		_, err := Open(dir)
		refused(t, err, "symbolic link", "rm "+link)
	}
}

func TestWrongOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	h := newHome(t)
	if err := os.Chown(h.dir, 65534, -1); err != nil {
		t.Fatal(err)
	}
	_, err := Open(h.dir)
	refused(t, err, "belongs to user 65534",
		"run janee as user 65534, not as root; or, if root is to own it: chown -R 0 "+h.dir)
}

func TestGroup(t *testing.T) {
	h := newHome(t)
	put(t, h.ConfigPath(), "x")
	chmod(t, h.dir, 0o770)
	chmod(t, h.ConfigPath(), 0o660)
	if _, err := Open(h.dir); err == nil {
		t.Fatal("group bits passed unasked")
	}
	t.Setenv("JANEE_ALLOW_GROUP", "1")
	again, err := Open(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.ReadConfig(); err != nil {
		t.Error(err)
	}
	chmod(t, h.ConfigPath(), 0o664)
	_, err = Open(h.dir)
	refused(t, err, "open to other users", "chmod o= "+h.ConfigPath())
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b.c": "/a/b.c", "": "''", "/a b": "'/a b'", "it's": `'it'\''s'`,
		"$(x)": "'$(x)'", "~x": "'~x'",
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// A writer killed at any moment leaves the old or the new text, never a mixture, and at most
// temporary files beside it. The lock that it held is free at once.
func TestKill(t *testing.T) {
	if dir := os.Getenv("WRITE_UNDER"); dir != "" {
		h, err := Open(dir)
		for i := 0; err == nil; i++ {
			_, err = h.Commit([]core.Hold{{Name: session.LockFile}}, []core.Write{{Name: grant,
				Data: fmt.Appendf(nil, "%08d%08[1]d", i%100_000_000), If: core.Any}})
		}
		t.Fatal(err)
	}
	h := newHome(t)
	for round := range 10 {
		cmd := second(t, "WRITE_UNDER", h)
		time.Sleep(time.Duration(30+7*round) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if data, err := h.Read(grant); err != nil ||
			data != nil && (len(data) != 16 || string(data[:8]) != string(data[8:])) {
			t.Fatalf("round %d: %q, %v", round, data, err)
		}
		began := time.Now()
		if err := state.Put(h, revoked, nil); err != nil || time.Since(began) > 5*time.Second {
			t.Fatalf("round %d: the lock was free after %v, %v", round, time.Since(began), err)
		}
	}
	if data, err := h.Read(grant); data == nil || err != nil {
		t.Fatalf("the children never wrote: %v", err)
	}
}

// TestCommitTrustsNoUnreadableHold: what cannot be read may be an order.
func TestCommitTrustsNoUnreadableHold(t *testing.T) {
	for name, spoil := range map[string]func(h *Home) error{
		"a link":      func(h *Home) error { return os.Symlink("nowhere", h.Path(revoked)) },
		"a wide mode": func(h *Home) error { return os.WriteFile(h.Path(revoked), nil, 0o644) },
		"a directory": func(h *Home) error { return os.Mkdir(h.Path(revoked), 0o700) },
	} {
		h := newHome(t)
		if err := spoil(h); err != nil {
			t.Fatal(err)
		}
		done, err := h.Commit([]core.Hold{{Name: revoked}},
			[]core.Write{{Name: grant, Data: []byte("g")}})
		if err == nil {
			t.Errorf("%s: %+v", name, done)
		}
		is(t, h, grant, nil)
	}
}

func TestCheckPlace(t *testing.T) {
	for _, c := range []struct {
		name       string
		mode       os.FileMode
		owner      int // 0: ours
		link       int // owner of a link to it; 0: no link, -1: ours
		text, line string
	}{
		{"a mounted secret", 0o755, 0, 0, "", ""},
		{"ours alone", 0o700, 0, 0, "", ""},
		{"sticky", os.ModeSticky | 0o777, 0, 0, "", ""},
		{"open to the group", 0o770, 0, 0, "can be written to by other users (mode 0770)",
			"chmod go-w "},
		{"open to all", 0o757, 0, 0, "can be written to by other users", "chmod go-w "},
		{"of another user", 0o755, 65534, 0, "belongs to user 65534",
			"run janee as user 65534, not as root; or, if root is to own it: chown 0 "},
		{"our link", 0o700, 0, -1, "", ""},
		{"our link to an open one", 0o777, 0, -1, "can be written to by other users",
			"chmod go-w "},
		{"the link of another user", 0o700, 0, 65534, "belongs to user 65534",
			"run janee as user 65534, not as root; or, if root is to own it: chown -h 0 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if (c.owner > 0 || c.link > 0) && os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			dir := filepath.Join(t.TempDir(), "dir")
			err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, c.mode))
			if c.owner > 0 {
				err = errors.Join(err, os.Chown(dir, c.owner, -1))
			}
			if c.link != 0 {
				err = errors.Join(err, os.Symlink(dir, dir+".link"))
				dir += ".link"
			}
			if c.link > 0 {
				err = errors.Join(err, os.Lchown(dir, c.link, -1))
			}
			if err != nil {
				t.Fatal(err)
			}
			err = Guard{}.CheckPlace(dir)
			if c.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, c.text, c.line)
		})
	}
	open := filepath.Join(t.TempDir(), "dir")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o770),
		Guard{Group: true}.CheckPlace(open)); err != nil {
		t.Errorf("a directory that is open to a group which is let in: %v", err)
	}
	put(t, filepath.Join(open, "file"), "")
	refused(t, Guard{}.CheckPlace(filepath.Join(open, "file")), "is not a directory", "mv ")
	if err := (Guard{}).CheckPlace(filepath.Join(open, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
}

// TestWatchSeesModes: a mode may be all that makes a file unreadable.
func TestWatchSeesModes(t *testing.T) {
	h := newHome(t)
	put(t, h.Path(revoked), "")
	changed := h.Watch([]string{revoked})
	if !changed() || changed() {
		t.Fatal("the first look, and no other")
	}
	chmod(t, h.Path(revoked), 0o644)
	if !changed() {
		t.Error("a new mode was not seen")
	}
}
