package home

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKeepAndDrop(t *testing.T) {
	h, err := Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"credentials.json", "logs/2026-01-02.jsonl", "absent.json"}
	write := func(text string) {
		for _, name := range names[:2] {
			if err := os.WriteFile(h.Path(name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("one")
	for range 2 { // the second time after a crash: the files have both names
		if dir, err := h.Keep("ts-x", names); err != nil || dir != "ts-x" {
			t.Fatal(dir, err)
		}
	}
	if err := h.Drop("ts-x", names); err != nil {
		t.Fatal(err)
	}
	write("two") // another file of the same name is not what was kept
	if err := h.Drop("ts-x", names); err == nil {
		t.Error("a file was removed that is kept nowhere")
	}
	if dir, err := h.Keep("ts-x", names); err != nil || dir != "ts-x-2" {
		t.Fatal(dir, err)
	}
	if err := h.Drop("ts-x-2", names); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"ts-x/credentials.json": "one", "ts-x/logs/2026-01-02.jsonl": "one",
		"ts-x-2/credentials.json": "two",
	} {
		if got, err := os.ReadFile(h.Path(path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if _, err := os.Lstat(h.Path(names[0])); err == nil {
		t.Error("the file is still there")
	}
}

func TestKeepRefusesLinks(t *testing.T) {
	h, err := Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", h.Path("credentials.json")); err != nil {
		t.Skip(err)
	}
	if _, err := h.Keep("ts-x", []string{"credentials.json"}); err == nil {
		t.Error("a symbolic link is kept for what it leads to")
	}
}
