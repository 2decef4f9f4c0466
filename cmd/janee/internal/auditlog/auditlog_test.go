package auditlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/audit"
)

func TestOpenCostsNothing(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(nil, true))
	must(t, l.Close())
	if got := paths(t, h); got != nil {
		t.Errorf("made %v", got)
	}
}

func TestFileOfAChain(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{Now: at("2026-11-23T23:59:00-02:00").Now})
	must(t, l.Append(some(3), true))
	must(t, l.Append(some(2), false))
	got := paths(t, h)
	if len(got) != 1 {
		t.Fatalf("files %v", got)
	}
	if name := filepath.Base(got[0]); !strings.HasPrefix(name, "2026-11-24.") ||
		len(name) != len("2026-11-24.q7m2k4xa.jsonl") {
		t.Errorf("name %q", name) // UTC
	}
	if fi, err := os.Lstat(got[0]); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	list := entries(t, got[0])
	if len(list) != 6 || list[0].Event != "open" || list[0].Detail["version"] != "test" ||
		list[0].Detail["heads"] != "" || list[5].Seq != 6 {
		t.Errorf("lines %+v", list)
	}
	if r := verified(t, h); r.Files != 1 || r.Lines != 6 {
		t.Errorf("report %+v", r)
	}
}

func TestClose(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(1), false))
	c := l.chain
	must(t, l.Close())
	if c.synced != c.written {
		t.Error("Close did not wait for the disk")
	}
	must(t, l.Close())
	if err := l.Append(some(1), true); !errors.Is(err, errClosed) {
		t.Errorf("error %v", err)
	}
}

func TestNoVault(t *testing.T) {
	l, err := Open(newHome(t), nil, Options{})
	must(t, err)
	if err := l.Append(some(1), true); hint.ExitCode(err) != hint.Locked || hint.Of(err) == "" {
		t.Errorf("error %v", err)
	}
}

func TestUnknownWriter(t *testing.T) {
	if _, err := Open(newHome(t), testVault, Options{Writer: "../x"}); err == nil {
		t.Error("not refused")
	}
}

