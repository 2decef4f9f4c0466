package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// Document is a text that goes with the program.
type Document struct {
	Name string // in archives, with slashes
	Deb  string // where a Debian package installs it, compressed if it ends in .gz; "" for nowhere
	RPM  string // where an RPM package does
	Data []byte
}

// of the repository: where each is in archives and packages
var texts = []Document{
	{Name: "LICENSE", Deb: "/usr/share/doc/janee/copyright",
		RPM: "/usr/share/licenses/janee/LICENSE"},
	{Name: "README.md", Deb: "/usr/share/doc/janee/README.md",
		RPM: "/usr/share/doc/janee/README.md"},
	{Name: "CHANGELOG.md", Deb: "/usr/share/doc/janee/CHANGELOG.md.gz",
		RPM: "/usr/share/doc/janee/CHANGELOG.md"},
}

// completions are by shell: where Debian's and Fedora's packages of the shells look for them.
var completions = []struct {
	shell string
	Document
}{
	{"bash", Document{Name: "completions/janee.bash",
		Deb: "/usr/share/bash-completion/completions/janee",
		RPM: "/usr/share/bash-completion/completions/janee"}},
	{"zsh", Document{Name: "completions/_janee",
		Deb: "/usr/share/zsh/vendor-completions/_janee",
		RPM: "/usr/share/zsh/site-functions/_janee"}},
	{"fish", Document{Name: "completions/janee.fish",
		Deb: "/usr/share/fish/vendor_completions.d/janee.fish",
		RPM: "/usr/share/fish/vendor_completions.d/janee.fish"}},
	{"powershell", Document{Name: "completions/janee.ps1"}},
}

// documents gathers what goes with the program: texts, licences, completions and man pages.
func documents(r *Release) error {
	for _, d := range texts {
		var err error
		if d.Data, err = os.ReadFile(filepath.Join(r.Root, d.Name)); err != nil {
			return err
		}
		d.Data = r.withLinks(d.Data)
		r.Documents = append(r.Documents, d)
	}
	notices, err := r.notices()
	if err != nil {
		return err
	}
	r.Documents = append(r.Documents, notices)
	if err := r.completions(); err != nil {
		return err
	}
	return r.manPages()
}

// noticesName is the document with the licences of all that the program contains.
const noticesName = "THIRD_PARTY_NOTICES"

// named returns documents by name, as files for where the others do not go.
func (r *Release) named(names ...string) (files []File) {
	for _, d := range r.Documents {
		if slices.Contains(names, d.Name) {
			files = append(files, File{d.Name, 0o644, d.Data})
		}
	}
	return files
}

var relativeLink = regexp.MustCompile(`\]\(([\w./-]+(?:#[\w-]+)?)\)`)

// withLinks has the links of a text of the repository lead to that commit: the other texts do not
// go with the program.
func (r *Release) withLinks(text []byte) []byte {
	return relativeLink.ReplaceAll(text, []byte("]("+homepage+"/blob/"+r.Commit+"/${1})"))
}

// completions asks the program itself for its completions.
func (r *Release) completions() error {
	dir, err := os.MkdirTemp("", "janee-host-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	janee, err := r.host(dir)
	if err != nil {
		return err
	}
	for _, c := range completions {
		cmd := exec.Command(janee, "completion", c.shell)
		cmd.Env = []string{}
		if c.Data, err = cmd.Output(); err != nil {
			return fmt.Errorf("asking for the completions of %s: %w", c.shell, err)
		}
		r.Documents = append(r.Documents, c.Document)
	}
	return nil
}

// host is a program that runs on this machine: that of the release, else one that is built in dir.
func (r *Release) host(dir string) (string, error) {
	here := Platform{runtime.GOOS, runtime.GOARCH}
	if slices.Contains(r.Platforms, here) {
		return r.binary(here), nil
	}
	name := filepath.Join(dir, here.Program())
	return name, r.compile(here, name)
}
