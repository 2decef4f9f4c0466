package secret

import (
	"encoding/binary"
	"math/bits"
)

// filter tells, for most places of a text, that no pattern begins there, by the first prefixSize
// bytes. It looks them up by a hash, without regard to case, so that some places are looked at
// while others are being read: the automaton has to wait for each byte.
type filter struct {
	begins []uint8 // by hash; 1: a pattern may begin so
	mask   uint32
}

// prefixSize is the depth of the first nodes that have no row.
const prefixSize = shallowDepth + 1

// newFilter makes a filter for patterns that begin in a number of different ways.
func newFilter(patterns []string, ways int) filter {
	f := filter{mask: 1<<min(15, 6+bits.Len(uint(ways))) - 1}
	f.begins = make([]uint8, f.mask+1)
	for _, p := range patterns {
		f.begins[hash(uint64(binary.LittleEndian.Uint32([]byte(p[:prefixSize]))))&f.mask] = 1
	}
	return f
}

// hash returns the hash of the lower four bytes of x; a bit set in each makes the two cases of a
// letter one.
func hash(x uint64) uint32 { return uint32(x|0x20202020) * 0x9e3779b1 >> 16 }

// idle returns the first index from i on, or one slightly before it, where a pattern or a special
// byte may begin, or where less than eight bytes are left.
func (a *automaton) idle(p []byte, i int) int {
	special, begins, mask := &a.special, a.filter.begins, a.filter.mask
	for ; i+8 <= len(p); i += 4 {
		x := binary.LittleEndian.Uint64(p[i:])
		if special[uint8(x)]|special[uint8(x>>8)]|special[uint8(x>>16)]|special[uint8(x>>24)]|
			begins[hash(x)&mask]|begins[hash(x>>8)&mask]|begins[hash(x>>16)&mask]|
			begins[hash(x>>24)&mask] != 0 {
			break
		}
	}
	return i
}

// skim goes through p from i, with n a node that has a row, until a pattern may have begun or an
// escape begins that may matter. It returns the node reached and the index after the last byte
// read.
func (a *automaton) skim(n int32, p []byte, i int) (int32, int) {
	for ; n > 0; i++ {
		if begun := i - a.depth(n); !a.escaped(p[begun:i]) {
			i, n = begun, 0
			break
		}
		if i == len(p) {
			return n, i
		}
		to := a.rows[int(n)*a.width+int(a.class[p[i]])]
		switch {
		case to < 0:
			return n, i
		case to >= a.shallow:
			return to, i + 1
		}
		n = to
	}
	return a.pass(p, i)
}

// pass is skim from the root.
func (a *automaton) pass(p []byte, from int) (int32, int) {
	i := from
	for i+prefixSize <= len(p) {
		if i = a.idle(p, i); a.special[p[i]] != 0 {
			if n := a.before(p[from:i]); n > 0 || a.rows[a.class[p[i]]] < 0 && !a.protects(p[i:]) {
				return n, i
			}
			for i++; i+prefixSize <= len(p) && a.special[p[i]] != 0 &&
				a.rows[a.class[p[i]]] >= 0; i++ {
			}
			from = i
			continue
		}
		n, k := int32(0), 0
		for ; k < prefixSize && a.special[p[i+k]] == 0; k++ {
			n = a.rows[int(n)*a.width+int(a.class[p[i+k]])]
		}
		switch {
		case n >= a.shallow:
			return n, i + prefixSize
		// on to the special byte: with those before i, what was read may begin a pattern
		case k < prefixSize:
			i += k
			continue
		}
		i++
	}
	return a.passEnd(a.before(p[from:i]), p, i)
}

// passEnd passes the last bytes of p, which are too few for the filter.
func (a *automaton) passEnd(n int32, p []byte, i int) (int32, int) {
	for ; i < len(p); i++ {
		to := a.rows[int(n)*a.width+int(a.class[p[i]])]
		if to < 0 {
			return n, i
		}
		if to >= a.shallow {
			return to, i + 1
		}
		n = to
	}
	return n, i
}

// protects reports, at the root, a backslash of the kind that JSON in JSON is full of: it means
// nothing, and begins nothing here.
func (a *automaton) protects(p []byte) bool {
	return p[0] == '\\' && (p[1] == '"' || p[1] == '/') && a.rows[a.class['\\']] == ^0
}

// before is the node after p, which contains no escape and no start of a pattern, except a short
// one at its end.
func (a *automaton) before(p []byte) (n int32) {
	for _, c := range p[max(0, len(p)-shallowDepth):] {
		n = a.rows[int(n)*a.width+int(a.class[c])]
	}
	return n
}

func (a *automaton) escaped(p []byte) bool {
	for _, c := range p {
		if a.special[c] != 0 {
			return true
		}
	}
	return false
}
