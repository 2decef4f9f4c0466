package vectors

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// recorder stands for the test that calls: it keeps how it ended, and ends it there.
type recorder struct {
	testing.TB
	ended string
}

type over struct{}

func (r *recorder) Helper()               {}
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Errorf(string, ...any) { r.ended = "failed" }
func (r *recorder) Fatal(...any)          { r.end("failed") }
func (r *recorder) Fatalf(string, ...any) { r.end("failed") }
func (r *recorder) Skipf(string, ...any)  { r.end("skipped") }

func (r *recorder) end(how string) {
	r.ended = how
	panic(over{})
}

func outcome(f func(t testing.TB)) string {
	r := &recorder{ended: "passed"}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (over{}) {
				panic(p)
			}
		}()
		f(r)
	}()
	return r.ended
}

func load(name string, want int) func(t testing.TB) {
	return func(t testing.TB) { Load[json.RawMessage](t, name, want) }
}

func TestBuiltInSets(t *testing.T) {
	t.Setenv(Env, "")
	for _, c := range []struct {
		name, want string
		run        func(t testing.TB)
	}{
		{"a set", "passed", load("bybit", 5)},
		{"a case too few", "failed", load("bybit", 6)},
		{"a case too many", "failed", load("bybit", 4)},
		{"a set that is not there", "failed", load("nothing", 0)},
		{"a head nobody reads", "failed", load("formats", formatCases)},
		{"a field nobody reads", "failed", func(t testing.TB) {
			Load[struct{ ID, Source string }](t, "bybit", 5)
		}},
		{"examples", "passed", func(t testing.TB) { LoadFormats(t, 2, "closed", "revoked") }},
		{"examples of no kind", "failed", func(t testing.TB) { LoadFormats(t, 0, "nothing") }},
	} {
		if got := outcome(c.run); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	t.Chdir(t.TempDir())
	if got := outcome(load("bybit", 5)); got != "failed" {
		t.Errorf("outside of the source tree: %s, want failed", got)
	}
}

func TestOtherSets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"one": `{"set":"one","cases":[{}]}`, "none": `{"set":"none","cases":[]}`,
		"more": `{"set":"more","cases":[{}]}{}`, "torn": `{"set":"torn","cases":[{}`,
		"formats": `{"set":"formats","cases":[{"id":"x","kind":"check"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	examples := func(kind string) func(testing.TB) {
		return func(t testing.TB) { LoadFormats(t, 9, kind) }
	}
	for _, c := range []struct {
		name, dir, want string
		run             func(t testing.TB)
	}{
		{"any number of cases", dir, "passed", load("one", 9)},
		{"no case", dir, "failed", load("none", 0)},
		{"more than a set", dir, "failed", load("more", 1)},
		{"half a set", dir, "failed", load("torn", 1)},
		{"a set that is not there", dir, "skipped", load("nothing", 1)},
		{"any number of examples", dir, "passed", examples("check")},
		{"examples of other kinds alone", dir, "skipped", examples("audit")},
		{"a directory that is not there", filepath.Join(dir, "nothing"), "failed", load("one", 1)},
	} {
		t.Setenv(Env, c.dir)
		if got := outcome(c.run); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

var reading = regexp.MustCompile(`vectors\.(?:Load\[\w+\]|Read)\(t, "(\w+)"`)

// TestEverySetIsRead: cases that no test runs prove nothing. Nor may this package be part of what
// is shipped.
func TestEverySetIsRead(t *testing.T) {
	read := map[string]bool{"formats": true}
	for _, root := range []string{"../../core", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			text, err := os.ReadFile(path)
			if !strings.HasSuffix(path, "_test.go") {
				if strings.Contains(string(text), `janee/internal/vectors"`) {
					t.Errorf("%s is no test and imports this package", path)
				}
				return err
			}
			for _, m := range reading.FindAllStringSubmatch(string(text), -1) {
				read[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sets, err := filepath.Glob("../../core/testdata/vectors/*.json")
	if err != nil || len(sets) != len(read) {
		t.Errorf("%d sets, %d of them read, %v", len(sets), len(read), err)
	}
	for _, set := range sets {
		if !read[strings.TrimSuffix(filepath.Base(set), ".json")] {
			t.Errorf("no test reads %s", filepath.Base(set))
		}
	}
}
