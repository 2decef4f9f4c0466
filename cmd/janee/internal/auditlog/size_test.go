package auditlog

import (
	"os"
	"testing"
)

func TestMeasure(t *testing.T) {
	h := newHome(t)
	if s, err := Measure(h); err != nil || s != (Size{}) {
		t.Errorf("nothing measures as %+v, %v", s, err)
	}
	day := at("2026-11-23T09:00:00Z")
	l := open(t, h, Options{Now: day.Now})
	must(t, l.Append(day.some(300), true))
	day.now = at("2026-11-24T09:00:00Z").now
	must(t, l.Append(day.some(300), true))
	var bytes int64
	for _, path := range paths(t, h) {
		fi, err := os.Stat(path)
		must(t, err)
		bytes += fi.Size()
	}
	want := Size{Bytes: bytes, Lines: 601} // one line opens the chain
	if s, err := Measure(h); err != nil || s != want {
		t.Errorf("measured %+v, %v, want %+v", s, err, want)
	}
	for _, most := range []int64{bytes / 10, bytes * 2 / 3} {
		s, err := measure(h, most)
		if err != nil || !s.Estimated || s.Bytes != bytes || s.Lines < 560 || s.Lines > 640 {
			t.Errorf("reading %d bytes gives %+v, %v", most, s, err)
		}
	}
	must(t, os.Chmod(paths(t, h)[0], 0o644))
	if _, err := Measure(h); err == nil {
		t.Error("a log that others can read is measured")
	}
}
