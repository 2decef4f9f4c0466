// Package splice changes one entry of another program's settings file and leaves every other byte
// as it was: comments, order, indentation, line ends, a byte order mark, the final newline or its
// absence. It parses the file to find places, inserts or cuts bytes, parses the result, and returns
// an error unless the result says what it should, so that a splice in a wrong place never reaches
// the file.
//
// Remove undoes Set byte for byte, with nothing remembered in between, and Set checks that it does.
// The layout tells what was there: Set gives an object that it has to make lines of its own, and
// puts an entry of an object that was empty directly behind its bracket.
package splice

import (
	"bytes"
	"fmt"
	"slices"
)

// Format is the language of a settings file.
type Format int

const (
	JSON Format = iota // RFC 8259, with comments and trailing commas as VS Code reads them
	TOML               // TOML 1.0
	YAML               // YAML 1.2 as yaml.v3 reads it, one document
)

// Bounds of what is read. The settings files of agents hold their histories and can be large.
const (
	maxSize  = 8 << 20 // bytes
	maxDepth = 64      // objects and lists in each other
)

// Path leads to an entry, from the top. It has at least one step.
type Path []Step

// Step is a key of an object or, if Item is set, the object in a list whose field Key is Item. Only
// the last step of a path in YAML may have an Item.
type Step struct{ Key, Item string }

// Keys returns the path of keys of objects.
func Keys(keys ...string) Path {
	var p Path
	for _, key := range keys {
		p = append(p, Step{Key: key})
	}
	return p
}

// Object is what Set writes, in this order.
type Object []Field

// Field is a key with a string, bool, int, []string or Object.
type Field struct {
	Key   string
	Value any
}

// Error says why a file cannot be edited. Its text has no value of the file, which may be a secret.
type Error struct {
	Line int // 1-based; 0 if it is about no line
	Text string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

func fail(line int, format string, args ...any) error {
	return &Error{line, fmt.Sprintf(format, args...)}
}

// document is a parsed text of one of the formats, without its byte order mark.
type document interface {
	// value returns what the text says, as map[string]any, []any, string, bool, int64, float64 or
	// nil; nil for a text that says nothing.
	value() any
	// check refuses what makes a path ambiguous, such as a key that is given twice.
	check(Path) error
	// line returns the line of the entry at a path that exists.
	line(Path) int
	// set returns the splices that add or replace the entry. It reports false if an entry that is
	// there cannot be replaced in its place, and has to be removed first.
	set(Path, Object) (edits []edit, ok bool, err error)
	// remove returns the splices that remove an entry that exists.
	remove(Path) ([]edit, error)
}

// open parses a text and follows a path.
func (f Format) open(text []byte, path Path) (doc document, value any, found bool, err error) {
	if doc, err = f.parse(text); err != nil {
		return nil, nil, false, err
	}
	if err = doc.check(path); err != nil {
		return nil, nil, false, err
	}
	value, found, err = find(doc, path)
	return doc, value, found, err
}

func (f Format) parse(text []byte) (document, error) {
	if len(text) > maxSize {
		return nil, fail(0, "the file is larger than %d MiB", maxSize>>20)
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	if at := loneReturn(text); at >= 0 {
		return nil, fail(lineOf(text, at), "a carriage return does not end its line: delete it")
	}
	switch f {
	case JSON:
		return parseJSON(text)
	case TOML:
		return parseTOML(text)
	case YAML:
		return parseYAML(text)
	}
	panic("splice: unknown format")
}

// Find returns the value at a path, as map[string]any, []any, string, bool, int64, float64 or nil,
// and its line, 1-based. If something on the way is not an object, that is an error, and so is a
// text that cannot be parsed.
func (f Format) Find(text []byte, path Path) (value any, line int, found bool, err error) {
	doc, value, found, err := f.open(text, path)
	if err != nil || !found {
		return nil, 0, false, err
	}
	return value, doc.line(path), true, nil
}

// Set adds the entry at a path, or replaces its value, and makes the objects on the way that are
// missing. It returns text itself if the entry is there and says the same, and an error if Remove
// would not undo what it adds. An empty text is that of a file that does not exist.
func (f Format) Set(text []byte, path Path, value Object) ([]byte, error) {
	doc, old, found, err := f.open(text, path)
	if err != nil {
		return nil, err
	}
	want := value.withItem(path)
	if found && same(old, want.plain()) {
		return text, nil
	}
	edits, ok, err := doc.set(path, want)
	switch {
	case err != nil:
		return nil, err
	case !ok && found:
		if text, err = f.Remove(text, path); err != nil {
			return nil, err
		}
		return f.Set(text, path, value)
	case !ok:
		return nil, errAltered
	}
	out, err := f.apply(text, edits, path, with(doc.value(), path, want.plain()))
	if err != nil || found {
		return out, err
	}
	if back, err := f.Remove(out, path); err != nil || !bytes.Equal(back, text) {
		return nil, errLasting
	}
	return out, nil
}

// Remove removes the entry at a path, and the objects on the way that Set made for it. It returns
// text itself if there is no entry. If nothing is left of a file that Set made, the result is
// empty.
func (f Format) Remove(text []byte, path Path) ([]byte, error) {
	doc, _, found, err := f.open(text, path)
	if err != nil {
		return nil, err
	}
	if !found {
		return text, nil
	}
	edits, err := doc.remove(path)
	if err != nil {
		return nil, err
	}
	return f.apply(text, edits, path, without(doc.value(), path))
}

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// apply returns the text with the edits, if it says want. Objects on the path may have gone with
// their last entry.
func (f Format) apply(text []byte, edits []edit, path Path, want any) ([]byte, error) {
	body := bytes.TrimPrefix(text, byteOrderMark)
	out := slices.Clone(text[:len(text)-len(body)])
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	at := 0
	for _, e := range edits {
		if e.start < at || e.end < e.start {
			return nil, errAltered
		}
		out = append(append(out, body[at:e.start]...), e.text...)
		at = e.end
	}
	out = append(out, body[at:]...)
	doc, err := f.parse(out)
	if err != nil || !same(pruned(doc.value(), path), pruned(want, path)) {
		return nil, errAltered
	}
	return out, nil
}

var (
	errAltered = &Error{0, "the change would alter something else: make it by hand"}
	errLasting = &Error{0, "the change could not be undone exactly: make it by hand"}
)

// loneReturn returns where a carriage return without a line feed is, -1 if nowhere. The formats
// disagree on whether it ends a line.
func loneReturn(text []byte) int {
	for i, c := range text {
		if c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// newline returns how this text ends its lines.
func newline(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// lineOf returns the line of the byte at an offset, 1-based.
func lineOf(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(offset, len(text))], []byte("\n"))
}

// margin returns the blanks that begin the line of the byte at an offset.
func margin(text []byte, offset int) string {
	line := text[bytes.LastIndexByte(text[:offset], '\n')+1 : offset]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}
