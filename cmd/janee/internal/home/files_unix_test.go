//go:build unix

package home

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFilesFailClosed: a file that an agent's call must not trust counts as unreadable, never as
// absent.
func TestFilesFailClosed(t *testing.T) {
	names := []string{"LOCKED", "sessions/aa.json", "sessions/bb.revoked", "approvals/cc.answer"}
	for _, c := range []struct {
		name  string
		spoil func(h *Home) error
		want  []string // the names that are unreadable
	}{
		{"all well", func(*Home) error { return nil }, nil},
		{"a directory open to others",
			func(h *Home) error { return os.Chmod(h.Path("sessions"), 0o755) }, names[1:3]},
		{"a file open to others",
			func(h *Home) error { return os.Chmod(h.Path(names[1]), 0o644) }, names[1:2]},
		{"a link in place of a file",
			func(h *Home) error { return os.Symlink(h.Path(names[1]), h.Path(names[2])) },
			names[2:3]},
		{"a link that leads nowhere",
			func(h *Home) error { return os.Symlink("nowhere", h.Path("LOCKED")) }, names[:1]},
		{"a link in place of a directory",
			func(h *Home) error { return os.Symlink(t.TempDir(), h.Path("approvals")) }, names[3:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := Create(filepath.Join(t.TempDir(), "home"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.write(names[1], []byte("grant"), false); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(h); err != nil {
				t.Fatal(err)
			}
			var unreadable []string
			found := h.Files(append(names, "../config.yaml", "sessions/../config.yaml"))
			for _, name := range slices.Sorted(maps.Keys(found)) {
				if found[name] == nil {
					unreadable = append(unreadable, name)
				}
			}
			want := append([]string{"../config.yaml"}, c.want...)
			want = append(want, "sessions/../config.yaml")
			slices.Sort(want)
			if !slices.Equal(unreadable, want) {
				t.Errorf("unreadable %q, want %q", unreadable, want)
			}
			if !slices.Contains(c.want, names[1]) && string(found[names[1]]) != "grant" {
				t.Errorf("the grant reads %q", found[names[1]])
			}
		})
	}
}
