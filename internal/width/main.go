// Command width holds the sources to a width that two windows side by side can show: code to 100
// columns, Markdown to 120. `make check` runs it at the root of the tree; it prints the file, the
// line and the width of each line that is too long, and fails if there is one.
//
// What cannot be broken, or would be worse for it, does not count: see codeLines and proseLines.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: width DIRECTORY") }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	found, err := check(os.DirFS(flag.Arg(0)))
	for _, line := range found {
		fmt.Println(line)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "width:", err)
		os.Exit(1)
	case len(found) > 0:
		fmt.Fprintf(os.Stderr, "width: %d lines are too long\n", len(found))
		os.Exit(1)
	}
}

// skipped are directories that hold no sources of ours: what is built or fetched, and test data,
// whose bytes are given.
var skipped = []string{".git", "bin", "dist", "node_modules", "testdata"}

// check returns a line for each line below root that is too long.
func check(root fs.FS) (found []string, err error) {
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skipped, d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		measure, limit := kindOf(path)
		if measure == nil {
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, l := range measure(path, string(text)) {
			if l.width > limit {
				found = append(found, fmt.Sprintf("%s:%d: %d columns", path, l.number, l.width))
			}
		}
		return nil
	})
	return found, err
}

// kindOf returns how the lines of a file are measured and how wide they may be; nil for a file
// that is not held to a width.
func kindOf(path string) (measure func(path, text string) []line, limit int) {
	switch filepath.Ext(path) {
	case ".go", ".ts", ".mjs", ".sh":
		return codeLines, 100
	case ".md":
		return proseLines, 120
	}
	if filepath.Base(path) == "Makefile" || strings.HasPrefix(path, ".ci/") &&
		filepath.Ext(path) == "" {
		return codeLines, 100
	}
	return nil, 0
}
