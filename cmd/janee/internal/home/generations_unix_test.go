//go:build unix

package home

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGenerations(t *testing.T) {
	h := newHome(t)
	keep := func(text, want string) {
		t.Helper()
		if name, err := h.KeepGeneration([]byte(text)); err != nil || name != want {
			t.Fatalf("%q, %v, want %q", name, err, want)
		}
		if got, err := h.guard.ReadFile(h.Path(want)); err != nil || string(got) != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	keep("one", "backups/config.yaml.1")
	for range 5 { // a command that is killed and run again
		keep("two", "backups/config.yaml.2")
	}
	for i := 3; i < 12; i++ {
		keep(fmt.Sprint(i), fmt.Sprintf("backups/config.yaml.%d", i))
	}
	// not ours to remove
	mine := []string{"config.yaml.mine", "config.yaml.007", "config.yaml.-1", "notes"}
	for _, name := range mine {
		put(t, h.Path("backups/"+name), "")
	}
	if err := h.DropGenerations(); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(h.Path("backups"))
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got, want := strings.Join(left, " "),
		"config.yaml.-1 config.yaml.007 config.yaml.10 config.yaml.11 config.yaml.9 "+
			"config.yaml.mine notes"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
	noTemps(t, h)
}

func TestGenerationsOfAnOpenDirectory(t *testing.T) {
	h := newHome(t)
	if _, err := h.KeepGeneration([]byte("one")); err != nil {
		t.Fatal(err)
	}
	chmod(t, h.Path("backups"), 0o755)
	_, err := h.KeepGeneration([]byte("two"))
	refused(t, err, "open to other users", "chmod 700 "+filepath.Join(h.dir, "backups"))
	_, err = Open(h.dir)
	refused(t, err, "open to other users", "chmod 700 "+filepath.Join(h.dir, "backups"))
}
