// Command release builds a release of Janee into a directory: binaries, archives, packages of
// several kinds, and the list of their checksums. `make release` calls it. The same commit and Go
// version give the same bytes in any directory and at any time.
//
// Each kind of artefact is a part, with a file of its own. A part reads what the parts before it
// wrote, and writes files below Release.Out.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Release is what is built, and where.
type Release struct {
	Version   string    // without "v", a semantic version
	Commit    string    // 40 hexadecimal digits
	Time      time.Time // of the commit: the time of every file
	Root      string    // of the sources, absolute
	Out       string    // where everything goes, absolute
	Platforms []Platform
	Documents []Document // that go with the program
}

var parts = []struct {
	name  string
	build func(*Release) error
}{
	{"binaries", binaries},
	{"signatures", signatures},
	{"documents", documents},
	{"archives", archives},
	{"npm packages", npmPackages},
	{"OpenClaw plugin", plugin},
	{"MCP bundles", mcpBundles},
	{"deb and rpm", packages},
	{"image", image},
	{"SBOM", sbom},
	{"Homebrew formula", formula},
	{"MCP registry", registryEntry},
	{"checksums", checksums},
}

func main() {
	r := new(Release)
	platforms := flag.String("platforms", allPlatforms, "OS/ARCH of the binaries, by commas")
	at := flag.String("time", "", "time of the commit (RFC 3339)")
	flag.StringVar(&r.Version, "version", "", "semantic version")
	flag.StringVar(&r.Commit, "commit", "", "hash of the commit")
	flag.StringVar(&r.Root, "root", "..", "directory of the sources")
	flag.StringVar(&r.Out, "out", "../dist", "directory to build into; it is emptied first")
	flag.Parse()
	if err := run(r, *platforms, *at); err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

func run(r *Release, platforms, at string) error {
	if err := r.settle(platforms, at); err != nil {
		return err
	}
	if err := os.RemoveAll(r.Out); err != nil {
		return err
	}
	for _, p := range parts {
		fmt.Fprintf(os.Stderr, "%s\n", p.name)
		if err := p.build(r); err != nil {
			return fmt.Errorf("building %s: %w", p.name, err)
		}
	}
	return nil
}

// Without build metadata ("+…"), which tags of images cannot have.
var (
	isVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	isCommit  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// settle checks what is to be built before anything is removed.
func (r *Release) settle(platforms, at string) (err error) {
	if !isVersion.MatchString(r.Version) {
		return fmt.Errorf("version %q is not a semantic version such as 1.2.3", r.Version)
	}
	if !isCommit.MatchString(r.Commit) {
		return fmt.Errorf("commit %q is not 40 hexadecimal digits: build from a git checkout",
			r.Commit)
	}
	if r.Time, err = time.Parse(time.RFC3339, at); err != nil {
		return fmt.Errorf("-time: %w", err)
	}
	if r.Platforms, err = parsePlatforms(platforms); err != nil {
		return err
	}
	for _, dir := range []*string{&r.Root, &r.Out} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	if below, err := filepath.Rel(r.Out, r.Root); err == nil && filepath.IsLocal(below) {
		return fmt.Errorf("%q is emptied first, and contains the sources", r.Out)
	}
	return nil
}

// path is a file of the release.
func (r *Release) path(names ...string) string {
	return filepath.Join(append([]string{r.Out}, names...)...)
}

// name is the first part of the names of a platform's files.
func (r *Release) name(p Platform) string {
	return strings.Join([]string{"janee", r.Version, p.OS, p.Arch}, "_")
}
