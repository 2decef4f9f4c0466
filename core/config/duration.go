package config

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// ParseDuration reads a duration as config.yaml and the command line write it:
// ^[1-9][0-9]*(ms|s|m|h|d)$, at most limit.
func ParseDuration(s string, limit time.Duration) (time.Duration, bool) {
	digits := strings.TrimRight(s, "mshd")
	unit, known := units[s[len(digits):]]
	if !known || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > uint64(limit/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// duration reads a duration of at most limit.
func (r *reader) duration(to *time.Duration, what string, limit time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := r.text(n, what)
		if !ok {
			return
		}
		d, ok := ParseDuration(s, limit)
		if !ok {
			r.problem(n.Line,
				"%s %q is not a duration: write a number with ms, s, m, h or d, as in 15m, "+
					"at most %s", what, s, FormatDuration(limit))
			return
		}
		*to = d
	}
}
