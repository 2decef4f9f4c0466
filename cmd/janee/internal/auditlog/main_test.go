package auditlog

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testVault = vault.New(vault.NewRoot([32]byte{1, 2, 3}), "5f0c2f7c9b3e4d11a7d2c0ffee000001")

func newHome(t testing.TB) *home.Home {
	t.Helper()
	h, err := home.Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func open(t testing.TB, h *home.Home, o Options) *Log {
	t.Helper()
	o.Version = "test"
	l, err := Open(h, testVault, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a time that tests set.
type clock struct{ now time.Time }

func at(text string) *clock {
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return &clock{now}
}

func (c *clock) Now() time.Time { return c.now }

// call returns the two records of a call that began at ms.
func call(ms int64, req, service string) (intent, result []audit.Record) {
	r := audit.Record{
		TS:         ms,
		Event:      "intent",
		Req:        req,
		Agent:      "ann",
		Service:    service,
		Capability: service,
		Method:     "GET",
		Target:     "/" + req,
		Reason:     "why",
		Decision:   "allow",
		Rule:       "GET *",
	}
	end := r
	end.Event, end.TS, end.Status, end.DurationMs, end.Bytes, end.Decision, end.Rule = "result",
		ms+5, 200, 5, 99, "", ""
	return []audit.Record{r}, []audit.Record{end}
}

func some(n int) []audit.Record {
	records := make([]audit.Record, n)
	for i := range records {
		intent, _ := call(1_795_426_425_000+int64(i), fmt.Sprintf("r%d", i), "stripe")
		records[i] = intent[0]
	}
	return records
}

// some returns records of the time that c tells.
func (c *clock) some(n int) []audit.Record {
	records := some(n)
	for i := range records {
		records[i].TS = c.now.UnixMilli() + int64(i)
	}
	return records
}

// verified fails unless the log is without problems, and returns the report.
func verified(t testing.TB, h *home.Home) Report {
	t.Helper()
	r, err := Verify(h, h, testVault)
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("verify: %v %+v", err, r.Problems)
	}
	return r
}

// kinds returns the kinds of the problems that Verify finds.
func kinds(t testing.TB, h *home.Home) string {
	t.Helper()
	r, err := Verify(h, h, testVault)
	must(t, err)
	var list []string
	for _, p := range r.Problems {
		list = append(list, string(p.Kind))
	}
	return strings.Join(list, " ")
}

func paths(t testing.TB, h Dir) []string {
	t.Helper()
	files, _, err := list(h)
	must(t, err)
	var out []string
	for _, f := range files {
		out = append(out, f.path)
	}
	return out
}

func entries(t testing.TB, path string) []audit.Entry {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var out []audit.Entry
	for line := range strings.Lines(string(text)) {
		e, err := audit.Decode([]byte(line))
		must(t, err)
		out = append(out, e)
	}
	return out
}

func show(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s=%s ", r.Req+r.Event[:1], r.Outcome())
	}
	return strings.TrimSpace(b.String())
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}
