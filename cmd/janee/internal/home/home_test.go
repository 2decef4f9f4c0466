package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/session"
)

func newHome(t *testing.T) *Home {
	t.Helper()
	h, err := Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, text, line string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want one with %q", err, text)
	}
	if got := hint.Of(err); !strings.HasPrefix(got, line) {
		t.Errorf("hint %q, want %q", got, line)
	}
}

// noTemps fails if a temporary file is left anywhere under the home.
func noTemps(t *testing.T, h *Home) {
	t.Helper()
	err := filepath.WalkDir(h.dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), tempPrefix) {
			t.Errorf("left over: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDir(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	own, _ := filepath.Abs("/people/ann")
	if got, err := Dir(env("HOME", own, "USERPROFILE", own)); err != nil ||
		got != filepath.Join(own, ".janee") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Dir(env("JANEE_HOME", "some/where", "HOME", own)); err != nil ||
		!filepath.IsAbs(got) || !strings.HasSuffix(got, filepath.Join("some", "where")) {
		t.Errorf("%q, %v", got, err)
	}
	_, err := Dir(env())
	refused(t, err, "neither JANEE_HOME nor", "export JANEE_HOME=")
}

func TestOpenMissing(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	refused(t, err, "open janee home", "run `janee init`")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("not fs.ErrNotExist")
	}
	_, _, err = newHome(t).ReadConfig()
	refused(t, err, "read the config", "run `janee init`")
}

