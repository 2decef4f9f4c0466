// Package vectors reads the sets of cases in core/testdata/vectors for tests, or those in the
// directory that JANEE_VECTORS names. Use Load for a set of cases, LoadFormats for the kinds of
// formats.json that one package writes, and Read with Count where a set has a head of its own. It
// is for tests alone: it reads files and the environment, which core may not, and nothing that is
// built into janee imports it.
package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Env names the variable that holds the directory of other sets.
const Env = "JANEE_VECTORS"

// BuiltIn reports whether the sets are those of the source tree: only of them is it known how many
// cases there are.
func BuiltIn() bool { return os.Getenv(Env) == "" }

// File is a set that has nothing but cases.
type File[C any] struct {
	Set, About string
	Cases      []C
}

// Load returns the cases of NAME.json, of which the built-in set holds want. It ends the test as
// Read does.
func Load[C any](t testing.TB, name string, want int) []C {
	t.Helper()
	var f File[C]
	Read(t, name, &f)
	Count(t, name, len(f.Cases), want)
	return f.Cases
}

// Read decodes NAME.json as Strict does. A built-in set that cannot be read fails the test; one
// that JANEE_VECTORS does not hold skips it.
func Read(t testing.TB, name string, into any) {
	t.Helper()
	dir, err := directory()
	if err != nil {
		t.Fatalf("finding the vectors: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if !BuiltIn() && errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s holds no %s.json", Env, name)
	}
	if err != nil {
		t.Fatalf("reading vectors: %v", err)
	}
	if err := decode(data, into); err != nil {
		t.Fatalf("reading %s.json: %v", name, err)
	}
}

// Count logs how many cases are run, and fails the test where there are none, or another number of
// built-in ones than want.
func Count(t testing.TB, name string, got, want int) {
	t.Helper()
	t.Logf("%s: %d cases", name, got)
	if got == 0 || BuiltIn() && got != want {
		t.Errorf("%s: %d cases, want %d", name, got, want)
	}
}

// Strict decodes one JSON value. A field that into does not have ends the test: what no test reads,
// none checks.
func Strict(t testing.TB, data []byte, into any) {
	t.Helper()
	if err := decode(data, into); err != nil {
		t.Fatal(err)
	}
}

func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// directory finds the built-in sets from where go runs the test, the folder of its package: a path
// noted at compile time is lost with -trimpath.
func directory() (string, error) {
	if dir := os.Getenv(Env); dir != "" {
		// Without this a mistyped directory would skip every test.
		_, err := os.ReadDir(dir)
		return dir, err
	}
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for up := at; ; up = filepath.Dir(up) {
		dir := filepath.Join(up, "core", "testdata", "vectors")
		if _, err := os.Stat(dir); err == nil {
			return dir, nil
		}
		if up == filepath.Dir(up) {
			return "", fmt.Errorf("no folder above %q is the source tree", at)
		}
	}
}
