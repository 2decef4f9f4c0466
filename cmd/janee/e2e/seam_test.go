//go:build !race

package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shellFiles are the files of the shell that are no tests, parsed, by their paths.
func shellFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, path := range goFiles(t, "cmd") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.ToSlash(path)] = file
	}
	if len(files) < 100 {
		t.Fatalf("only %d files were found", len(files))
	}
	return files
}

// stateName recognises what is, or is part of, the name of a state file.
var stateName = regexp.MustCompile(
	`^LOCKED$|^(sessions|approvals)(/|$)|^\.(revoked|answer|used|tries)$|closed\.json`)

// TestStateNamesAreInCoreAlone: packages core/session and core/approval make and recognise the
// names of state files. A shell that spells one again misses it when it changes.
func TestStateNamesAreInCoreAlone(t *testing.T) {
	for _, name := range []string{
		"LOCKED", "sessions", "sessions/closed.json", "approvals/", ".used",
	} {
		if !stateName.MatchString(name) {
			t.Errorf("%q is not recognised", name)
		}
	}
	for path, file := range shellFiles(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr: // of a command that has the name of a directory
				key, ok := n.Key.(*ast.Ident)
				return !ok || key.Name != "Use"
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind == token.STRING && err == nil && stateName.MatchString(text) {
					t.Errorf("%s spells %q: use packages core/session and core/approval",
						path, text)
				}
			}
			return true
		})
	}
}

// TestFewFilesNameAHome: who opens, backs up or converts a home may name its type. All others take
// state.Store, or an interface that says what they need.
func TestFewFilesNameAHome(t *testing.T) {
	const internal = "cmd/janee/internal/"
	named := map[string]bool{}
	for path, file := range shellFiles(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Home" {
				if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "home" && pkg.Obj == nil {
					named[strings.TrimPrefix(path, internal)] = true
				}
			}
			return true
		})
	}
	want := []string{
		"backup/backup.go",
		"cli/importwrite.go", // converts a home
		"cli/restore.go",
		"cli/view.go", // opens one that may be broken
		"opened/opened.go",
		"opened/replace.go",
	}
	if got := slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		t.Errorf("home.Home is named in %q, want %q", got, want)
	}
}
