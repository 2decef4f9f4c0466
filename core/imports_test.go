package core

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/true-and-useful/janee/"

// forbidden would let core read a clock, randomness, files, the network or the environment, or does
// not fit into the wasm module.
var forbidden = []string{
	"os", "os/exec", "os/signal", "net", "net/http", "log", "log/slog", "crypto/rand",
	"crypto/x509", "crypto/tls", "regexp", "io/fs", "syscall", "unsafe", "math/rand",
	"math/rand/v2", "runtime", "runtime/debug", "path/filepath", "testing",
}

// rank orders the rooms of core: a package imports only from lower ranks, never upward, never
// sideways.
var rank = map[string]int{
	"core/secret": 0, "core/line": 0, "core/wire": 0, "core/config": 2, "core": 3, "core/abi": 4,
}

// outside lists what else core may import.
var outside = map[string][]string{"core/config": {"go.yaml.in/yaml/v3"}}

func TestCoreIsPureAndLayered(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") ||
			strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		checkImports(t, path, f)
		checkStatements(t, path, f)
		return nil
	})
	if err != nil || files < 40 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func checkImports(t *testing.T, path string, f *ast.File) {
	pkg := filepath.ToSlash(filepath.Join("core", filepath.Dir(path)))
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		inner, ours := strings.CutPrefix(name, module)
		switch {
		case ours && rankOf(inner) >= rankOf(pkg):
			t.Errorf("%s: %s may not import %s", path, pkg, inner)
		case slices.Contains(forbidden, name):
			t.Errorf("%s: core may not import %s", path, name)
		case !ours && strings.Contains(name, ".") && !slices.Contains(outside[pkg], name):
			t.Errorf("%s: core may not import %s", path, name)
		}
	}
}

func rankOf(pkg string) int {
	if r, ok := rank[pkg]; ok {
		return r
	}
	if strings.HasPrefix(pkg, "core/") {
		return 1
	}
	return 9
}

// checkStatements refuses goroutines and the parts of package time that read a clock or a time
// zone.
func checkStatements(t *testing.T, path string, f *ast.File) {
	clocks := []string{
		"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
		"Local", "LoadLocation",
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: core starts no goroutine", path)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" &&
				slices.Contains(clocks, n.Sel.Name) {
				t.Errorf("%s: core may not use time.%s", path, n.Sel.Name)
			}
		}
		return true
	})
}
