package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// packaged is the version as packages have it: what comes before a release sorts before it.
func (r *Release) packaged() string { return strings.Replace(r.Version, "-", "~", 1) }

func TestDeb(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		name := r.path(r.name(p) + ".deb")
		for field, want := range map[string]string{"Package": "janee", "Version": r.packaged(),
			"Architecture": p.Arch, "Section": "utils", "Homepage": homepage, "Depends": "",
			"Recommends": "ca-certificates"} {
			got := strings.TrimSpace(output(t, "dpkg-deb", "--field", name, field))
			if got != want {
				t.Errorf("%s is %q, not %q", field, got, want)
			}
		}
		for file := range r.entries(t, strings.NewReader(
			output(t, "dpkg-deb", "--ctrl-tarfile", name))) {
			if !slices.Contains([]string{"control", "md5sums"}, file) {
				t.Errorf("it has %s: it should run nothing", file)
			}
		}
		found := r.entries(t, strings.NewReader(output(t, "dpkg-deb", "--fsys-tarfile", name)))
		rooted(t, found, "usr/bin/janee")
		for file := range found {
			if !strings.HasPrefix(file, "usr/") {
				t.Errorf("it has %s, outside /usr", file)
			}
		}
		if !bytes.Equal(found["usr/bin/janee"].data, read(t, r.binary(p))) {
			t.Error("the program is not the one beside the package")
		}
		if !bytes.Equal(found["usr/share/doc/janee/copyright"].data, read(t, "../LICENSE")) {
			t.Error("copyright is not LICENSE")
		}
	})
}

// lintian knows Debian's rules. That the program is static is meant; a changelog in Debian's format
// is for packages of Debian itself.
func TestDebFollowsDebiansRules(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		text := output(t, "lintian", "--allow-root", "--fail-on", "none",
			"--suppress-tags", "statically-linked-binary,no-changelog",
			r.path(r.name(p)+".deb"))
		if text != "" {
			t.Error(text)
		}
	})
}

func TestRPM(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		name := r.path(r.name(p) + ".rpm")
		arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[p.Arch]
		about := output(t, "rpm", "-qp", "--qf",
			"%{NAME} %{VERSION} %{ARCH} %{LICENSE} %{URL} %{BUILDHOST} [%{RECOMMENDS}]", name)
		want := "janee " + r.packaged() + " " + arch + " MIT " + homepage +
			" localhost ca-certificates"
		if about != want {
			t.Errorf("it says %q, not %q", about, want)
		}
		if scripts := output(t, "rpm", "-qp", "--scripts", "--triggers", name); scripts != "" {
			t.Errorf("it should run nothing: %s", scripts)
		}
		files := output(t, "rpm", "-qp", "--qf",
			"[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME}\n]", name)
		for line := range strings.Lines(files) {
			mode := " 100644"
			if strings.HasPrefix(line, "/usr/bin/janee ") {
				mode = " 100755"
			}
			if !strings.HasPrefix(line, "/usr/") || !strings.Contains(line, mode+" root root") {
				t.Errorf("unexpected file: %s", line)
			}
		}
		output(t, "rpm", "--checksig", "--nosignature", name)
	})
}
