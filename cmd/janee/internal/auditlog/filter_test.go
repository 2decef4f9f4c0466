package auditlog

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// history writes one call a day at noon, starting on 2026-11-20: in turn by ann to stripe and by
// bob to github, every third one refused.
func history(t *testing.T, days int) (dir string, read func(Filter) Page) {
	h := newHome(t)
	c := at("2026-11-20T12:00:00Z")
	l := open(t, h, Options{Now: c.Now})
	for i := range days {
		req := string(rune('a' + i))
		r := audit.Record{
			TS:         c.now.UnixMilli(),
			Event:      eventIntent,
			Req:        req,
			Agent:      []string{"ann", "bob"}[i%2],
			Service:    []string{"stripe", "github"}[i%2],
			Capability: []string{"stripe_readonly", "github"}[i%2],
			Decision:   "allow",
		}
		end := r
		end.Event, end.Decision, end.Status, end.TS = eventResult, "", 200, r.TS+1
		records := []audit.Record{r, end}
		if i%3 == 2 {
			r.Event, r.Decision, r.Code = eventDeny, "deny", "RULE_DENY"
			records = []audit.Record{r}
		}
		must(t, l.Append(records, false))
		c.now = c.now.AddDate(0, 0, 1)
	}
	return h.LogsPath(), func(f Filter) Page {
		t.Helper()
		page, err := Read(h, f)
		must(t, err)
		return page
	}
}

func TestFilter(t *testing.T) {
	_, read := history(t, 6)
	day := func(n int) time.Time { return at("2026-11-20T12:00:00Z").now.AddDate(0, 0, n) }
	for _, q := range []struct {
		name   string
		filter Filter
		want   string
	}{
		{"agent", Filter{Agent: "bob"}, "br=200 dr=200 fd=RULE_DENY"},
		{"capability", Filter{Capability: "stripe_readonly"}, "ar=200 cd=RULE_DENY er=200"},
		{"part of a name", Filter{Capability: "stripe"}, ""},
		{"denied", Filter{Decision: "deny"}, "cd=RULE_DENY fd=RULE_DENY"},
		{"allowed, though results do not say so", Filter{Decision: "allow"},
			"ar=200 br=200 dr=200 er=200"},
		{"a decision leaves events out", Filter{Decision: "allow", Events: true, Agent: "ann"},
			"ar=200 er=200"},
		{"since, inclusive", Filter{Since: day(4)}, "er=200 fd=RULE_DENY"},
		{"until, exclusive", Filter{Until: day(2)}, "ar=200 br=200"},
		{"both", Filter{Since: day(1), Until: day(3).Add(time.Millisecond)},
			"br=200 cd=RULE_DENY dr=200"},
		{"nothing between", Filter{Since: day(1).Add(time.Second), Until: day(2)}, ""},
		{"all at once", Filter{Agent: "bob", Service: "github", Capability: "github",
			Decision: "allow", Since: day(0), Until: day(5), Limit: 1}, "dr=200"},
		{"newest of an agent", Filter{Agent: "ann", Limit: 2}, "cd=RULE_DENY er=200"},
	} {
		if page := read(q.filter); show(page.Rows) != q.want || page.Skipped != 0 {
			t.Errorf("%s: %q, want %q; skipped %d", q.name, show(page.Rows), q.want, page.Skipped)
		}
	}
}

// A call that began before Since is not shown, even if its result is later.
func TestSinceCutsACallInTwo(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T23:59:59Z")
	l := open(t, h, Options{Now: c.Now})
	intent, result := call(c.now.UnixMilli(), "1", "stripe")
	must(t, l.Append(intent, false))
	c.now = c.now.Add(2 * time.Second)
	result[0].TS = c.now.UnixMilli()
	must(t, l.Append(result, false))
	for since, want := range map[string]string{
		"2026-11-24T00:00:00Z": "", "2026-11-23T23:59:59Z": "1r=200",
	} {
		page, err := Read(h, Filter{Since: at(since).now})
		must(t, err)
		if show(page.Rows) != want {
			t.Errorf("since %s: %q, want %q", since, show(page.Rows), want)
		}
	}
}

// TestBoundsSaveReading makes the files of days outside of the bounds unreadable.
func TestBoundsSaveReading(t *testing.T) {
	dir, read := history(t, 10)
	spoil := func(from, to int) {
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range files[from:to] {
			must(t, os.WriteFile(filepath.Join(dir, f.Name()), []byte("rubbish\n"), 0o600))
		}
	}
	spoil(0, 4)
	since := at("2026-11-24T00:00:00Z").now
	if page := read(Filter{Since: since, Limit: 20}); len(page.Rows) != 6 || page.Skipped != 0 {
		t.Errorf("since: %s, skipped %d", show(page.Rows), page.Skipped)
	}
	if page := read(Filter{Limit: 3}); page.Skipped != 0 {
		t.Errorf("limit: skipped %d", page.Skipped)
	}
	if page := read(Filter{Agent: "nobody", Limit: 3}); page.Skipped != 4 {
		t.Errorf("no bound: skipped %d", page.Skipped)
	}
	spoil(7, 10)
	page := read(Filter{Since: since, Until: at("2026-11-25T20:00:00Z").now})
	if len(page.Rows) != 2 || page.Skipped != 0 {
		t.Errorf("until: %s, skipped %d", show(page.Rows), page.Skipped)
	}
}
