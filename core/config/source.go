package config

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// source maps the positions of yaml.v3 to byte offsets. yaml.v3 counts characters, not bytes, and
// does not count a byte order mark.
type source struct {
	text   []byte
	starts []int // offset of each line
	last   struct{ line, column, offset int }
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func newSource(text []byte) *source {
	s := &source{text: text, starts: []int{0}}
	if bytes.HasPrefix(text, byteOrderMark) {
		s.starts[0] = len(byteOrderMark)
	}
	for i, c := range text {
		if c == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// offset returns that of a 1-based line and column. It walks on from the previous answer if it can,
// so that asking for every node of one long line stays linear.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.starts) {
		return len(s.text)
	}
	at, from := s.starts[line-1], 1
	if s.last.line == line && s.last.column <= column {
		at, from = s.last.offset, s.last.column
	}
	for ; from < column && at < len(s.text); from++ {
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	s.last.line, s.last.column, s.last.offset = line, column, at
	return at
}

// line returns the line of the byte at offset, 1-based.
func (s *source) line(offset int) int {
	i, found := slices.BinarySearch(s.starts, offset)
	if found {
		return i + 1
	}
	return max(i, 1)
}

// lineEnd returns the offset just past the line of the byte at offset, including its line break.
func (s *source) lineEnd(offset int) int {
	if i := bytes.IndexByte(s.text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(s.text)
}

// newline returns how this text ends its lines.
func (s *source) newline() string {
	if i := bytes.IndexByte(s.text, '\n'); i > 0 && s.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indent counts the blanks that begin the line at offset; blank reports that the line has nothing
// else.
func (s *source) indent(offset int) (n int, blank bool) {
	rest := s.text[offset:s.lineEnd(offset)]
	n = len(rest) - len(bytes.TrimLeft(rest, " "))
	return n, len(bytes.TrimSpace(rest)) == 0
}

// badCharacters finds what YAML forbids, and also the line ends that editors do not show as such
// (bare CR, NEL, LS, PS): a rule could hide after one.
func (s *source) badCharacters() []Problem {
	var found []Problem
	for i := s.starts[0]; i < len(s.text); {
		r, size := utf8.DecodeRune(s.text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			found = append(found,
				Problem{s.line(i), "this line is not UTF-8 text: save the file as UTF-8"})
		case forbidden(r) && !(r == '\r' && i+1 < len(s.text) && s.text[i+1] == '\n'):
			found = append(found, Problem{s.line(i),
				fmt.Sprintf("this line contains the invisible character U+%04X: delete it", r)})
		}
		i += size
	}
	return slices.Compact(found)
}

func forbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	}
	return r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff
}
