//go:build unix

package home

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadAuthority: a file of certificate authorities is refused if anyone but this user and root
// could change it, in each place where they could.
func TestReadAuthority(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir, file string) string // returns the path to read
		want  string                                      // "" = it is read
	}{
		"own":             {func(_ *testing.T, _, file string) string { return file }, ""},
		"others may read": {withMode(0o644), ""},
		"all may write":   {withMode(0o666), "written to"},
		"group may write": {withMode(0o664), "written to"},
		"of another user": {chown, "belongs to user"},
		"open directory": {func(t *testing.T, dir,
			file string) string {
			chmod(t, dir, 0o777)
			return file
		}, "written to"},
		"sticky directory": {func(t *testing.T, dir,
			file string) string {
			chmod(t, dir, 0o777|os.ModeSticky)
			return file
		}, ""},
		"own link": {link, ""},
		"link of another user": {func(t *testing.T, dir, file string) string {
			path := link(t, dir, file)
			needRoot(t)
			check(t, os.Lchown(path, 12345, 12345))
			return path
		}, "belongs to user"},
		"link into an open directory": {func(t *testing.T, dir, file string) string {
			open := filepath.Join(t.TempDir(), "open")
			check(t, os.Mkdir(open, 0o700))
			moved := filepath.Join(open, "ca.pem")
			check(t, os.Rename(file, moved))
			check(t, os.Symlink(moved, file))
			chmod(t, open, 0o777)
			return file
		}, "written to"},
		"links in a circle": {func(t *testing.T, dir, _ string) string {
			path := filepath.Join(dir, "circle")
			check(t, os.Symlink(path, path))
			return path
		}, "too many links"},
		"directory": {func(_ *testing.T, dir,
			_ string) string {
			return dir
		}, "not a regular file"},
		"missing": {func(_ *testing.T, dir,
			_ string) string {
			return filepath.Join(dir, "none")
		}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ca")
			check(t, os.Mkdir(dir, 0o700))
			file := filepath.Join(dir, "ca.pem")
			check(t, os.WriteFile(file, []byte("abc"), 0o600))
			content, digest, err := (Guard{}).ReadAuthority(c.spoil(t, dir, file))
			// FIPS 180-2, B.1
			const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
			switch {
			case c.want == "" && (err != nil || string(content) != "abc" || digest != abc):
				t.Errorf("got %q, %s, %v", content, digest, err)
			case c.want != "" &&
				(err == nil || !strings.Contains(err.Error(), c.want) || content != nil):
				t.Errorf("got %q, %v; want the error %q", content, err, c.want)
			}
			byOthers := strings.Contains(c.want, "written") || strings.Contains(c.want, "belongs")
			if errors.Is(err, ErrOpenToOthers) != byOthers {
				t.Errorf("%v is ErrOpenToOthers: %v", err, !byOthers)
			}
		})
	}
}

func withMode(mode os.FileMode) func(*testing.T, string, string) string {
	return func(t *testing.T, _, file string) string { chmod(t, file, mode); return file }
}

func chown(t *testing.T, _, file string) string {
	needRoot(t)
	check(t, os.Chown(file, 12345, 12345))
	return file
}

func link(t *testing.T, dir, file string) string {
	path := filepath.Join(dir, "link.pem")
	check(t, os.Symlink(filepath.Base(file), path))
	return path
}

func needRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
