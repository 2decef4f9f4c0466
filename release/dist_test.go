package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// built is the release in the directory that DIST names, as `make test-release` built it from the
// commit that is checked out. What it should say of itself comes from git.
func built(t *testing.T) *Release {
	t.Helper()
	out := os.Getenv("DIST")
	if out == "" {
		t.Skip("DIST names no release to test: run make test-release")
	}
	r := &Release{Out: out, Root: "..", Commit: git(t, "rev-parse", "HEAD")}
	var err error
	if r.Time, err = time.Parse(time.RFC3339, git(t, "log", "-1", "--format=%cI")); err != nil {
		t.Fatal(err)
	}
	r.Version = "0.0.0-g" + git(t, "rev-parse", "--short=12", "HEAD")
	if tag, err := exec.Command("git", "describe", "--tags", "--exact-match", "--match",
		"v[0-9]*").Output(); err == nil {
		r.Version = strings.TrimSpace(string(tag))[1:]
	}
	all, err := parsePlatforms(allPlatforms)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if _, err := os.Stat(r.binary(p)); err == nil {
			r.Platforms = append(r.Platforms, p)
		}
	}
	if len(r.Platforms) == 0 {
		t.Fatalf("%s has no program of version %s", out, r.Version)
	}
	return r
}

// on calls test for each platform of the release that runs one of these systems.
func (r *Release) on(t *testing.T, systems string, test func(*testing.T, Platform)) {
	t.Helper()
	for _, p := range r.Platforms {
		if strings.Contains(systems, p.OS) {
			t.Run(p.OS+"-"+p.Arch, func(t *testing.T) { test(t, p) })
		}
	}
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(output(t, "git", args...))
}

// output runs a program; one that is not installed skips the test.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("no %s on this machine", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stderr = t.Output()
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(text)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// entry is what a tar archive says of a file; its name has no "./" in front.
type entry struct {
	*tar.Header
	data []byte
}

// entries reads a tar archive in which everything has the time of the commit.
func (r *Release) entries(t *testing.T, from io.Reader) map[string]entry {
	t.Helper()
	found := map[string]entry{}
	for archive := tar.NewReader(from); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(r.Time) {
			t.Errorf("%s is of %v, not of the commit: %v", h.Name, h.ModTime, r.Time)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(h.Name, "./")] = entry{h, data}
	}
}

// rooted checks that everything is root's, that only root may write, and that of the files only the
// program can be executed.
func rooted(t *testing.T, found map[string]entry, program string) {
	t.Helper()
	for name, e := range found {
		if e.Uid != 0 || e.Gid != 0 || e.Uname != "root" || e.Gname != "root" {
			t.Errorf("%s is owned by %d:%d, %s:%s", name, e.Uid, e.Gid, e.Uname, e.Gname)
		}
		mode := int64(0o644)
		if e.Typeflag == tar.TypeDir || name == program {
			mode = 0o755
		}
		if e.Mode&0o7777 != mode {
			t.Errorf("%s has mode %o, not %o", name, e.Mode&0o7777, mode)
		}
	}
}

func decode(t *testing.T, text []byte, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}
