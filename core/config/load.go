package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxRepairs bounds how many unquoted stars one load reports: each takes a few readings of the
// text.
const maxRepairs = 50

// document is a text and its node tree.
type document struct {
	src  *source
	root *yaml.Node // nil if the text has no content
}

// load reads the text as YAML. If it has problems, the document can still be searched for more of
// them, unless it is nil.
func load(text []byte) (*document, []Problem) {
	if len(text) > MaxSize {
		return nil, []Problem{{1, fmt.Sprintf("the file is larger than %d bytes", MaxSize)}}
	}
	src := newSource(text)
	if bad := src.badCharacters(); len(bad) > 0 {
		return nil, bad
	}
	var problems []Problem
	for range maxRepairs {
		root, second, err := decode(src.text)
		if err == nil {
			if second > 0 {
				problems = append(problems,
					Problem{second,
						"a second document begins here: config.yaml is one document, " +
							"delete the --- line"})
			}
			return &document{src, root}, problems
		}
		line := faultLine(src, err)
		if !isAliasFault(err) {
			return nil, append(problems, Problem{line, explainSyntax(src, line, err)})
		}
		repaired, text := quoteStar(src, line)
		problems = append(problems, Problem{line, text})
		if repaired == nil {
			return nil, problems
		}
		src = newSource(repaired)
	}
	return nil, problems
}

// decode returns the root node of the first document and the line at which a second one begins (0
// if there is none).
func decode(text []byte) (root *yaml.Node, second int, err error) {
	// yaml.v3 panics on some comments in odd places ("please report"); a file that it cannot read
	// must not end the process.
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("yaml: the parser gave up")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, next yaml.Node
	if err := decoder.Decode(&first); err == io.EOF {
		return nil, 0, nil
	} else if err != nil {
		return nil, 0, err
	}
	if err := decoder.Decode(&next); err == nil {
		second = max(next.Line, 1)
	} else if err != io.EOF {
		return nil, 0, err
	}
	if root = first.Content[0]; root.Kind == yaml.ScalarNode &&
		root.Tag == "!!null" && root.Value == "" {
		root = nil
	}
	return root, second, nil
}

// faultLine returns the line where the fault shows: the first at which the text up to there fails
// in the same way. The line in yaml.v3's messages is absent for some faults, and for others it is
// that of the block around the fault.
func faultLine(src *source, fault error) int {
	n := len(src.starts)
	return 1 + sort.Search(n-1, func(i int) bool {
		_, _, err := decode(src.text[:src.starts[i+1]])
		return err != nil && err.Error() == fault.Error()
	})
}

func isAliasFault(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unknown anchor") ||
		strings.HasSuffix(text, "did not find expected alphabetic or numeric character")
}

// quoteStar handles the unquoted "* /x", which YAML takes for an alias. It returns the problem to
// report, and the text with a rule in its place, so that what follows is read too. The repaired
// text is nil if the star cannot be found.
func quoteStar(src *source, line int) (repaired []byte, problem string) {
	start := src.starts[line-1]
	end := src.lineEnd(start)
	problem = `YAML reads an unquoted * or & as an alias or anchor, which config.yaml does not ` +
		`use: quote the value, as in "* /v1/*"`
	at := start
	for at < end &&
		(src.text[at] != '*' || strings.IndexByte("-[,:{", lastVisible(src.text[start:at])) < 0) {
		at++
	}
	if at == end {
		return nil, problem
	}
	value := src.text[at:end]
	if i := bytes.IndexAny(value, ",]}#\r\n"); i >= 0 {
		value = value[:i]
	}
	// Show only what has the shape of a rule: the star may begin a credential.
	if parts := strings.Fields(string(value)); len(parts) == 2 && parts[0] == "*" &&
		strings.ContainsAny(parts[1][:1], "/*") {
		problem = fmt.Sprintf("YAML reads an unquoted * as an alias: quote the rule, as in - %q",
			strings.Join(parts, " "))
	}
	repair := "GET /" // a bare star
	switch name := strings.TrimSpace(string(value[1:])); {
	case name != "" && value[1] == ' ':
		repair = "GET "
	case name != "":
		repair = "x"
	}
	return append(append(append([]byte(nil), src.text[:at]...), repair...), src.text[at+1:]...),
		problem
}

// lastVisible returns the last byte of s that is not blank; the beginning of a line counts as ':'.
func lastVisible(s []byte) byte {
	if s = bytes.TrimRight(s, " \t"); len(s) > 0 {
		return s[len(s)-1]
	}
	return ':'
}

// explainSyntax translates the parser's words into a reader's. None of them quotes the text.
func explainSyntax(src *source, line int, err error) string {
	start := src.starts[line-1]
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, found := strings.CutPrefix(text, "line "); found {
		_, text, _ = strings.Cut(rest, ": ")
	}
	switch {
	case strings.HasPrefix(string(bytes.TrimLeft(src.text[start:], " ")), "\t"):
		return "a tab cannot indent YAML: use blanks"
	case strings.Contains(text, "cannot start any token"):
		return "a value cannot begin with @, ` or %: quote it"
	case strings.Contains(text, "mapping values are not allowed"):
		return `": " is not expected here: quote the value that contains it, or fix the indentation`
	case strings.Contains(text, "could not find expected ':'"):
		return `a key needs ": " and a value`
	case strings.Contains(text, "did not find expected key"), strings.Contains(text,
		"did not find expected '-' indicator"):
		return "the indentation does not fit the lines above"
	case strings.Contains(text, "unexpected end of stream"):
		return "a quote that begins here or above is not closed"
	case strings.Contains(text, "did not find expected ','"):
		return "a comma or the closing bracket is missing; inside [ ] and { }, quote a value " +
			"that contains , [ ] { } or ?"
	}
	return "this is not YAML: " + text
}
