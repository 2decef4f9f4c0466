package cli

import (
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/config"
)

// logTime is how `janee logs` shows a time, and one way to write it in a flag.
const logTime = "2006-01-02 15:04:05"

const longestAgo = 100 * 365 * 24 * time.Hour

// readTime reads the time in --flag: a duration before now, a local date or time, or RFC 3339. An
// empty text is the zero time. A date as an end is the end of that day.
func readTime(flag, text string, now time.Time, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, ok := config.ParseDuration(text, longestAgo); ok {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	for _, layout := range []string{logTime, "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, hint.Errorf(hint.Usage,
		`write 2h, 2026-11-23, "2026-11-23 14:32:15" or 2026-11-23T14:32:15Z`,
		"--%s: %q is not a time", flag, text)
}
