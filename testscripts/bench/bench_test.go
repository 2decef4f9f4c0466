//go:build !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the API as well, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "api" {
		if serveAPI() != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestOneIteration keeps the program from going stale. It holds no figure to anything.
func TestOneIteration(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	t.Chdir("../..")
	dir := t.TempDir()
	o := options{
		janee:        filepath.Join(dir, "janee"),
		dir:          dir,
		rounds:       1,
		starts:       1,
		endurance:    64,
		each:         50 * time.Millisecond,
		sessions:     10,
		capabilities: 10,
		logMB:        2,
	}
	if out, err := exec.Command("go", "build", "-o", o.janee,
		"./cmd/janee").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if os.Getenv("JANEE_BENCH_PLUGIN") != "" { // where it is built: make plugin-test
		o.plugin, o.node, o.module = abs(t, "openclaw-plugin/dist/index.js"), abs(t,
			"openclaw-plugin/node_modules/.bin/node"), abs(t, "bin/janee.wasm")
	}
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	text := r.markdown()
	for _, row := range []string{
		"| direct | 1 ", "| stdio  | 32 ", "| http   | 32 ", "| small ", "cold start", "fdatasync",
		"HTTP, 32 outstanding",
	} {
		if !strings.Contains(text, row) {
			t.Errorf("no %q in\n%s", row, text)
		}
	}
	for _, s := range r.Calls {
		if f := s.Rounds[0]; f.Rate <= 0 || f.P50 <= 0 || f.P99 < f.P50 {
			t.Errorf("%s, %d outstanding, %s: %+v", s.Way, s.Outstanding, s.Size, f)
		}
	}
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