func TestCreateKeepsWhatIsThere(t *testing.T) {
	h := newHome(t)
	put(t, h.ConfigPath(), "version: 1\n")
	again, err := Create(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := again.ReadConfig(); err != nil || string(text) != "version: 1\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestStateNames(t *testing.T) {
	h := newHome(t)
	hash := strings.Repeat("0a", 16)
	for _, name := range []string{
		"LOCKED", "sessions/" + hash + ".json", "sessions/" + hash + ".revoked",
		"sessions/closed.json", "approvals/" + hash + ".json", "approvals/" + hash + ".answer",
		"approvals/" + hash + ".used",
		"approvals/" + hash + ".tries",
	} {
		if _, err := h.write(name, []byte("x"), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "/", ".", "..", "config.yaml", ".lock", "locked", "/etc/passwd", "../x.json",
		"sessions/../config.yaml", "sessions/..json", "sessions/a/b.json", "sessions/.json",
		"sessions/a.yaml", "sessions/A.json",
		"sessions/a b.json", `sessions\a.json`, "sessions//a.json", "sessions/a.json/",
		"sessions/a.json.json", "sessions", "sessions/", "sessions/" + strings.Repeat("a", 65) +
			".json", "logs/a.json", "sessions/a\x00.json", "C:/a.json",
	} {
		if _, err := h.write(name, []byte("x"), false); err == nil {
			t.Errorf("Write %q: not refused", name)
		}
		if _, err := h.Read(name); err == nil {
			t.Errorf("Read %q: not refused", name)
		}
		if err := h.Remove(name); err == nil {
			t.Errorf("Remove %q: not refused", name)
		}
	}
}

func TestState(t *testing.T) {
	h := newHome(t)
	const name = "approvals/0a.json" // the directory is not there yet
	if data, err := h.Read(name); data != nil || err != nil {
		t.Fatalf("absent: %q, %v", data, err)
	}
	if err := h.Remove(name); err != nil {
		t.Fatalf("remove what is absent: %v", err)
	}
	step := func(data string, create bool, existing, after string) {
		t.Helper()
		got, err := h.write(name, []byte(data), create)
		if err != nil || string(got) != existing {
			t.Fatalf("write %q: existing %q, %v; want %q", data, got, err, existing)
		}
		if now, err := h.Read(name); err != nil || now == nil || string(now) != after {
			t.Fatalf("read: %q, %v; want %q", now, err, after)
		}
	}
	step("one", true, "", "one")
	step("two", true, "one", "one")
	step("three", false, "", "three")
	step("", false, "", "")
	if got, err := h.write(name, []byte("x"), true); err != nil || got == nil {
		t.Errorf("an empty file counts as absent: %v, %v", got, err)
	}
	put(t, h.Path("approvals/notes.txt"), "")
	if names, err := h.List("approvals"); err != nil || fmt.Sprint(names) != "["+name+"]" {
		t.Errorf("list: %v, %v", names, err)
	}
	if err := h.Remove(name); err != nil {
		t.Error(err)
	}
	if names, err := h.List("approvals"); err != nil || len(names) != 0 {
		t.Errorf("list after remove: %v, %v", names, err)
	}
	noTemps(t, h)
}

func TestCreateOnlyHasOneWinner(t *testing.T) {
	h := newHome(t)
	const writers = 16
	var wg sync.WaitGroup
	existing := make([]string, writers)
	for i := range writers {
		wg.Go(func() {
			got, err := h.write("sessions/0b.json", fmt.Appendf(nil, "writer %d", i), true)
			if err != nil {
				t.Error(err)
			}
			existing[i] = string(got)
		})
	}
	wg.Wait()
	final, _ := h.Read("sessions/0b.json")
	winners := 0
	for i, got := range existing {
		if got == "" {
			winners++
			got = fmt.Sprintf("writer %d", i)
		}
		if got != string(final) {
			t.Errorf("writer %d saw %q, the file holds %q", i, got, final)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
	noTemps(t, h)
}

func TestReplaceIsWhole(t *testing.T) {
	h := newHome(t)
	texts := [][]byte{bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 50_000)}
	if _, err := h.write("LOCKED", texts[0], false); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 40 {
			if _, err := h.write("LOCKED", texts[i%2], false); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		if got, err := h.Read("LOCKED"); err != nil ||
			!bytes.Equal(got, texts[0]) && !bytes.Equal(got, texts[1]) {
			t.Fatalf("read %d bytes of neither text, %v", len(got), err)
		}
	}
	wg.Wait()
}

func TestLeftOvers(t *testing.T) {
	h := newHome(t)
	dir := h.Path(session.Dir)
	old, young, foreign := filepath.Join(dir, tempPrefix+"old"), filepath.Join(dir,
		tempPrefix+"young"), filepath.Join(dir, "notes")
	for _, path := range []string{old, young, foreign} {
		put(t, path, "half a sess")
	}
	ago := time.Now().Add(-2 * time.Minute)
	for _, path := range []string{old, foreign} {
		if err := os.Chtimes(path, ago, ago); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.write("sessions/0c.json", []byte("x"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an old temporary file stayed")
	}
	for _, path := range []string{young, foreign} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s was removed", path)
		}
	}
}

func TestEditConfig(t *testing.T) {
	h := newHome(t)
	set := func(text string) error {
		return h.EditConfig(func([]byte) ([]byte, error) { return []byte(text), nil })
	}
	err := h.EditConfig(func(old []byte) ([]byte, error) {
		if old != nil {
			t.Errorf("old %q, want nil", old)
		}
		return []byte("one"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, stamp, err := h.ReadConfig()
	if now, err2 := h.ConfigStamp(); err != nil || err2 != nil ||
		string(text) != "one" || now != stamp {
		t.Fatalf("%q, %v, %v", text, err, err2)
	}
	if err := set("one"); err != nil {
		t.Fatal(err)
	}
	if now, _ := h.ConfigStamp(); now != stamp {
		t.Error("an unchanged text was written")
	}
	if err := h.EditConfig(func([]byte) ([]byte, error) {
		return []byte("no"), fs.ErrInvalid
	}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	if err := set("two"); err != nil {
		t.Fatal(err)
	}
	if now, _ := h.ConfigStamp(); now == stamp {
		t.Error("the stamp did not change")
	}
	err = h.EditConfig(func([]byte) ([]byte, error) {
		put(t, h.ConfigPath(), "typed by the person")
		return []byte("spliced"), nil
	})
	refused(t, err, "another program changed it", "run the command again")
	if text, _, _ := h.ReadConfig(); string(text) != "typed by the person" {
		t.Errorf("the person's text is lost: %q", text)
	}
	noTemps(t, h)
}

func TestEditsDoNotGetLost(t *testing.T) {
	h := newHome(t)
	var wg sync.WaitGroup
	for range 8 {
		other, err := Open(h.dir) // as another process would
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range 5 {
				if err := other.EditConfig(func(old []byte) ([]byte, error) {
					return append(old, "line\n"...), nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if text, _, err := h.ReadConfig(); err != nil || strings.Count(string(text), "line\n") != 40 {
		t.Errorf("%d of 40 edits, %v", strings.Count(string(text), "line\n"), err)
	}
}

func TestTooLarge(t *testing.T) {
	h := newHome(t)
	put(t, h.ConfigPath(), "")
	if err := os.Truncate(h.ConfigPath(), maxFile+1); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.ReadConfig()
	refused(t, err, "larger than 16 MiB", "")
}

// TestRemoveFile: a process that was killed while it made the file left another name of it.
func TestRemoveFile(t *testing.T) {
	dir := t.TempDir()
	path, left := filepath.Join(dir, "root.key"), filepath.Join(dir, tempPrefix+"left")
	put(t, path, "the key")
	if err := os.Link(path, left); err != nil {
		t.Fatal(err)
	}
	ago := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(path, ago, ago); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is gone already is no error
		if err := RemoveFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v is still there, %v", entries, err)
	}
}