func TestGroupCommit(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	const callers, each = 32, 10
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				if err := l.Append(some(1), true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d appends, %d syncs", callers*each, l.syncs)
	if l.syncs >= callers*each/2 {
		t.Errorf("%d appends took %d syncs", callers*each, l.syncs)
	}
	if r := verified(t, h); r.Lines != callers*each+1 {
		t.Errorf("%d lines", r.Lines)
	}
}

// A durable append must not rely on a sync that began before the record was written.
func TestDurableMeansSynced(t *testing.T) {
	l := open(t, newHome(t), Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				l.mu.Lock()
				c, err := l.current("2026-11-23")
				if err == nil {
					err = c.write(some(1), l.giveUp)
				}
				n, begun := c.written, l.syncs
				if err == nil {
					err = l.wait(c, n)
				}
				if err != nil || l.syncs == begun {
					t.Errorf("batch %d: no sync has begun since it was written, %v", n, err)
				}
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestSyncedSoon(t *testing.T) {
	l := open(t, newHome(t), Options{})
	must(t, l.Append(some(1), false))
	began := time.Now()
	for {
		l.mu.Lock()
		done := l.chain.synced == l.chain.written
		l.mu.Unlock()
		if done {
			break
		}
		if time.Since(began) > 2*time.Second {
			t.Fatal("never synced")
		}
		time.Sleep(time.Millisecond)
	}
	if l.syncs != 1 {
		t.Errorf("%d syncs", l.syncs)
	}
	t.Logf("after %v", time.Since(began))
}

func TestMidnight(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T23:59:59Z")
	l := open(t, h, Options{Now: c.Now})
	must(t, l.Append(c.some(1), false))
	c.now = c.now.Add(time.Second)
	must(t, l.Append(c.some(2), true))
	c.now = c.now.Add(-time.Hour) // set back: the chain stays in its newer file
	must(t, l.Append(c.some(1), true))
	c.now = c.now.Add(72 * time.Hour)
	must(t, l.Append(c.some(1), true))
	got := paths(t, h)
	if len(got) != 3 || !strings.Contains(got[1], "2026-11-24.") ||
		!strings.Contains(got[2], "2026-11-26.") {
		t.Fatalf("files %v", got)
	}
	if list := entries(t, got[1]); len(list) != 3 || list[0].Seq != 3 || list[0].Event == "open" {
		t.Errorf("second file %+v", list)
	}
	if len(l.chain.full) != 0 {
		t.Error("old files are still open")
	}
	verified(t, h)
}

func TestHeads(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T12:00:00Z")
	heads := func() string {
		t.Helper()
		l := open(t, h, Options{Now: c.Now})
		must(t, l.Append(some(1), true))
		must(t, l.Close())
		first := entries(t, l.pathOf(t))[0]
		var names []string
		for _, head := range strings.Fields(first.Detail["heads"]) {
			parts := strings.Split(head, ":")
			names = append(names, parts[0]+":"+parts[1])
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	a := open(t, h, Options{Now: c.Now})
	must(t, a.Append(some(4), true))
	aName := a.chain.writer
	if got, want := heads(), aName+":5"; got != want { // b
		t.Errorf("b attests %q, want %q", got, want)
	}
	bName := otherWriter(t, h.LogsPath(), aName)
	if got, want := heads(), bName+":2"; got != want { // c: a is as b has seen it
		t.Errorf("c attests %q, want %q", got, want)
	}
	cName := otherWriter(t, h.LogsPath(), aName, bName)
	must(t, a.Append(some(1), true))
	want := []string{aName + ":6", cName + ":2"}
	slices.Sort(want)
	if got := heads(); got != strings.Join(want, " ") { // d: a has moved
		t.Errorf("d attests %q, want %q", got, want)
	}
	verified(t, h)
	for _, name := range []string{aName, bName, cName} {
		path := filepath.Join(h.LogsPath(), "2026-11-23."+name+".jsonl")
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.Remove(path))
		if got := kinds(t, h); got != "truncated" {
			t.Errorf("%s removed: %q", name, got)
		}
		must(t, os.WriteFile(path, text, 0o600))
	}
	verified(t, h)
}

// pathOf finds the file of a closed log by elimination: it is the newest in the directory.
func (l *Log) pathOf(t *testing.T) string {
	t.Helper()
	var newest string
	var when time.Time
	for _, path := range paths(t, l.home) {
		fi, err := os.Lstat(path)
		must(t, err)
		if fi.ModTime().After(when) {
			newest, when = path, fi.ModTime()
		}
	}
	return newest
}

func otherWriter(t *testing.T, dir string, known ...string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range list {
		if f, ok := parseName(e.Name()); ok && !slices.Contains(known, f.writer) {
			return f.writer
		}
	}
	t.Fatal("no other writer")
	return ""
}

// A forged first record must not keep a chain from being attested.
func TestForgedAttestation(t *testing.T) {
	h := newHome(t)
	a, b := open(t, h, Options{}), open(t, h, Options{})
	must(t, b.Append(some(1), true))
	must(t, a.Append(some(1), true))
	head, end := a.chain.lines.Head(), b.chain.lines.Head()
	// a has seen all of b
	if heads, err := Heads(h, testVault); err != nil || len(heads) != 1 || heads[0] != head {
		t.Fatalf("heads %v, %v", heads, err)
	}
	path := b.chain.file.Name()
	text, err := os.ReadFile(path)
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "\n")
	forged := audit.NewChain([]byte("not the key of this vault, at all"), end.Writer).Open(1,
		"test", []audit.Head{head})
	must(t, os.WriteFile(path, append(forged, rest...), 0o600))
	if heads, err := Heads(h, testVault); err != nil || len(heads) != 1 || heads[0] != head {
		t.Errorf("heads %v, %v", heads, err)
	}
}

// The descriptor is that of a pipe: writes succeed, fdatasync fails (EINVAL), as on a disk that is
// gone.
func TestFailedSync(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(2), true))
	old := l.chain
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	must(t, old.file.Close())
	old.file = w

	var wg sync.WaitGroup
	errs := make([]error, 6)
	l.mu.Lock() // all of them wait for the same sync
	for i := range errs {
		wg.Go(func() { errs[i] = l.Append(some(1), true) })
	}
	l.mu.Unlock()
	wg.Wait()
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	if failed == 0 || old.err == nil {
		t.Fatalf("no append failed: %v", errs)
	}
	must(t, l.Append(some(1), true))
	if l.chain == old {
		t.Fatal("the broken chain goes on")
	}
	list := entries(t, l.chain.file.Name())
	if !strings.Contains(list[0].Detail["heads"], fmt.Sprintf("%s:3:", old.writer)) {
		t.Errorf("the new chain attests %q, not %s", list[0].Detail["heads"], old.writer)
	}
	if list[1].Event != "recover" || !strings.Contains(list[1].Detail["cause"], "sync") {
		t.Errorf("no note of the failure: %+v", list[1])
	}
	verified(t, h)
}

func TestFailedWrite(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(1), true))
	old := l.chain
	must(t, old.file.Close())
	if err := l.Append(some(1), true); err == nil {
		t.Fatal("no error")
	}
	must(t, l.Append(some(1), false)) // what has happened is worth a new chain
	if l.chain == old {
		t.Error("the broken chain goes on")
	}
	if r := verified(t, h); r.Files != 2 {
		t.Errorf("%+v", r)
	}
}

func TestLogsWithoutPlace(t *testing.T) {
	h := newHome(t)
	must(t, os.Remove(h.LogsPath()))
	must(t, os.WriteFile(h.LogsPath(), nil, 0o600)) // not even root can make a file in it
	for _, writer := range []string{"", CLI} {
		l := open(t, h, Options{Writer: writer})
		if err := l.Append(some(1), true); err == nil {
			t.Error("no error")
		}
		must(t, os.Remove(h.LogsPath()))
		must(t, l.Append(some(1), true)) // makes the directory
		must(t, os.RemoveAll(h.LogsPath()))
		must(t, os.WriteFile(h.LogsPath(), nil, 0o600))
	}
}

func TestFileOpenToOthers(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(1), true))
	path := l.chain.file.Name()
	must(t, os.Chmod(path, 0o644))
	_, err := Verify(h, h, testVault)
	_, err2 := Read(h, Filter{})
	err3 := open(t, h, Options{}).Append(some(1), true)
	for _, err := range []error{err, err2, err3} {
		if got := hint.Of(err); got != "chmod 600 "+path {
			t.Errorf("%v, hint %q", err, got)
		}
	}
}

func benchmarkAppend(b *testing.B, callers int, durable bool) {
	l := open(b, newHome(b), Options{})
	records := some(1)
	must(b, l.Append(records, true))
	b.ReportAllocs()
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range callers {
		n := b.N / callers
		if i < b.N%callers {
			n++
		}
		wg.Go(func() {
			for range n {
				if err := l.Append(records, durable); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(l.syncs)/float64(b.N), "syncs/op")
}

func BenchmarkAppendDurable1(b *testing.B)  { benchmarkAppend(b, 1, true) }
func BenchmarkAppendDurable32(b *testing.B) { benchmarkAppend(b, 32, true) }
func BenchmarkAppend1(b *testing.B)         { benchmarkAppend(b, 1, false) }
