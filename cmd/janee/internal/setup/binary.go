package setup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// Command returns the path of this program for an entry. Where janee on PATH leads to it, that is
// the path: a package manager keeps it when it puts another version behind it.
func Command(m clients.Machine, executable string) string {
	onPath, err := m.LookPath("janee")
	if err != nil || !filepath.IsAbs(onPath) || !sameFile(onPath, executable) {
		return executable
	}
	return onPath
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// Passing reports whether a program is where it will be removed at some time: in the cache of a
// package runner or of `go run`, or in the store of pnpm, where each version has a directory of its
// own, also if pnpm installed it globally.
func Passing(executable string) bool {
	return Runner(executable) != nil || slices.ContainsFunc(parts(executable),
		func(part string) bool { return part == ".pnpm" || strings.HasPrefix(part, "go-build") })
}

// Package is what npm calls Janee.
const Package = "@true-and-useful/janee"

// Runner returns the words before the name of a package with which the package runner is called
// that has a program in its cache (npx, pnpm dlx, bunx), or nil.
func Runner(executable string) []string {
	for _, part := range parts(executable) {
		switch {
		case part == "_npx":
			return []string{"npx", "-y"}
		case part == "dlx" || strings.HasPrefix(part, "dlx-"):
			return []string{"pnpm", "dlx"}
		case strings.HasPrefix(part, "bunx-"):
			return []string{"bunx"}
		}
	}
	return nil
}

func parts(path string) []string { return strings.Split(filepath.ToSlash(path), "/") }

// CopyPath returns where a program is kept that a package runner has started:
// ~/.local/share/janee/bin, or below $XDG_DATA_HOME if that is set, or %LOCALAPPDATA%\janee\bin.
func CopyPath(m clients.Machine) (string, error) {
	base, name := m.Getenv("XDG_DATA_HOME"), "janee"
	if m.OS == "windows" {
		base, name = m.Getenv("LOCALAPPDATA"), "janee.exe"
	}
	if base == "" || !filepath.IsAbs(base) {
		if m.Home == "" {
			return "", errors.New("copying this program: there is no home directory")
		}
		base = filepath.Join(m.Home, ".local", "share")
	}
	return filepath.Join(base, "janee", "bin", name), nil
}

// Copy copies this program to a path, in place of an older one that may be running.
func Copy(executable, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	in, err := os.Open(executable)
	if err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	defer in.Close()
	out, err := os.CreateTemp(dir, ".janee-")
	if err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(0o755), out.Sync(), out.Close())
	if err == nil {
		err = replaceProgram(out.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("copying this program: %w", errors.Join(err, os.Remove(out.Name())))
	}
	return home.SyncDir(dir)
}

// replaceProgram renames a file over a program. Windows lets nobody replace a program that runs,
// but it may be renamed.
func replaceProgram(from, path string) error {
	err := os.Rename(from, path)
	if err == nil || runtime.GOOS != "windows" {
		return err
	}
	if err := os.Rename(path, path+".old"); err != nil {
		return err
	}
	return os.Rename(from, path)
}
