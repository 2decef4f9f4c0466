package main

import (
	"fmt"
	"os"
	"os/exec"
)

// signatures signs the programs for macOS with what quill finds in the environment, and has Apple
// notarise them where the environment also holds a key for that. Without it they stay unsigned.
//
// A signature holds the time at which it was made: signed programs differ between two builds, and
// so does all that contains them.
func signatures(r *Release) error {
	command := "sign-and-notarize"
	switch {
	case os.Getenv("QUILL_SIGN_P12") == "":
		note("programs for macOS are not signed: QUILL_SIGN_P12 is not set")
		return nil
	case os.Getenv("QUILL_NOTARY_KEY") == "":
		note("programs for macOS are not notarised: QUILL_NOTARY_KEY is not set")
		command = "sign"
	}
	for _, p := range r.Platforms {
		if p.OS == "darwin" {
			if err := quill(r, command, r.binary(p)); err != nil {
				return fmt.Errorf("signing for %s/%s: %w", p.OS, p.Arch, err)
			}
		}
	}
	return nil
}

func note(text string) { fmt.Fprintf(os.Stderr, "  %s\n", text) }

func quill(r *Release, args ...string) error {
	cmd := exec.Command("go", append([]string{"-C", "release/quill", "tool", "quill"}, args...)...)
	cmd.Dir = r.Root
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
