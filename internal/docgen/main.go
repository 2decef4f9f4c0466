// Command docgen writes the documents of config.yaml from one table of its keys: the tables of
// docs/configuration.md, and docs/config.schema.json for editors. It also writes the install links
// of docs/clients.md. Run it at the root of the tree after a change of the table, of an auth type,
// of a default or of the version that links install:
//
//	go run ./internal/docgen
//
// A test fails while a document says something else than the table, and while the table lacks a key
// that package config reads, or has one that it does not read.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	for _, d := range documents {
		if err := d.write("docs"); err != nil {
			fmt.Fprintln(os.Stderr, "docgen:", err)
			os.Exit(1)
		}
	}
}

// document is one generated file. make returns its new text, given the old one.
type document struct {
	name string
	make func(old []byte) ([]byte, error)
}

var documents = []document{
	{"config.schema.json", func([]byte) ([]byte, error) { return Schema(), nil }},
	{"configuration.md", withTables},
	{"clients.md", withLinks},
}

func (d document) write(dir string) error {
	path := filepath.Join(dir, d.name)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := d.make(old)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, text, 0o644)
}

// withTables puts the tables between the two comments that mark their place.
func withTables(old []byte) ([]byte, error) {
	return between(old, "<!-- generated: keys -->\n", keyTables())
}

// between replaces what is between the comment begin and the next end comment.
func between(old []byte, begin, text string) ([]byte, error) {
	const end = "<!-- end -->"
	before, rest, found := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		return nil, fmt.Errorf("no %q followed by %q", begin, end)
	}
	return slices.Concat(before, []byte(begin+text+end), after), nil
}
