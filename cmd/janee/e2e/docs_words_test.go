//go:build !race

package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notEnglish are words of other days, or of other languages. Use these in their place: again, fix,
// is in, matches, is, at that time, return.
var notEnglish = regexp.MustCompile(`(?i)\b(anew|mend(s|ed|ing)?|stands|stood|lies|lay|of then|` +
	`hand(s|ed|ing)? (it |them )?over|(is|are) had|thereof|therein|whatsoever|unasked)\b`)

// TestPagesArePlain holds the sentences of every page to plain words. Code is not looked at.
func TestPagesArePlain(t *testing.T) {
	for page, lines := range markdown(t) {
		for i, line := range sentences(lines) {
			if word := notEnglish.FindString(line); word != "" {
				t.Errorf("%s:%d: %q in %q", page, i+1, word, line)
			}
		}
	}
}

// TestTextsArePlain holds whatever the program may say to the same words: help, hints, errors,
// refusals, and what models read about the tools. Each is a string of more than one word in the
// sources.
func TestTextsArePlain(t *testing.T) {
	texts := 0
	for _, path := range append(goFiles(t, "core"), goFiles(t, "cmd")...) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		stringsOf(t, path, func(line int, text string) {
			texts++
			if word := notEnglish.FindString(text); word != "" {
				t.Errorf("%s:%d: %q in %q", path, line, word, text)
			}
		})
	}
	if texts < 2000 {
		t.Errorf("only %d texts were found", texts)
	}
}

// TestPluginIsPlain holds the plugin to the same words, line by line.
func TestPluginIsPlain(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, "openclaw-plugin", "src", "*.ts"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	paths = append(paths, filepath.Join(root, "openclaw-plugin", "openclaw.plugin.json"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word := notEnglish.FindString(line); word != "" {
				t.Errorf("%s:%d: %q in %q", path, i+1, word, line)
			}
		}
	}
}

// stringsOf calls visit with the strings of a Go file that have a blank in them, and their lines.
func stringsOf(t *testing.T, path string, visit func(line int, text string)) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, document(t, path), 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, is := n.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.TrimSpace(text), " ") {
			visit(set.Position(literal.Pos()).Line, text)
		}
		return true
	})
}
