package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// beside is what every archive has beside the program.
var beside = []string{"LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY_NOTICES",
	"completions/janee.bash", "completions/_janee", "completions/janee.fish",
	"completions/janee.ps1", "man/janee.1", "man/janee-serve.1"}

func TestArchives(t *testing.T) {
	r := built(t)
	r.on(t, "linux darwin", func(t *testing.T, p Platform) {
		f, err := os.Open(r.path(r.name(p) + ".tar.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		found := r.entries(t, z)
		program := r.name(p) + "/janee"
		rooted(t, found, program)
		if !bytes.Equal(found[program].data, read(t, r.binary(p))) {
			t.Error("the program is not the one beside the archive")
		}
		for _, name := range beside {
			if len(found[r.name(p)+"/"+name].data) == 0 {
				t.Errorf("no %s", name)
			}
		}
	})
}

func TestZipArchives(t *testing.T) {
	r := built(t)
	r.on(t, "windows", func(t *testing.T, p Platform) {
		z, err := zip.OpenReader(r.path(r.name(p) + ".zip"))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, name := range append([]string{"janee.exe"}, beside...) {
			i := slices.IndexFunc(z.File, func(f *zip.File) bool {
				return f.Name == r.name(p)+"/"+name
			})
			if i < 0 {
				t.Errorf("no %s", name)
			} else if !z.File[i].Modified.Equal(r.Time) {
				t.Errorf("%s is of %v", name, z.File[i].Modified)
			}
		}
		f, err := z.Open(r.name(p) + "/janee.exe")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(f); err != nil || !bytes.Equal(text, read(t, r.binary(p))) {
			t.Errorf("the program is not the one beside the archive (%v)", err)
		}
	})
}

// A list that forgot a file would not show that somebody changed it.
func TestChecksumsCoverEveryFile(t *testing.T) {
	r := built(t)
	check := exec.Command("sha256sum", "--check", "--strict", "--quiet", sums)
	check.Dir = r.Out
	if text, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	var listed []string
	for line := range strings.Lines(string(read(t, r.path(sums)))) {
		listed = append(listed, "./"+strings.TrimSpace(line[66:]))
	}
	find := exec.Command("find", ".", "-type", "f")
	find.Dir = r.Out
	text, err := find.Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(text)) {
		if name != "./"+sums && !slices.Contains(listed, name) {
			t.Errorf("%s is not in %s", name, sums)
		}
	}
}
