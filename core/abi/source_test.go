package abi

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is what the files of some packages say, as far as another language is told.
type source struct {
	types  map[string]*ast.GenDecl // by package and name, as reflect has it
	texts  map[string][]string     // constants, by their type, or by package and first word
	docs   map[string]string       // of constants
	bounds []string                // the constants of core/bounds.go
}

func readSource(t *testing.T, dirs ...string) *source {
	s := &source{types: map[string]*ast.GenDecl{}, texts: map[string][]string{},
		docs: map[string]string{}}
	for _, dir := range dirs {
		names, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, name := range slices.DeleteFunc(names, func(name string) bool {
			return strings.HasSuffix(name, "_test.go")
		}) {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			s.read(filepath.Base(name), file)
		}
	}
	return s
}

func (s *source) read(name string, file *ast.File) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch c := spec.(type) {
			case *ast.TypeSpec:
				s.types[file.Name.Name+"."+c.Name.Name] = g
			case *ast.ValueSpec:
				s.constant(file.Name.Name, g, c)
				if name == "bounds.go" {
					s.bounds = append(s.bounds, c.Names[0].Name)
				}
			}
		}
	}
}

func (s *source) constant(pkg string, g *ast.GenDecl, c *ast.ValueSpec) {
	name := c.Names[0].Name
	s.docs[name] = cmp.Or(c.Doc.Text(), c.Comment.Text())
	if len(g.Specs) == 1 {
		s.docs[name] = cmp.Or(s.docs[name], g.Doc.Text())
	}
	if len(c.Values) != 1 {
		return
	}
	value, ok := c.Values[0].(*ast.BasicLit)
	if !ok || value.Kind != token.STRING {
		return
	}
	text, _ := strconv.Unquote(value.Value)
	if of, ok := c.Type.(*ast.Ident); ok {
		s.texts[of.Name] = append(s.texts[of.Name], text)
	}
	for _, first := range []string{"Err", "Stop"} {
		if strings.HasPrefix(name, first) {
			s.texts[pkg+"."+first] = append(s.texts[pkg+"."+first], text)
		}
	}
}
