package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// plugin builds the OpenClaw plugin with the version of the release. The sources are copied first:
// a build writes beside them.
func plugin(r *Release) error {
	stage, err := os.MkdirTemp("", "janee-openclaw-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := r.stagePlugin(stage); err != nil {
		return err
	}
	wasm := filepath.Join(stage, "janee.wasm")
	for _, command := range [][]string{
		{"make", "--no-print-directory", "-C", r.Root, "wasm", "WASM=" + wasm},
		{"npm", "ci", "--silent", "--no-audit", "--no-fund"},
		{"npm", "run", "--silent", "build", "--", wasm},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir, cmd.Env, cmd.Stderr = stage, goEnv(), os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("running %q: %w", command, err)
		}
	}
	files, err := packed(stage)
	if err != nil {
		return err
	}
	return r.npmTarball("janee-openclaw", files)
}

// stagePlugin copies what a build of the plugin reads.
func (r *Release) stagePlugin(stage string) error {
	source := os.DirFS(filepath.Join(r.Root, "openclaw-plugin"))
	for _, name := range []string{".npmrc", "README.md", "package-lock.json", "tsconfig.json",
		"tsconfig.build.json", "scripts", "skills", "src"} {
		part, err := copyOf(source, name)
		if err != nil {
			return err
		}
		if err := place(stage, part); err != nil {
			return err
		}
	}
	if err := place(stage, r.named(noticesName)); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "openclaw.plugin.json"} {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		if text, err = withVersion(text, r.Version); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := place(stage, []File{{name, 0o644, text}}); err != nil {
			return err
		}
	}
	return nil
}

var versionLine = regexp.MustCompile(`(?m)^  "version": "[^"]*"`)

// withVersion changes the version in a JSON object that is indented by two spaces.
func withVersion(text []byte, version string) ([]byte, error) {
	if n := len(versionLine.FindAll(text, -1)); n != 1 {
		return nil, fmt.Errorf("%d lines with a version, not one", n)
	}
	return versionLine.ReplaceAll(text, []byte(`  "version": "`+version+`"`)), nil
}

// packed is what npm would pack of a directory: the files that package.json lists, and itself.
func packed(dir string) ([]File, error) {
	source := os.DirFS(dir)
	text, err := fs.ReadFile(source, "package.json")
	if err != nil {
		return nil, err
	}
	var m struct{ Files []string }
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	var files []File
	for _, name := range append([]string{"package.json"}, m.Files...) {
		part, err := copyOf(source, name)
		if err != nil {
			return nil, err
		}
		files = append(files, part...)
	}
	return files, nil
}

// copyOf reads a file, or all files of a directory in order.
func copyOf(source fs.FS, name string) (files []File, err error) {
	err = fs.WalkDir(source, name, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(source, name)
		files = append(files, File{name, 0o644, text})
		return err
	})
	return files, err
}

// place writes files below dir.
func place(dir string, files []File) error {
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, f.Mode); err != nil {
			return err
		}
	}
	return nil
}
