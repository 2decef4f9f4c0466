package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// manPages has one page for each command written.
func (r *Release) manPages() error {
	dir, err := os.MkdirTemp("", "janee-man-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "run", "./cmd/janee/internal/manpages", "-version", r.Version,
		"-date", r.Time.UTC().Format(time.DateOnly), dir)
	cmd.Dir, cmd.Env, cmd.Stderr = r.Root, goEnv(), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("writing man pages: %w", err)
	}
	pages, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(dir, page.Name()))
		if err != nil {
			return err
		}
		system := "/usr/share/man/man1/" + page.Name() + ".gz"
		r.Documents = append(r.Documents, Document{"man/" + page.Name(), system, system, text})
	}
	return nil
}
