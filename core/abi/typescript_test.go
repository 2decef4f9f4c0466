package abi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/approval"
)

// writer writes Go types as TypeScript, with the comments of their source.
type writer struct {
	*source
	t      *testing.T
	text   bytes.Buffer
	words  map[reflect.Type][]string // types that are one of a few texts
	kinds  map[reflect.Type]string   // what a step or an event says it is
	waits  []reflect.Type            // named, and yet to be written
	called map[string]reflect.Type
}

func newWriter(t *testing.T) *writer {
	src := readSource(t, ".", "..", "../approval", "../audit", "../config")
	w := &writer{source: src, t: t, kinds: map[reflect.Type]string{},
		called: map[string]reflect.Type{}}
	for _, m := range slices.Concat(steps, events) {
		w.kinds[reflect.TypeOf(m.shape)] = m.kind
	}
	w.words = map[reflect.Type][]string{
		reflect.TypeFor[ending]():     src.texts["core.Err"],
		reflect.TypeFor[reason]():     src.texts["core.Stop"],
		reflect.TypeFor[errorCode]():  src.texts["errorCode"],
		reflect.TypeFor[decision]():   {approval.Allow, approval.Deny},
		reflect.TypeFor[scope]():      {approval.Once, approval.Session},
		reflect.TypeFor[formAnswer](): {approval.Once, approval.Session, approval.Deny},
	}
	for of, words := range w.words {
		if len(words) < 2 {
			t.Errorf("%s has the words %q", of, words)
		}
	}
	return w
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.text, format, args...) }

// union writes a choice of messages.
func (w *writer) union(name, doc string, of []message) {
	w.printf("\n/** %s */\nexport type %s =", doc, name)
	for _, m := range of {
		w.printf("\n  | %s", w.name(reflect.TypeOf(m.shape)))
	}
	w.printf(";\n")
}

// name is what a type of Go is called in TypeScript. A type that has a name there is written later.
func (w *writer) name(of reflect.Type) string {
	if of == reflect.TypeFor[json.RawMessage]() {
		return "unknown"
	}
	if _, ok := w.words[of]; ok || of.Kind() == reflect.Struct && of.Name() != "" {
		return w.named(of)
	}
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.Interface:
		return "Step | null"
	case reflect.Pointer:
		return w.name(of.Elem()) + " | null"
	case reflect.Map:
		return "Record<string, " + w.name(of.Elem()) + ">"
	case reflect.Slice:
		return w.name(of.Elem()) + "[]"
	case reflect.Array:
		return "[" + strings.Repeat(", "+w.name(of.Elem()), of.Len())[2:] + "]"
	case reflect.Struct:
		return w.inline(of)
	}
	w.t.Fatalf("%s has no type in TypeScript", of)
	return ""
}

func (w *writer) named(of reflect.Type) string {
	name := strings.TrimSuffix(strings.ToUpper(of.Name()[:1])+of.Name()[1:], "Step")
	switch was := w.called[name]; was {
	case nil:
		w.called[name] = of
		w.waits = append(w.waits, of)
	case of:
	default:
		w.t.Errorf("%s and %s are both called %s", was, of, name)
	}
	return name
}

// rest writes the types that were named.
func (w *writer) rest() {
	for len(w.waits) > 0 {
		of := w.waits[0]
		w.waits = w.waits[1:]
		w.comment("", w.doc(of))
		if words, ok := w.words[of]; ok {
			w.choice(w.named(of), words)
			continue
		}
		w.printf("export interface %s {\n", w.named(of))
		if kind := w.kinds[of]; kind != "" {
			w.printf("  type: %q;\n", kind)
		}
		w.members(of)
		w.printf("}\n")
	}
}

// choice writes a type that is one of a few texts.
func (w *writer) choice(name string, words []string) {
	w.printf("export type %s =", name)
	for _, word := range words {
		w.printf("\n  | %q", word)
	}
	w.printf(";\n")
}

