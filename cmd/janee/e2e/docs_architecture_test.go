//go:build !race

package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// declared holds what the project declares, as documents write it: "Type.Member" and, by package,
// "package.Name" and "package.Type.Member".
type declared map[string]bool

func (d declared) add(pkg string, names ...string) {
	name := strings.Join(names, ".")
	d[pkg+"."+name] = true
	if len(names) > 1 {
		d[name] = true
	}
}

// read adds what one file declares.
func (d declared) read(t *testing.T, path string) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg := file.Name.Name
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				d.add(pkg, decl.Name.Name)
				continue
			}
			d.add(pkg, receiver(decl.Recv.List[0].Type), decl.Name.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				d.spec(pkg, spec)
			}
		}
	}
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func (d declared) spec(pkg string, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			d.add(pkg, name.Name)
		}
	case *ast.TypeSpec:
		d.add(pkg, spec.Name.Name)
		var members *ast.FieldList
		switch shape := spec.Type.(type) {
		case *ast.StructType:
			members = shape.Fields
		case *ast.InterfaceType:
			members = shape.Methods
		default:
			return
		}
		for _, field := range members.List {
			for _, name := range field.Names {
				d.add(pkg, spec.Name.Name, name.Name)
			}
		}
	}
}

// pages are those that walk through the code: they are worth nothing once it has other names.
var pages = []string{"docs/architecture.md", "docs/contributing.md"}

// TestPagesNameRealCode looks for every name with a dot that the pages give.
func TestPagesNameRealCode(t *testing.T) {
	names := declared{}
	for _, folder := range []string{"core", "cmd", "internal", "wasm"} {
		for _, path := range goFiles(t, folder) {
			if !strings.HasSuffix(path, "_test.go") {
				names.read(t, path)
			}
		}
	}
	dotted := regexp.MustCompile("`([A-Za-z]\\w*(?:\\.[A-Za-z]\\w*)+)(?:\\(\\))?`")
	// Files, keys of config.yaml, kinds of records, and what belongs to others.
	other := regexp.MustCompile(`\.(?:yaml|jsonl?|go|md|mjs|txtar|ts|pem)$|` +
		`^(?:services\.|agents\.|session\.open$|mint\.result$|approvals\.elicitation$|` +
		`audit\.anchor|URL\.|env\.|cobra\.)`)
	found := 0
	for _, page := range pages {
		for _, m := range dotted.FindAllStringSubmatch(document(t, page), -1) {
			name := m[1]
			if other.MatchString(name) {
				continue
			}
			found++
			if !names[name] {
				t.Errorf("%s names %s, which the code does not have", page, name)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d names were found", found)
	}
}

// TestPagesNameRealFiles looks for every file and folder that the pages give by its path. NAME
// stands for any name there. What is said to be in a file has to be in it.
func TestPagesNameRealFiles(t *testing.T) {
	path := regexp.MustCompile("`((?:core|cmd|internal|wasm|testscripts|docs|openclaw-plugin|" +
		`\.ci)/[\w./-]+)` + "`")
	within := regexp.MustCompile("`([^`]+)`[ \\n]in[ \\n]+`([\\w./-]+/[\\w.-]+\\.\\w+)`")
	for _, page := range pages {
		text := document(t, page)
		found := path.FindAllStringSubmatch(text, -1)
		for _, m := range found {
			pattern := filepath.Join(root, strings.ReplaceAll(m[1], "NAME", "*"))
			if matches, err := filepath.Glob(pattern); err != nil || len(matches) == 0 {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
		if len(found) < 20 {
			t.Errorf("%s: only %d files", page, len(found))
		}
		for _, m := range within.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(document(t, m[2]), m[1]) {
				t.Errorf("%s: %s is not in %s", page, m[1], m[2])
			}
		}
	}
}
