package auditlog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// TestVerifyForeignLines puts lines into a log that are good lines elsewhere, and files that are
// good files elsewhere or were good before.
func TestVerifyForeignLines(t *testing.T) {
	h := newHome(t)
	a := open(t, h, Options{})
	must(t, a.Append(some(3), true))
	old, err := os.ReadFile(paths(t, h)[0])
	must(t, err)
	must(t, a.Append(some(3), true))
	must(t, a.Close())
	first := paths(t, h)[0]
	must(t, open(t, h, Options{}).Append(some(2), true)) // attests the chain of a
	var second string
	for _, path := range paths(t, h) {
		if path != first {
			second = path
		}
	}
	verified(t, h)

	writer := strings.Split(filepath.Base(first), ".")[1]
	elsewhere := vault.New(vault.NewRoot([32]byte{1, 2, 3}), "another vault of the same key")
	foreign := audit.NewChain(elsewhere.Key("audit/"+writer), writer)
	lineOf := func(path string, n int) []byte {
		return bytes.SplitAfter(read(t, path), []byte("\n"))[n]
	}
	for name, c := range map[string]struct {
		path string
		text []byte
		want string
	}{
		"a line of another home": {first,
			append(read(t, first), foreign.Next(some(1)[0])...), "edited"},
		"a line of another chain": {first, append(read(t, first), lineOf(second, 2)...), "edited"},
		"a line of the chain once more": {first,
			append(read(t, first), lineOf(first, 2)...), "duplicate"},
		"an older copy of the file": {first, old, "truncated"},
		"an older copy, torn":       {first, old[:len(old)-9], "truncated"},
		"another chain's file":      {first, read(t, second), "edited edited edited truncated"},
		"a file of nothing":         {first, nil, "truncated"},
		"a file that is not of lines": {first, []byte("\n\n\xff\x00\n"),
			"edited edited edited truncated"},
		"the first line in front of all": {first,
			append(lineOf(first, 0), read(t, first)...), "duplicate"},
	} {
		whole := read(t, c.path)
		must(t, os.WriteFile(c.path, c.text, 0o600))
		if got := kinds(t, h); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		must(t, os.WriteFile(c.path, whole, 0o600))
	}
	verified(t, h)
}

// TestVerifyExchangedFiles gives two chains each other's names.
func TestVerifyExchangedFiles(t *testing.T) {
	h := newHome(t)
	for range 2 {
		l := open(t, h, Options{})
		must(t, l.Append(some(2), true))
		must(t, l.Close())
	}
	p := paths(t, h)
	a, b := read(t, p[0]), read(t, p[1])
	must(t, os.WriteFile(p[0], b, 0o600))
	must(t, os.WriteFile(p[1], a, 0o600))
	if got := kinds(t, h); strings.Count(got, "edited") != 6 {
		t.Errorf("found %q", got)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}
