package policy

// folded is a word to find in any case. Whole bodies are searched, nearly always without a hit, so
// the search skips most bytes (Horspool, Practical fast searching in strings, 1980).
type folded struct {
	word string
	skip [256]uint8 // how far to move a window that ends in this byte
}

func newFolded(lowerCase string) *folded {
	f := &folded{word: lowerCase}
	for c := range f.skip {
		f.skip[c] = uint8(len(lowerCase))
	}
	for i := range len(lowerCase) - 1 {
		c, n := lowerCase[i], uint8(len(lowerCase)-1-i)
		f.skip[c] = n
		if c >= 'a' && c <= 'z' {
			f.skip[c&^0x20] = n
		}
	}
	return f
}

// index returns where the word is in text, -1 where it is not.
func (f *folded) index(text []byte) int {
	last := len(f.word) - 1
	for at := 0; at+last < len(text); at += int(f.skip[text[at+last]]) {
		if f.begins(text[at:]) {
			return at
		}
	}
	return -1
}

// begins reports whether text begins with the word.
func (f *folded) begins(text []byte) bool {
	if len(text) < len(f.word) {
		return false
	}
	for i := len(f.word) - 1; i >= 0; i-- {
		if lower(text[i]) != f.word[i] {
			return false
		}
	}
	return true
}
