//go:build !race

package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributingRunsRealTests looks for what the commands of docs/contributing.md name: targets
// of the Makefile, packages, and the tests in them.
func TestContributingRunsRealTests(t *testing.T) {
	commands := regexp.MustCompile("`(go|make|node|\\S+/node) ([^`]+)`").
		FindAllStringSubmatch(document(t, "docs/contributing.md"), -1)
	makefile := document(t, "Makefile")
	for _, m := range commands {
		switch m[1] {
		case "make":
			if !strings.Contains(makefile, "\n"+m[2]+":") {
				t.Errorf("make %s: there is no such target", m[2])
			}
		case "go":
			goNamesReal(t, m[2])
		default:
			nodeNamesReal(t, m[2])
		}
	}
	if len(commands) < 25 {
		t.Errorf("only %d commands", len(commands))
	}
}

var testName = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)\w+)(?:/(\w+))?`)

// goNamesReal looks for the packages that the arguments of go name, and for the tests in them.
func goNamesReal(t *testing.T, arguments string) {
	folder, sources := root, ""
	words := strings.Fields(arguments)
	if words[0] == "-C" {
		folder = filepath.Join(root, words[1])
	}
	for _, word := range words {
		if word != "." && !strings.HasPrefix(word, "./") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(folder, word, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("go %s: there is no package %s", arguments, word)
		}
		for _, file := range files {
			sources += document(t, strings.TrimPrefix(file, root))
		}
	}
	for _, m := range testName.FindAllStringSubmatch(arguments, -1) {
		if !strings.Contains(sources, "\nfunc "+m[1]+"(") {
			t.Errorf("go %s: there is no %s", arguments, m[1])
		}
		if story := m[2]; story != "" {
			document(t, "testscripts/"+story+".txtar")
		}
	}
}

// nodeNamesReal looks for the file, or the one test of a file, that the arguments of node name.
func nodeNamesReal(t *testing.T, arguments string) {
	m := regexp.MustCompile(`^--test (?:--test-name-pattern='(.+)' )?(\S+\.test\.m?[jt]s)$`).
		FindStringSubmatch(arguments)
	if m == nil {
		t.Errorf("node %s: it cannot be read", arguments)
		return
	}
	text, title := document(t, m[2]), regexp.MustCompile(`\ntest\(["'](.*)["'],`)
	if m[1] == "" {
		return
	}
	for _, found := range title.FindAllStringSubmatch(text, -1) {
		if strings.Contains(found[1], m[1]) {
			return
		}
	}
	t.Errorf("node %s: there is no such test", arguments)
}
