package auditlog

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

func TestLastCommand(t *testing.T) {
	h := newHome(t)
	last := func(want string) {
		t.Helper()
		got, err := LastCommand(h, testVault, "key.export")
		if err != nil || want == "" && !got.IsZero() ||
			want != "" && got.Format(time.RFC3339) != want {
			t.Errorf("LastCommand = %v, %v, not %q", got, err, want)
		}
	}
	last("")
	now := at("2026-11-20T10:00:00Z")
	cli := open(t, h, Options{Writer: CLI, Now: now.Now})
	record := func(l *Log, event string) {
		must(t, l.Append([]audit.Record{{TS: now.now.UnixMilli(), Event: event}}, true))
		now.now = now.now.Add(24 * time.Hour)
	}
	record(cli, "key.trust")
	last("")
	record(cli, "key.export")
	record(cli, "session.revoke")
	last("2026-11-21T10:00:00Z")
	record(cli, "key.export")
	last("2026-11-23T10:00:00Z")

	// neither a record of another writer counts, nor a forged line
	record(open(t, h, Options{Now: now.Now}), "key.export")
	last("2026-11-23T10:00:00Z")
	path := h.Path("logs/2026-11-23.cli.jsonl")
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path,
		[]byte(strings.ReplaceAll(string(text), `"ts":"2026-11-23`, `"ts":"2026-11-29`)), 0o600))
	last("2026-11-21T10:00:00Z")
}

func TestNewest(t *testing.T) {
	h := newHome(t)
	if got, err := Newest(h); err != nil || !got.IsZero() {
		t.Errorf("of an empty log: %v, %v", got, err)
	}
	now := at("2026-11-20T10:00:00Z")
	first := open(t, h, Options{Now: now.Now})
	must(t, first.Append([]audit.Record{{TS: now.now.UnixMilli(), Event: "intent"}}, true))
	now.now = now.now.Add(time.Hour)
	second := open(t, h, Options{Now: now.Now})
	must(t, second.Append([]audit.Record{{TS: now.now.UnixMilli(), Event: "intent"}}, true))
	now.now = now.now.Add(-time.Minute)
	must(t, first.Append([]audit.Record{{TS: now.now.UnixMilli(), Event: "result"}}, true))
	if got, err := Newest(h); err != nil || got.Format(time.RFC3339) != "2026-11-20T11:00:00Z" {
		t.Errorf("%v, %v", got, err)
	}
}
