package legacy

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/internal/vectors"
)

type storeCase struct {
	ID, Source, Note string
	Files            map[string]string
	Want             struct {
		Error   string
		Secrets map[string]map[string]any
	}
}

func TestVectorsJaneeTSStore(t *testing.T) {
	for _, c := range vectors.Load[storeCase](t, "janee_ts_store", 12) {
		t.Run(c.ID, func(t *testing.T) {
			dir := lay(t, c.Files)
			store, err := Read(dir)
			if c.Want.Error != "" {
				wantError(t, c, store, err)
			} else if err != nil {
				t.Fatal(err)
			} else {
				wantSecrets(t, c, store)
			}
			untouched(t, dir, c.Files)
		})
	}
}

// lay writes the files of a home.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func wantError(t *testing.T, c storeCase, store *Store, err error) {
	cause := map[string]error{"decrypt": ErrDecrypt, "key": ErrKey, "parse": ErrParse,
		"missing": ErrMissing}[c.Want.Error]
	if store != nil || err == nil || !errors.Is(err, cause) ||
		!strings.Contains(err.Error(), c.Want.Error) {
		t.Fatalf("%v, want %s", err, c.Want.Error)
	}
	if cause == ErrDecrypt &&
		(!strings.Contains(err.Error(), `service "`) || !strings.Contains(err.Error(), " key ")) {
		t.Errorf("%v: service or field is not named", err)
	}
	for _, text := range c.Files {
		for _, value := range strings.FieldsFunc(text, func(r rune) bool {
			return strings.ContainsRune("\"\n ,", r)
		}) {
			if len(value) >= 20 && !strings.Contains(value, "://") &&
				strings.Contains(err.Error(), value) {
				t.Errorf("the error shows a value of the files: %v", err)
			}
		}
	}
}

func wantSecrets(t *testing.T, c storeCase, store *Store) {
	want := map[string]string{}
	for service, fields := range c.Want.Secrets {
		for field, value := range fields {
			switch value := value.(type) {
			case string:
				want[service+"."+field] = value
			case map[string]any:
				for name, v := range value {
					want[service+"."+field+"."+name] = v.(string)
				}
			}
		}
	}
	got := map[string]string{}
	for _, s := range store.services {
		for path, v := range s.Secrets {
			got[s.Name+"."+path] = v.Reveal()
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d secrets %v, want %d", len(got), slices.Sorted(maps.Keys(got)), len(want))
	}
	if lenient := strings.Contains(c.ID, "lenient"); lenient != (len(store.notes) > 0) {
		t.Errorf("notes %v", store.notes)
	}
}

// untouched: after an importer that changes its source, there is no way back.
func untouched(t *testing.T, dir string, files map[string]string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(files) {
		t.Errorf("%d files, %v", len(entries), err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}