func (w *writer) members(of reflect.Type) {
	docs := w.fieldDocs(of)
	for i := range of.NumField() {
		name, optional := memberOf(of.Field(i))
		if name == "type" && w.kinds[of] != "" {
			continue
		}
		w.comment("  ", docs[of.Field(i).Name])
		w.printf("  %s%s;\n", name, w.typed(of.Field(i), optional))
	}
}

// inline writes a struct that has no name.
func (w *writer) inline(of reflect.Type) string {
	var members []string
	for i := range of.NumField() {
		name, optional := memberOf(of.Field(i))
		members = append(members, name+w.typed(of.Field(i), optional))
	}
	return "{ " + strings.Join(members, "; ") + " }"
}

func memberOf(f reflect.StructField) (name string, optional bool) {
	name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, option == "omitempty"
}

// typed is the type of a member. One that is left out where it is nil is never null.
func (w *writer) typed(f reflect.StructField, optional bool) string {
	if !optional {
		return ": " + w.name(f.Type)
	}
	if f.Type.Kind() == reflect.Pointer {
		return "?: " + w.name(f.Type.Elem())
	}
	return "?: " + w.name(f.Type)
}

// doc is the comment of a type, in the names of TypeScript.
func (w *writer) doc(of reflect.Type) string {
	decl := w.types[of.String()]
	if decl == nil || decl.Doc == nil {
		w.t.Errorf("%s has no comment", of)
		return ""
	}
	text := strings.ReplaceAll(decl.Doc.Text(), of.Name()+" ", w.named(of)+" ")
	for i := 0; of.Kind() == reflect.Struct && i < of.NumField(); i++ {
		name, _ := memberOf(of.Field(i))
		text = replaceWord(text, of.Field(i).Name, name)
	}
	return text
}

// replaceWord replaces a word that is not part of a longer one.
func replaceWord(text, old, with string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' })
	for i, word := range words {
		if bare := strings.TrimRight(word, ".,:;"); bare == old {
			words[i] = with + word[len(bare):]
		}
	}
	return strings.Join(words, " ")
}

// fieldDocs are the comments of the fields of a struct.
func (w *writer) fieldDocs(of reflect.Type) map[string]string {
	docs := map[string]string{}
	if w.types[of.String()] == nil {
		return docs
	}
	ast.Inspect(w.types[of.String()], func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok {
			return s.Name.Name == of.Name()
		}
		if f, ok := n.(*ast.Field); ok {
			for _, name := range f.Names {
				docs[name.Name] = strings.TrimSpace(cmp.Or(f.Doc.Text(), f.Comment.Text()))
			}
		}
		return true
	})
	return docs
}

// comment writes a doc comment of at most 100 columns.
func (w *writer) comment(indent, text string) {
	words := strings.Fields(text)
	if indent == "" {
		w.printf("\n")
	}
	if one := indent + "/** " + strings.Join(words, " ") + " */"; len(words) == 0 {
		return
	} else if len(one) <= 100 {
		w.printf("%s\n", one)
		return
	}
	w.printf("%s/**", indent)
	for at := 100; len(words) > 0; words = words[1:] {
		if at += 1 + len(words[0]); at > 100 {
			w.printf("\n%s *", indent)
			at = len(indent) + len(" * ") + len(words[0])
		}
		w.printf(" %s", words[0])
	}
	w.printf("\n%s */\n", indent)
}

// limit writes a constant as a member. A duration is in milliseconds.
func (w *writer) limit(name string, value any) {
	if w.docs[name] == "" {
		w.t.Errorf("%s has no comment", name)
	}
	member := strings.ToLower(name[:1]) + name[1:]
	if d, ok := value.(time.Duration); ok {
		member, value = member+"Ms", d.Milliseconds()
	}
	w.comment("  ", strings.ReplaceAll(w.docs[name], name+" ", member+" "))
	w.printf("  %s: %d,\n", member, value)
}
