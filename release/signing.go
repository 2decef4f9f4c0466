package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
)

// signatures signs the programs for macOS with what quill finds in the environment, and has Apple
// notarise them where the environment also holds a key for that. Without it they stay unsigned.
//
// A signature holds the time at which it was made: signed programs differ between two builds, and
// so does all that contains them.
func signatures(r *Release) error {
	if !slices.ContainsFunc(r.Platforms, func(p Platform) bool { return p.OS == "darwin" }) {
		return nil
	}
	command, lacks := signCommand(os.Getenv)
	if lacks != "" {
		fmt.Fprintf(os.Stderr, "  programs for macOS are not %s is not set\n", lacks)
	}
	if command == "" {
		return nil
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

// signCommand is the command of quill for the keys that there are, "" for none, and what is not
// done for want of which key.
func signCommand(getenv func(string) string) (command, lacks string) {
	switch {
	case getenv("QUILL_SIGN_P12") == "":
		return "", "signed: QUILL_SIGN_P12"
	case getenv("QUILL_NOTARY_KEY") == "":
		return "sign", "notarised: QUILL_NOTARY_KEY"
	}
	return "sign-and-notarize", ""
}

func quill(r *Release, args ...string) error {
	cmd := exec.Command("go", append([]string{"-C", "release/quill", "tool", "quill"}, args...)...)
	cmd.Dir = r.Root
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
