package secret

import (
	"slices"
	"sort"
)

// automaton finds patterns in bytes that come one after the other (Aho and Corasick, CACM 18(6),
// 1975), ASCII letters in either case. Nodes are numbered level by level from the root, 0, so the
// children of one node are next to each other.
//
// Nearly all input stays near the root. Nodes of depth ≤ shallowDepth therefore have a row in a
// dense table, which takes one load per byte. The many nodes below are a plain trie with failure
// links, 13 bytes each, because a PEM key in all its forms has some 75,000.
type automaton struct {
	class [256]uint8 // byte → class; 0: in no pattern. The two cases of a letter share a class
	width int        // number of classes, so the length of a row
	// rows[n*width+class] is the node after n, for n < shallow; ^node where the byte may begin an
	// escape
	rows    []int32
	shallow int32      // number of nodes that have a row
	label   []uint8    // class on the edge into a node
	first   []int32    // the children of n are first[n] up to first[n+1]
	fail    []int32    // node of the longest proper suffix that is also in the trie
	cover   []int32    // length of the longest pattern that ends at a node; 0: none
	levels  []int32    // first node of each depth
	special [256]uint8 // 1: a byte of escapes
	filter  filter
	reach   int // how many bytes of text a match may take, escapes and line ends included
}

// shallowDepth is below the shortest pattern, so that no pattern ends at a node that has a row.
const shallowDepth = 3

const _ = uint(MinLength - 1 - shallowDepth)

// newAutomaton compiles patterns, each at least MinLength bytes.
func newAutomaton(patterns []string) *automaton {
	a := &automaton{width: 1}
	for i := range len(escapes) {
		a.classify(escapes[i : i+1])
		a.special[escapes[i]] = 1
	}
	keys := make([]string, 0, len(patterns))
	for _, p := range patterns {
		keys = append(keys, a.classify(p))
	}
	slices.Sort(keys)
	a.grow(slices.Compact(keys))
	a.link()
	a.filter = newFilter(patterns, a.begun())
	if longest := len(a.levels) - 1; longest > 0 {
		a.reach = 8*longest + 256
	}
	return a
}

// classify returns p in classes and gives a class to each byte that has none.
func (a *automaton) classify(p string) string {
	key := make([]byte, len(p))
	for i := range len(p) {
		c := lower(p[i])
		if a.class[c] == 0 {
			a.class[c] = uint8(a.width)
			a.class[upper(c)] = uint8(a.width)
			a.width++
		}
		key[i] = a.class[c]
	}
	return string(key)
}

// grow builds the trie breadth first. In sorted order the keys below a node are one span, and a key
// that ends at the node comes first.
func (a *automaton) grow(keys []string) {
	type span struct{ lo, hi int }
	level, next := []span{{0, len(keys)}}, []span(nil)
	a.label, a.cover = append(a.label, 0), append(a.cover, 0)
	for depth := 0; len(level) > 0; depth++ {
		a.levels = append(a.levels, int32(len(a.first)))
		next = next[:0]
		for _, s := range level {
			a.first = append(a.first, int32(len(a.label)))
			if s.lo < s.hi && len(keys[s.lo]) == depth {
				s.lo++
			}
			for lo := s.lo; lo < s.hi; {
				hi := lo + 1
				for hi < s.hi && keys[hi][depth] == keys[lo][depth] {
					hi++
				}
				a.child(keys[lo], depth)
				next = append(next, span{lo, hi})
				lo = hi
			}
		}
		level, next = next, level
	}
	a.first = append(a.first, int32(len(a.label)))
}

func (a *automaton) child(key string, depth int) {
	ends := int32(0)
	if len(key) == depth+1 {
		ends = int32(len(key))
	}
	a.label = append(a.label, key[depth])
	a.cover = append(a.cover, ends)
}

// link fills rows, fail and cover in node order, so that everything nearer to the root is there
// when it is needed.
func (a *automaton) link() {
	a.shallow = int32(len(a.label))
	if len(a.levels) > shallowDepth+1 {
		a.shallow = a.levels[shallowDepth+1]
	}
	a.rows = make([]int32, int(a.shallow)*a.width)
	a.fail = make([]int32, len(a.label))
	for n := range int32(len(a.label)) {
		for k := a.first[n]; n > 0 && k < a.first[n+1]; k++ {
			a.fail[k] = a.next(a.fail[n], a.label[k])
			if a.cover[k] == 0 {
				a.cover[k] = a.cover[a.fail[k]]
			}
		}
		if n < a.shallow {
			a.fillRow(n)
		}
	}
}

func (a *automaton) fillRow(n int32) {
	row := a.row(n)
	copy(row, a.row(a.fail[n])) // at the root: itself, all zero
	for k := a.first[n]; k < a.first[n+1]; k++ {
		row[a.label[k]] = k
	}
	for i := range len(escapes) {
		if to := &row[a.class[escapes[i]]]; *to >= 0 && (n > 0 || *to > 0 || i >= len(breaks)) {
			// but not for a break at the root: nothing has begun that could continue after it
			*to = ^*to
		}
	}
}

func (a *automaton) row(n int32) []int32 { return a.rows[int(n)*a.width:][:a.width] }

// next returns the node after n for a byte of class c. Over a whole input it follows at most one
// failure link per byte.
func (a *automaton) next(n int32, c uint8) int32 {
	for n >= a.shallow {
		for k := a.first[n]; k < a.first[n+1]; k++ {
			if a.label[k] == c {
				return k
			}
		}
		n = a.fail[n]
	}
	return max(a.rows[int(n)*a.width+int(c)], ^a.rows[int(n)*a.width+int(c)])
}

// begun counts the nodes at which prefixSize bytes of a pattern have been read.
func (a *automaton) begun() int {
	if len(a.levels) <= prefixSize+1 {
		return 0
	}
	return int(a.levels[prefixSize+1] - a.levels[prefixSize])
}

// follow returns the node to continue from after a match that ends at n: if no pattern is longer,
// none of the match has to be remembered.
func (a *automaton) follow(n int32) int32 {
	for n >= a.shallow && a.first[n] == a.first[n+1] {
		n = a.fail[n]
	}
	return n
}

// trail goes through p from i, below the rows, up to an escape, the end of a match or a row. It
// returns the node reached and the index after the last byte read.
func (a *automaton) trail(n int32, p []byte, i int) (int32, int) {
	for ; i < len(p) && n >= a.shallow && a.special[p[i]] == 0; i++ {
		if n = a.next(n, a.class[p[i]]); a.cover[n] > 0 {
			return n, i + 1
		}
	}
	return n, i
}

// depth returns how many of the bytes read last may still be the start of a match.
func (a *automaton) depth(n int32) int {
	if n == 0 {
		return 0
	}
	return sort.Search(len(a.levels), func(d int) bool { return a.levels[d] > n }) - 1
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
