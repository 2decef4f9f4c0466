package main

import (
	"bytes"
	"debug/macho"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program builds a small program for macOS.
func program(t *testing.T, arch string) []byte {
	t.Helper()
	dir := t.TempDir()
	source, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "out")
	if err := os.WriteFile(source, []byte("package main\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", out, source)
	cmd.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestUniversalHoldsBothPrograms(t *testing.T) {
	intel, apple := program(t, "amd64"), program(t, "arm64")
	joined, err := universal(intel, apple)
	if err != nil {
		t.Fatal(err)
	}
	fat, err := macho.NewFatFile(bytes.NewReader(joined))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		cpu  macho.Cpu
		text []byte
	}{{macho.CpuAmd64, intel}, {macho.CpuArm64, apple}}
	if len(fat.Arches) != len(want) {
		t.Fatalf("%d programs", len(fat.Arches))
	}
	for i, a := range fat.Arches {
		got, err := io.ReadAll(io.NewSectionReader(bytes.NewReader(joined),
			int64(a.Offset), int64(a.Size)))
		if err != nil || a.Cpu != want[i].cpu || !bytes.Equal(got, want[i].text) {
			t.Errorf("program %d: for %v, %d bytes, %v", i, a.Cpu, len(got), err)
		}
		if a.Offset%(1<<a.Align) != 0 {
			t.Errorf("program %d begins at %d", i, a.Offset)
		}
	}
}

func TestUniversalWantsMachO(t *testing.T) {
	if _, err := universal([]byte("#!/bin/sh\n")); err == nil {
		t.Error("a script was joined")
	}
}
