//go:build unix

package home

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func stagedHome(t *testing.T, dir, stamp, text string) string {
	t.Helper()
	staged, err := Staged(dir, stamp)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(staged); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(staged, "config.yaml"), text)
	return staged
}

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	config := func(dir, want string) {
		t.Helper()
		if text, err := os.ReadFile(filepath.Join(dir, "config.yaml")); err != nil ||
			string(text) != want {
			t.Errorf("%s: %q, %v", dir, text, err)
		}
	}
	if aside, err := Install(stagedHome(t, dir, "1", "one"), dir, "1"); err != nil || aside != "" {
		t.Fatal(aside, err)
	}
	config(dir, "one")
	aside, err := Install(stagedHome(t, dir, "2", "two"), dir, "2")
	if err != nil || aside != dir+".before-2" {
		t.Fatal(aside, err)
	}
	config(dir, "two")
	config(aside, "one")
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	// An empty directory is as good as none.
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if aside, err := Install(stagedHome(t, empty, "3", "three"), empty, "3"); err != nil ||
		aside != "" {
		t.Fatal(aside, err)
	}
	config(empty, "three")
	// a home that others can write to is neither opened nor replaced
	chmod(t, dir, 0o777)
	_, err = Install(stagedHome(t, dir, "4", "four"), dir, "4")
	refused(t, err, "open to other users", "chmod 700 "+dir)
	config(dir, "two")
}

// TestReplaceDirWithoutExchange tests what happens on systems that cannot swap two names.
func TestReplaceDirWithoutExchange(t *testing.T) {
	base := t.TempDir()
	a, b, aside := filepath.Join(base, "a"), filepath.Join(base, "b"), filepath.Join(base, "aside")
	for _, dir := range []string{a, b} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, "name"), filepath.Base(dir))
	}
	if err := replaceInTwo(a, b, aside); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{b: "a", aside: "b"} {
		if text, err := os.ReadFile(filepath.Join(dir, "name")); err != nil ||
			string(text) != want {
			t.Errorf("%s: %q, %v", dir, text, err)
		}
	}
	if err := replaceInTwo(a, b, aside+"2"); err == nil { // a is gone: b has to be back
		t.Error("nothing was put in place")
	}
	if text, err := os.ReadFile(filepath.Join(b, "name")); err != nil || string(text) != "a" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestWriteNew(t *testing.T) {
	dir := t.TempDir()
	path, stranger := filepath.Join(dir, "out"), filepath.Join(dir, tempPrefix+"of-somebody")
	put(t, stranger, "x")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := WriteNew(path, false, text("one")); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, false, text("two")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	cut := errors.New("cut")
	if err := WriteNew(path, true, func(w io.Writer) error {
		return errors.Join(text("half")(w), cut)
	}); !errors.Is(err, cut) {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if err := WriteNew(path, true, text("three")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "three" {
		t.Errorf("%q, %v", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%v", entries)
	}
}
