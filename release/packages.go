package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// format is a kind of package.
type format struct {
	name        string
	packager    nfpm.Packager
	place       func(Document) string
	description string
}

const description = "Janee keeps your API keys, encrypted, and calls APIs for your AI agents.\n" +
	"It checks each request against your rules, signs it with the real key,\n" +
	"sends it, and records it in an audit log. The agent never sees a key."

// Debian's description begins with the summary, RPM has it in a field of its own.
var formats = []format{
	{"deb", deb.Default, func(d Document) string { return d.Deb }, summary + "\n" + description},
	{"rpm", rpm.DefaultRPM, func(d Document) string { return d.RPM }, description},
}

// packages writes OUT/janee_VERSION_linux_ARCH.deb and .rpm. They run no scripts, and own nothing
// outside /usr: removing them leaves every home as it is.
func packages(r *Release) error {
	for _, p := range r.Platforms {
		if p.OS != "linux" {
			continue
		}
		for _, f := range formats {
			if err := r.pack(p, f); err != nil {
				return fmt.Errorf("%s for %s: %w", f.name, p.Arch, err)
			}
		}
	}
	return nil
}

func (r *Release) pack(p Platform, f format) error {
	dir, err := os.MkdirTemp("", "janee-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	contents, err := r.contents(dir, p, f)
	if err != nil {
		return err
	}
	info := nfpm.WithDefaults(r.packageInfo(p, f, contents))
	var b bytes.Buffer
	if err := f.packager.Package(info, &b); err != nil {
		return err
	}
	return os.WriteFile(r.path(r.name(p)+"."+f.name), b.Bytes(), 0o644)
}

// packageInfo describes the package. nfpm turns what follows the first "-" of a semantic version
// into "~…", which sorts before the release, as in 0.0.0~g0123456789ab.
func (r *Release) packageInfo(p Platform, f format, contents files.Contents) *nfpm.Info {
	return &nfpm.Info{
		Name: "janee", Arch: p.Arch, Platform: "linux", Version: r.Version,
		DisableGlobbing: true,
		Section:         "utils", Priority: "optional", License: "MIT", Homepage: homepage,
		Maintainer:  "The Janee authors <true-and-useful@users.noreply.github.com>",
		Description: f.description,
		MTime:       r.Time,
		Overridables: nfpm.Overridables{
			Contents: contents,
			// what the certificates of APIs are checked with; a minimal system has none
			Recommends: []string{"ca-certificates"},
			RPM: nfpm.RPM{BuildHost: "localhost", // else the name of this machine
				Summary: summary},
		},
	}
}

// contents stages the files of a package in dir, from where nfpm reads them.
func (r *Release) contents(dir string, p Platform, f format) (list files.Contents, err error) {
	add := func(from, to string, mode os.FileMode) {
		list = append(list, &files.Content{Source: from, Destination: to,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode,
				MTime: r.Time}})
	}
	add(r.binary(p), "/usr/bin/janee", 0o755)
	for _, d := range r.Documents {
		to := f.place(d)
		if to == "" {
			continue
		}
		data := d.Data
		if path.Ext(to) == ".gz" {
			if data, err = gzipped(data); err != nil {
				return nil, err
			}
		}
		name := filepath.Join(dir, strings.ReplaceAll(d.Name, "/", "-"))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return nil, err
		}
		add(name, to, 0o644)
	}
	return list, nil
}
