package policy

import (
	"slices"
	"strings"
)

// glob is a rule prepared for matching: the literal text before the first star, after the last, and
// between. The head or the tail alone rules out nearly every rule that does not match.
type glob struct {
	methods         methods
	star            bool
	head, mid, tail string
	text            string // the rule as written
}

func compile(r Rule, pattern string) glob {
	g := glob{methods: r.methods(), head: pattern, text: r.String()}
	if first := strings.IndexByte(pattern, '*'); first >= 0 {
		last := strings.LastIndexByte(pattern, '*')
		g.star, g.head, g.tail = true, pattern[:first], pattern[last+1:]
		if last > first {
			g.mid = pattern[first+1 : last]
		}
	}
	return g
}

// compileDeny also tries the pattern without its trailing slashes: "/admin/" covers "/admin". And
// it tries it decoded, as readings does with a path: "/a%2Fb" and "/a/b" are one resource to a
// receiver that decodes.
func compileDeny(r Rule) []glob {
	folded := fold(r.pattern, "*")
	decoded := decodeSlashes(decodeSemicolons(folded))
	patterns := []string{folded, strings.TrimRight(folded, "/"),
		decoded, strings.TrimRight(decoded, "/")}
	slices.Sort(patterns)
	var globs []glob
	for _, pattern := range slices.Compact(patterns) {
		globs = append(globs, compile(r, pattern))
	}
	return globs
}

// match takes time linear in path for each literal piece. It never needs to try a star twice,
// because the leftmost fit of a piece leaves most for the rest.
func (g *glob) match(path string) bool {
	if !g.star {
		return path == g.head
	}
	if len(path) < len(g.head)+len(g.tail) || !strings.HasPrefix(path, g.head) ||
		!strings.HasSuffix(path, g.tail) {
		return false
	}
	rest := path[len(g.head) : len(path)-len(g.tail)]
	for mid := g.mid; mid != ""; {
		var piece string
		piece, mid, _ = strings.Cut(mid, "*")
		at := strings.Index(rest, piece)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return true
}

// fold returns the form in which deny rules compare: in ASCII lower case, and with the punctuation
// that RFC 3986 section 3.3 allows raw in a path written raw, so that "/u/%40me" does not dodge a
// deny of "/u/@me". A star becomes star: in a path it is an ordinary byte, written as its escape.
func fold(s, star string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return r >= 'A' && r <= 'Z' || r == '%' || r == '*'
	}) {
		return s
	}
	var buffer [512]byte // most paths fit, so that only the result is allocated
	out := buffer[:0]
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '*':
			out = append(out, star...)
		case c == '%':
			// Patterns and paths have only whole escapes by now.
			decoded := unhex(s[i+1])<<4 | unhex(s[i+2])
			if strings.IndexByte("!$&'()+,=:@", decoded) >= 0 {
				out = append(out, decoded)
			} else {
				out = append(out, '%', lower(s[i+1]), lower(s[i+2]))
			}
			i += 2
		default:
			out = append(out, lower(c))
		}
	}
	return string(out)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
