package secret

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// mayReveal lists the package directories whose code may read a secret in clear, and what for.
var mayReveal = map[string]string{
	"core":        "hands credentials from vault to signer",
	"core/config": "seals values typed in plaintext",
	"core/secret": "spells secrets for the Scrubber",
	"core/sign":   "signs requests",
	"core/vault":  "seals and opens",
	"cmd/janee/internal/cli": "takes credentials to be sealed, " +
		"and shows the root key after a question",
	"cmd/janee/internal/keysource": "writes the key file and the keyring, " +
		"and measures a new passphrase",
	"cmd/janee/internal/kdf":     "makes keys of passphrases and PINs",
	"cmd/janee/internal/legacy":  "takes apart what the TypeScript Janee stored as one",
	"cmd/janee/internal/webhook": "signs what a webhook is told",
}

func TestRevealCallers(t *testing.T) {
	callers, err := revealCallers(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if callers["core/secret"] == "" {
		t.Error("the scan does not even find this package")
	}
	for dir, where := range callers {
		if mayReveal[dir] == "" {
			t.Errorf("%s: Reveal is called in %s, which is not in mayReveal", where, dir)
		}
	}
}

func TestRevealCallersFindsThem(t *testing.T) {
	tree := fstest.MapFS{
		"a/call.go":           {Data: []byte("package a\nfunc f(t T) { g(t.Reveal()) }")},
		"b/value.go":          {Data: []byte("package b\nvar f = T.Reveal")},
		"c/none.go":           {Data: []byte("package c\n// t.Reveal()\nvar s = \"t.Reveal()\"")},
		"d/d_test.go":         {Data: []byte("package d\nvar f = T.Reveal")},
		"node_modules/x/x.go": {Data: []byte("package x\nvar f = T.Reveal")},
	}
	callers, err := revealCallers(tree)
	if err != nil || len(callers) != 2 || callers["a"] != "a/call.go:2" ||
		callers["b"] != "b/value.go:2" {
		t.Errorf("callers = %v, %v", callers, err)
	}
	if _, err := revealCallers(fstest.MapFS{"a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a file that cannot be parsed was passed over")
	}
}

// revealCallers returns, for each directory with a non-test Go file that names a method Reveal, the
// first such place.
func revealCallers(tree fs.FS) (map[string]string, error) {
	callers := map[string]string{}
	return callers, fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() &&
			name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" ||
			d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		where, err := firstReveal(tree, name)
		if dir := path.Dir(name); where != "" && callers[dir] == "" {
			callers[dir] = where
		}
		return err
	})
}

func firstReveal(tree fs.FS, name string) (where string, err error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return "", err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Reveal" && where == "" {
			p := files.Position(s.Sel.Pos())
			where = strings.TrimSuffix(p.String(), p.String()[strings.LastIndex(p.String(), ":"):])
		}
		return true
	})
	return where, nil
}
