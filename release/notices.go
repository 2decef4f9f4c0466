package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// isLicence accepts the names under which Go modules have their licences and notices.
var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

// notices is a text with the licences of all modules in the programs, and of Go: they ask to be
// passed on with binaries.
func (r *Release) notices() (Document, error) {
	modules, version, err := r.modules()
	if err != nil {
		return Document{}, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "Janee contains Go and these modules, under the licences below.\n")
	root, err := r.goSays("env", "GOROOT")
	if err != nil {
		return Document{}, err
	}
	if err := addLicences(&text, "Go "+version, root); err != nil {
		return Document{}, err
	}
	for _, m := range modules {
		dir, err := r.goSays("list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return Document{}, err
		}
		if err := addLicences(&text, m.Path+" "+m.Version, dir); err != nil {
			return Document{}, err
		}
	}
	return Document{noticesName, "/usr/share/doc/janee/THIRD_PARTY_NOTICES.gz",
		"/usr/share/licenses/janee/THIRD_PARTY_NOTICES", text.Bytes()}, nil
}

func (r *Release) goSays(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = r.Root, goEnv(), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(text)), nil
}

// addLicences adds what is in the first directory of a module. A module without a licence may not
// be passed on at all.
func addLicences(text *bytes.Buffer, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !isLicence.MatchString(e.Name()) {
			continue
		}
		found = true
		licence, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "\n%s\n%s, %s\n\n%s\n", strings.Repeat("-", 78), name, e.Name(),
			strings.TrimSpace(string(bytes.ReplaceAll(licence, []byte("\r\n"), []byte("\n")))))
	}
	if !found {
		return errors.New("no licence in " + name)
	}
	return nil
}
