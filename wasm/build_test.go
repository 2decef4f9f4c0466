//go:build !race

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What an install of the plugin downloads, and what it loads.
const (
	maxGzip = 3_000_000
	maxRaw  = 12_000_000
)

// imported is all that the module may ask of its host, which gives it no file, no network and no
// environment.
var imported = []string{
	"args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get",
	"fd_close", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_prestat_dir_name", "fd_prestat_get",
	"fd_read", "fd_write", "poll_oneoff", "proc_exit", "random_get", "sched_yield",
}

// build compiles the module out of the source tree at root, by the command of the Makefile.
func build(root, out string) ([]byte, error) {
	cmd := exec.Command("make", "--no-print-directory", "wasm", "WASM="+out)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make wasm: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

var module = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "janee-wasm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return build("..", filepath.Join(dir, "janee.wasm"))
})

func mustModule(t testing.TB) []byte {
	t.Helper()
	m, err := module()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBudget(t *testing.T) {
	m := mustModule(t)
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if _, err := z.Write(m); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d by gzip", len(m), packed.Len())
	if len(m) > maxRaw || packed.Len() > maxGzip {
		t.Errorf("the module has %d bytes, %d by gzip; at most %d and %d are wanted", len(m),
			packed.Len(), maxRaw, maxGzip)
	}
}

// TestReproducible builds a copy of the source in another directory.
func TestReproducible(t *testing.T) {
	here, there := mustModule(t), t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "Makefile", "core", "wasm"} {
		if err := copyTree(filepath.Join("..", name), filepath.Join(there, name)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := build(there, filepath.Join(there, "bin", "again.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(here) != sha256.Sum256(again) {
		t.Errorf("two builds differ: %d and %d bytes", len(here), len(again))
	}
	if wd, _ := os.Getwd(); bytes.Contains(again, []byte(there)) ||
		bytes.Contains(here, []byte(wd)) {
		t.Error("the module holds a path of the machine that built it")
	}
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

// TestImports: a room of core that reads a file or a certificate store would show here.
func TestImports(t *testing.T) {
	m := compiled(t)
	var names []string
	for _, f := range m.ImportedFunctions() {
		host, name, _ := f.Import()
		if host != "wasi_snapshot_preview1" {
			t.Errorf("imports %s of %s", name, host)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); !slices.Equal(names, imported) {
		t.Errorf("imports %v\nwant    %v", names, imported)
	}
	if len(m.ImportedMemories()) != 0 {
		t.Error("imports a memory")
	}
	for _, name := range []string{
		"_initialize", "janee_abi", "janee_req", "janee_do", "janee_res", "janee_wipe",
	} {
		if m.ExportedFunctions()[name] == nil {
			t.Errorf("does not export %s", name)
		}
	}
	if n := len(m.ExportedFunctions()); n != 6 {
		t.Errorf("exports %d functions", n)
	}
}
