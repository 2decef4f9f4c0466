package auditlog

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSnapshot(t *testing.T) {
	h := newHome(t)
	if parts, foreign, err := Snapshot(h); err != nil || parts != nil || foreign != nil {
		t.Errorf("without a log: %v, %v, %v", parts, foreign, err)
	}
	for name, text := range map[string]string{
		"2026-11-23.cli.jsonl": "12345", "2026-11-23.q7m2k4xa.p0002.jsonl": "1",
		"2026-11-22.cli.jsonl.torn": "12", "2026-11-23.aaaaaaaa.jsonl": "", "notes.txt": "x",
		"2026-11-23.cli.jsonl.torn.torn":  "x",
		"2026-11-23.q7m2k4xa.p0001.jsonl": "x",
	} {
		must(t, os.WriteFile(filepath.Join(h.LogsPath(), name), []byte(text), 0o600))
	}
	parts, foreign, err := Snapshot(h)
	must(t, err)
	// a file without its first line is left out, because it may soon list heads that the sizes of
	// the others do not include
	want := []Part{
		{"logs/2026-11-22.cli.jsonl.torn", 2}, {"logs/2026-11-23.cli.jsonl", 5},
		{"logs/2026-11-23.q7m2k4xa.p0002.jsonl", 1},
	}
	if !slices.Equal(parts, want) {
		t.Errorf("%v", parts)
	}
	if !slices.Equal(foreign, []string{"2026-11-23.cli.jsonl.torn.torn",
		"2026-11-23.q7m2k4xa.p0001.jsonl", "notes.txt"}) {
		t.Errorf("foreign: %v", foreign)
	}
	for _, name := range []string{
		"2026-11-23.cli.jsonl", "/logs/2026-11-23.cli.jsonl", "logs/x/2026-11-23.cli.jsonl",
		"logs/../logs/2026-11-23.cli.jsonl", "logs/", "sessions/2026-11-23.cli.jsonl",
		`logs\2026-11-23.cli.jsonl`,
	} {
		if IsName(name) {
			t.Errorf("%q is taken for a log file", name)
		}
	}
}
