//go:build unix

package home

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// secretOf lays out files as Kubernetes mounts a Secret. swap makes another version the one that
// counts.
func secretOf(t *testing.T, name, text string) (path string, swap func(text string)) {
	t.Helper()
	dir := t.TempDir()
	version := func(number, text string) {
		if err := os.Mkdir(filepath.Join(dir, number), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, number, name), text)
		link := filepath.Join(dir, "..data")
		if err := errors.Join(os.Symlink(number, link+"_tmp"),
			os.Rename(link+"_tmp", link)); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", text)
	if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name), func(text string) { version("..2", text) }
}

// TestMountedConfig has a config.yaml that is a link to a Secret: each new version is seen, and an
// edit keeps the link.
func TestMountedConfig(t *testing.T) {
	dir := newHome(t).dir
	path, swap := secretOf(t, "config.yaml", "one")
	link := filepath.Join(dir, "config.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Fatal("a link passes outside of a container")
	}
	t.Setenv(ContainerEnv, "1")
	h, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	reads := func(want string) Stamp {
		t.Helper()
		text, stamp, err := h.ReadConfig()
		if err != nil || string(text) != want {
			t.Errorf("%q, %v; want %q", text, err, want)
		}
		if now, err := h.ConfigStamp(); err != nil || now != stamp {
			t.Errorf("the stamp is %+v, %v; want %+v", now, err, stamp)
		}
		return stamp
	}
	first := reads("one")
	swap("two")
	if second := reads("two"); second == first {
		t.Error("the new version has the stamp of the old one")
	}
	if err := h.EditConfig(func(old []byte) ([]byte, error) {
		return append(old, "three"...), nil
	}); err != nil {
		t.Fatal(err)
	}
	reads("twothree")
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", fi, err)
	}
}

// TestLinkThatLeadsNowhere: a Secret that was not mounted must not pass for a home that is not made
// yet.
func TestLinkThatLeadsNowhere(t *testing.T) {
	t.Setenv(ContainerEnv, "1")
	h := newHome(t)
	if err := os.Symlink("nowhere", h.ConfigPath()); err != nil {
		t.Fatal(err)
	}
	err := h.EditConfig(func([]byte) ([]byte, error) { return []byte("new"), nil })
	refused(t, err, "a link that leads nowhere", "mount what it leads to")
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("it counts as absent")
	}
	_, err = Open(h.dir)
	refused(t, err, "a link that leads nowhere", "mount what it leads to")
}

func TestTighten(t *testing.T) {
	h := newHome(t)
	chmod(t, h.dir, 0o777)
	_, err := Open(h.dir)
	refused(t, err, "open to other users", "chmod 700 ")
	t.Setenv(ContainerEnv, "1")
	if _, err := Open(h.dir); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(h.dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", fi, err)
	}
	chmod(t, h.Path("sessions"), 0o755)
	_, err = Open(h.dir)
	refused(t, err, "open to other users", "on the host, run `chmod 700` on what this container")
}

func TestShared(t *testing.T) {
	for _, c := range []struct {
		guard Guard
		mode  os.FileMode
	}{{Guard{}, 0o600}, {Guard{Container: true}, 0o644}} {
		path := filepath.Join(t.TempDir(), "token")
		for _, want := range []bool{true, false} {
			created, err := c.guard.CreateShared(path, []byte("text"))
			if err != nil || created != want {
				t.Errorf("%+v: %v, %v; want %v", c.guard, created, err, want)
			}
		}
		text, err := c.guard.ReadShared(path)
		if err != nil || string(text) != "text" {
			t.Errorf("%+v: %q, %v", c.guard, text, err)
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != c.mode {
			t.Errorf("%+v: %v, %v", c.guard, fi, err)
		}
		chmod(t, path, 0o666)
		if _, err := c.guard.ReadShared(path); err == nil {
			t.Errorf("%+v: others can write to it", c.guard)
		}
	}
	path := filepath.Join(t.TempDir(), "token")
	put(t, path, "text")
	chmod(t, path, 0o644)
	_, err := Guard{}.ReadShared(path)
	refused(t, err, "open to other users (mode 0644)", "chmod 600 ")
}

// TestSharedTakesNoLink: whoever can write to the volume puts a link in place of the new file while
// it is written. What the link leads to keeps its mode.
func TestSharedTakesNoLink(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "root.key")
	put(t, victim, "text")
	volume := t.TempDir()
	_, err := writeTempBy(volume, 0o644, func(io.Writer) error {
		entries, err := os.ReadDir(volume)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%v, %v", entries, err)
		}
		name := filepath.Join(volume, entries[0].Name())
		return errors.Join(os.Remove(name), os.Symlink(victim, name))
	})
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(victim); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("it is not as it was: %v, %v", fi, err)
	}
}

// TestSharedIsAFileOfItsOwner has in the volume what another container may put there.
func TestSharedIsAFileOfItsOwner(t *testing.T) {
	guard := Guard{Container: true}
	for name, plant := range map[string]func(path string) error{
		"a FIFO":      func(path string) error { return unix.Mkfifo(path, 0o644) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"more than a token has": func(path string) error {
			return os.WriteFile(path, make([]byte, maxCredential+1), 0o644)
		},
		"a file of another user": func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("text"), 0o644),
				os.Chown(path, 1234, 1234))
		},
		"a link of another user": func(path string) error {
			own := path + ".own"
			return errors.Join(os.WriteFile(own, []byte("text"), 0o644), os.Symlink(own, path),
				os.Lchown(path, 1234, 1234))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "another user") && os.Geteuid() != 0 {
				t.Skip("only root can make files of others")
			}
			path := filepath.Join(t.TempDir(), "token")
			if err := plant(path); err != nil {
				t.Fatal(err)
			}
			if text, err := guard.ReadShared(path); err == nil {
				t.Errorf("it reads %q", text)
			}
		})
	}
}
