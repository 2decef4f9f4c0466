package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const sums = "SHA256SUMS"

// checksums lists every other file of the release in OUT/SHA256SUMS, as `sha256sum --check` reads
// it.
func checksums(r *Release) error {
	var list bytes.Buffer
	err := filepath.WalkDir(r.Out, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(r.Out, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(text), filepath.ToSlash(short))
		return nil
	})
	if err != nil {
		return err
	}
	return os.WriteFile(r.path(sums), list.Bytes(), 0o644)
}
