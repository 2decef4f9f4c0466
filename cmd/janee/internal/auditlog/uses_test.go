package auditlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

func used(id string, ms int64) audit.Record {
	// an agent may write text into its reason that looks like a field, and choose its own name
	return audit.Record{
		TS:      ms,
		Event:   "intent",
		Req:     "r",
		Session: id,
		Agent:   `x","event":"intent","session":"aaaa`,
		Reason:  `,"event":"intent",,"session":"aaaa"`,
	}
}

func TestUses(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-20T12:00:00Z")
	first, second := open(t, h, Options{Now: c.Now}), open(t, h, Options{Now: c.Now})
	ms := func() int64 { return c.now.UnixMilli() }
	// before the session was opened: not looked at
	must(t, first.Append([]audit.Record{used("aaaa", ms())}, true))
	c.now = c.now.AddDate(0, 0, 3)
	must(t,
		first.Append([]audit.Record{used("aaaa", ms()), used("bbbb", ms()), used("", ms())}, true))
	deny := used("aaaa", ms()+9)
	deny.Event = "deny"
	must(t, first.Append([]audit.Record{deny}, true))
	day := c.now
	must(t, second.Append([]audit.Record{used("aaaa", ms()-5), used("cccc", ms())}, true))
	c.now = c.now.Add(18 * time.Hour) // over midnight
	must(t, second.Append([]audit.Record{used("aaaa", ms())}, true))

	lives := map[string]Life{
		"aaaa": {day.Add(-time.Hour), c.now.Add(time.Hour)}, "bbbb": {day, day.Add(time.Hour)},
		"dddd": {day, day},
	}
	got, err := Uses(h, lives)
	must(t, err)
	if want := map[string]Use{
		"aaaa": {3, c.now}, "bbbb": {1, day},
	}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("uses %v, want %v", got, want)
	}
	if got, err := Uses(h, nil); err != nil || len(got) != 0 {
		t.Errorf("of no session: %v, %v", got, err)
	}
}

// Only the files of the days of the sessions are opened, so an unreadable file of another day does
// no harm.
func TestUsesLeavesOtherDaysAlone(t *testing.T) {
	h := newHome(t)
	for _, day := range []string{"2026-11-19", "2026-11-25"} {
		must(t, os.Mkdir(filepath.Join(h.LogsPath(), day+".abcdefgh.jsonl"), 0o700))
	}
	life := func(from, to string) map[string]Life {
		return map[string]Life{"aaaa": {at(from).now, at(to).now}}
	}
	if _, err := Uses(h, life("2026-11-20T00:00:00Z", "2026-11-24T23:59:59Z")); err != nil {
		t.Error(err)
	}
	if _, err := Uses(h, life("2026-11-20T00:00:00Z", "2026-11-25T00:00:00Z")); err == nil {
		t.Error("the last day was left out")
	}
}

func BenchmarkUses(b *testing.B) {
	h := newHome(b)
	day := at("2026-11-23T12:00:00Z")
	line := string(audit.NewChain(testVault.Key("x"), "abcdefgh").Next(used("aaaa",
		day.now.UnixMilli())))
	must(b, os.WriteFile(filepath.Join(h.LogsPath(), "2026-11-23.abcdefgh.jsonl"),
		[]byte(strings.Repeat(line, 100_000)), 0o600))
	b.SetBytes(int64(100_000 * len(line)))
	for b.Loop() {
		if got, err := Uses(h, map[string]Life{"aaaa": {day.now, day.now}}); err != nil ||
			got["aaaa"].Count != 100_000 {
			b.Fatal(got, err)
		}
	}
}
