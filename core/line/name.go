package line

import "strings"

// maxStem bounds the stem of a name. The longest that Janee makes are 32 hex digits.
const maxStem = 64

// Stem returns the stem of a file's name, if the name is exactly DIR/STEM.SUFFIX. A stem consists
// of a-z and 0-9, so that a name with it leads nowhere but into dir, whoever made the name.
func Stem(name, dir, suffix string) (stem string, ok bool) {
	rest, inDir := strings.CutPrefix(name, dir+"/")
	stem, hasSuffix := strings.CutSuffix(rest, "."+suffix)
	if !inDir || !hasSuffix || stem == "" || len(stem) > maxStem {
		return "", false
	}
	for i := range len(stem) {
		if c := stem[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "", false
		}
	}
	return stem, true
}
