package limit

import (
	"math"
	"strconv"
	"strings"
)

// units are the sizes that a person may name.
var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}}

// parseSize reads a size in bytes: ^[1-9][0-9]*(KB|MB|GB|KiB|MiB|GiB)?$. KB, MB and GB are powers
// of 1000, KiB, MiB and GiB of 1024.
func parseSize(s string) (int64, bool) {
	for _, u := range units {
		if digits, ok := strings.CutSuffix(s, u.name); ok {
			n, ok := parseInt(digits)
			return n * u.bytes, ok && n <= math.MaxInt64/u.bytes
		}
	}
	return parseInt(s)
}

// FormatSize writes a size in the unit that gives the smallest whole number; parseSize reads the
// same size from it.
func FormatSize(n int64) string {
	number, unit := n, ""
	for _, u := range units {
		if n%u.bytes == 0 && n/u.bytes < number {
			number, unit = n/u.bytes, u.name
		}
	}
	return formatInt(number) + unit
}

// parseInt reads ^[1-9][0-9]*$.
func parseInt(s string) (int64, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
