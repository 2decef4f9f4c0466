//go:build !race

package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/sign"
)

func document(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// goFiles lists the Go files below a folder of the project, as paths from its root.
func goFiles(t *testing.T, folder string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, folder),
		func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
				return filepath.SkipDir
			case strings.HasSuffix(path, ".go"):
				path, err = filepath.Rel(root, path)
				paths = append(paths, path)
			}
			return err
		})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestDocsNameRealTests looks for every test and story that a document calls as a witness.
func TestDocsNameRealTests(t *testing.T) {
	tests := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, path := range goFiles(t, ".") {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, found := range function.FindAllStringSubmatch(document(t, path), -1) {
			tests[found[1]] = true
		}
	}
	stories, err := filepath.Glob(filepath.Join(root, "testscripts", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stories {
		tests[filepath.Base(path)] = true
	}
	named, witness := 0, regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+|\\w+\\.txtar)`")
	for name, text := range documents(t) {
		for _, found := range witness.FindAllStringSubmatch(strings.Join(text, "\n"), -1) {
			named++
			if !tests[found[1]] {
				t.Errorf("%s: there is no test %s", name, found[1])
			}
		}
	}
	if named < 150 {
		t.Errorf("only %d tests are named", named)
	}
}

// TestEveryThreatHasATest: a row without a witness is a claim.
func TestEveryThreatHasATest(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "docs/threat-model.md"),
		"| threat | defence | shown by |\n|---|---|---|\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	for _, row := range rows {
		if cells := strings.Split(strings.Trim(row, "| "), " | "); !strings.HasPrefix(row, "|") ||
			len(cells) != 3 || !strings.Contains(cells[2], "`") {
			t.Errorf("%q: want threat, defence and test", row)
		}
	}
	if len(rows) < 50 {
		t.Errorf("only %d rows", len(rows))
	}
}

// TestArchitectureNamesEveryPackage: once each in the table of packages.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "docs/architecture.md"), "## Packages\n")
	table, _, _ = strings.Cut(table, "\n## ")
	all, err := exec.Command("go", "-C", root, "list", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(all)) {
		name := strings.TrimPrefix(path, "github.com/true-and-useful/janee/")
		if inner, shell := strings.CutPrefix(name, "cmd/janee/internal/"); shell && inner != "cli" {
			name = "…/" + inner
		}
		if n := strings.Count(table, "`"+name+"`"); n != 1 &&
			!strings.HasPrefix(name, "testscripts/") {
			t.Errorf("%s stands %d times in the table of packages", name, n)
		}
	}
}

// TestTroubleshootingKnowsEveryRefusal compares it with the codes in core/denial.go.
func TestTroubleshootingKnowsEveryRefusal(t *testing.T) {
	text := document(t, "docs/troubleshooting.md")
	codes := regexp.MustCompile(`(?m)^\t[A-Z]\w+ += "([A-Z_]+)"$`).
		FindAllStringSubmatch(document(t, "core/denial.go"), -1)
	for _, code := range codes {
		if n := strings.Count(text, "| `"+code[1]+"` |"); n != 1 {
			t.Errorf("%s has %d lines", code[1], n)
		}
	}
	if len(codes) < 25 {
		t.Errorf("only %d codes", len(codes))
	}
}

func TestReadmeNamesEveryAuthType(t *testing.T) {
	text := document(t, "README.md")
	for _, name := range sign.Types() {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func TestReadmeNamesEveryTool(t *testing.T) {
	text := document(t, "README.md")
	for _, d := range core.Tools() {
		if n := strings.Count(text, "| `"+d.Name+"` |"); n != 1 {
			t.Errorf("README.md has %d lines for %s", n, d.Name)
		}
	}
}

// TestFormatsKnowsEveryEvent compares it with the events that the sources write.
func TestFormatsKnowsEveryEvent(t *testing.T) {
	text, known := document(t, "docs/formats.md"), map[string]bool{}
	written := regexp.MustCompile(`(?:Event\w*: +|[eE]vent\w* += |record\(in, |mint\(in, |` +
		`entry\(|changeAgent\(env, s, |recordAct\(s, )"([a-z.]*[a-z])"`)
	for _, path := range append(goFiles(t, "core"), goFiles(t, "cmd")...) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, found := range written.FindAllStringSubmatch(document(t, path), -1) {
			known[found[1]] = true
		}
	}
	delete(known, "approval.asked") // what a webhook is told of, and no record
	for event := range known {
		if !strings.Contains(text, "`"+event+"`") {
			t.Errorf("docs/formats.md does not name the event %q", event)
		}
	}
	if len(known) < 15 {
		t.Errorf("only %d events: %v", len(known), known)
	}
}
