package main

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestProgramsSayWhatTheyAre(t *testing.T) {
	r := built(t)
	here := Platform{runtime.GOOS, runtime.GOARCH}
	if !slices.Contains(r.Platforms, here) {
		t.Skip("the release has no program that runs here")
	}
	cmd := exec.Command(r.binary(here), "version", "--json")
	cmd.Env = []string{}
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Version, Commit, Time string }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if at := r.Time.UTC().Format(time.RFC3339); got.Version != r.Version ||
		got.Commit != r.Commit || got.Time != at {
		t.Errorf("it says %s, not version %s, commit %s, time %s", text, r.Version, r.Commit, at)
	}
}

func TestProgramsAreForTheirPlatforms(t *testing.T) {
	r := built(t)
	r.on(t, "linux darwin windows", func(t *testing.T, p Platform) {
		info, err := buildinfo.ReadFile(r.binary(p))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"GOOS=" + p.OS, "GOARCH=" + p.Arch, "CGO_ENABLED=0",
			"-trimpath=true"} {
			if !strings.Contains(info.String(), "build\t"+want) {
				t.Errorf("it was not built with %s:\n%s", want, info)
			}
		}
	})
}

// A static program asks for no loader, and so runs where there is no libc, or another one.
func TestLinuxProgramsAreStatic(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		f, err := elf.Open(r.binary(p))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, s := range f.Progs {
			if s.Type == elf.PT_INTERP || s.Type == elf.PT_DYNAMIC {
				t.Errorf("it has a segment %v", s.Type)
			}
		}
	})
}
