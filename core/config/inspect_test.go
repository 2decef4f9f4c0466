package config

import (
	"testing"
	"time"
)

func TestFormatDuration(t *testing.T) {
	for _, s := range []string{"1ms", "250ms", "1s", "90s", "15m", "1h", "25h", "30d"} {
		d, ok := ParseDuration(s, MaxTTL)
		if got := FormatDuration(d); !ok || got != s {
			t.Errorf("%s reads as %v, written as %s", s, d, got)
		}
	}
	if got := FormatDuration(24 * time.Hour); got != "1d" {
		t.Errorf("a day is written %s", got)
	}
}

// TestHasPlaintext agrees with Seal, which decides what the shell writes.
func TestHasPlaintext(t *testing.T) {
	for _, text := range []string{"", minimal, guide, service} {
		out, n, err := Seal([]byte(text), testSeal)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := Parse([]byte(text))
		after, err := Parse(out)
		if err != nil || before.HasPlaintext() != (n > 0) || after.HasPlaintext() {
			t.Errorf("%d to seal, HasPlaintext %v, then %v, %v\n%s", n, before.HasPlaintext(),
				after.HasPlaintext(), err, text)
		}
	}
}
