package auditlog

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

func TestRead(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T23:59:50Z")
	a, b := open(t, h, Options{Now: c.Now}), open(t, h, Options{Now: c.Now})
	now := func() int64 { return c.now.UnixMilli() }
	step := func() { c.now = c.now.Add(time.Second) }
	put := func(l *Log, records []audit.Record) {
		t.Helper()
		must(t, l.Append(records, false))
		step()
	}

	i1, r1 := call(now(), "1", "stripe")
	put(a, i1)
	i2, r2 := call(now(), "2", "github")
	put(b, i2)
	r2[0].Status, r2[0].Code = 0, "UPSTREAM_TIMEOUT"
	put(b, r2)
	put(a, []audit.Record{{TS: now(), Event: "session.open", Service: "stripe", Agent: "ann"}})
	put(a,
		[]audit.Record{{TS: now(), Event: "deny", Req: "3", Service: "stripe", Method: "POST",
			Target: "/x", Code: "RULE_DENY", Rule: "POST *"}})
	i4, _ := call(now(), "4", "github")
	put(a, i4)
	c.now = c.now.Add(10 * time.Second) // the next day
	r1[0].TS = now()
	put(a, r1) // the result of the first call
	i5, r5 := call(now(), "5", "stripe")
	put(b, i5)
	put(b, r5)
	_, orphan := call(now(), "6", "stripe")
	put(a, orphan)

	for _, q := range []struct {
		name   string
		filter Filter
		want   string
	}{
		{"all", Filter{}, "1r=200 2r=UPSTREAM_TIMEOUT 3d=RULE_DENY 4i=? 5r=200 6r=200"},
		{"service", Filter{Service: "github"}, "2r=UPSTREAM_TIMEOUT 4i=?"},
		{"unknown service", Filter{Service: "none"}, ""},
		{"newest", Filter{Limit: 3}, "3d=RULE_DENY 4i=? 5r=200"},
		{"newest of a service", Filter{Limit: 2, Service: "stripe"}, "3d=RULE_DENY 5r=200"},
		{"more than there is", Filter{Limit: 100, Service: "github"}, "2r=UPSTREAM_TIMEOUT 4i=?"},
		{"events", Filter{Events: true, Service: "stripe"},
			"1r=200 s=session.open 3d=RULE_DENY 5r=200 6r=200"},
	} {
		page, err := Read(h, q.filter)
		if got := show(page.Rows); err != nil || got != q.want || page.Skipped != 0 {
			t.Errorf("%s: %q, want %q; skipped %d, %v", q.name, got, q.want, page.Skipped, err)
		}
	}
	page, _ := Read(h, Filter{Limit: 6})
	want := `{"ts":"2026-11-23T23:59:50Z","event":"result","req":"1","agent":"ann",` +
		`"capability":"stripe","service":"stripe","method":"GET","target":"/1",` +
		`"reason":"why","decision":"allow","rule":"GET *","status":200,"bytes":99,"durationMs":5}`
	if page, _ = Read(h, Filter{}); asJSON(t, page.Rows[0]) != want {
		t.Errorf("%s", asJSON(t, page.Rows[0]))
	}
}

func TestReadNothing(t *testing.T) {
	h := newHome(t)
	must(t, os.Remove(h.LogsPath()))
	if page, err := Read(h, Filter{Limit: 5}); err != nil || len(page.Rows) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	if r := verified(t, h); r.Files != 0 {
		t.Errorf("%+v", r)
	}
}

func TestReadSkips(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(3), true))
	path := l.chain.file.Name()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	foreign := audit.NewChain([]byte("some key, and thirty-two bytes of it"), "zzzzzzzz").Next(
		some(1)[0])
	_, err = f.WriteString("rubbish\n\n" + string(foreign) + `{"v":1,"w":"` + l.chain.writer)
	must(t, err)
	must(t, f.Close())
	must(t, os.WriteFile(filepath.Join(h.LogsPath(), "notes.txt"), []byte("x"), 0o600))
	for _, limit := range []int{0, 3} {
		page, err := Read(h, Filter{Limit: limit})
		if err != nil || page.Skipped != 4 || show(page.Rows) != "r0i=? r1i=? r2i=?" {
			t.Errorf("%s, skipped %d, %v", show(page.Rows), page.Skipped, err)
		}
	}
	r, err := Verify(h, h, testVault)
	if err != nil || len(r.Foreign) != 1 || r.Foreign[0] != "notes.txt" || len(r.Torn) != 1 ||
		len(r.Problems) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVerifyFinds(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(lines []string) []string
	}{
		{"nothing", "", func(l []string) []string { return l }},
		{"a byte changed", "edited", func(l []string) []string {
			l[2] = strings.Replace(l[2], "stripe", "strIpe", 1)
			return l
		}},
		{"a line removed", "missing", func(l []string) []string { return append(l[:2], l[3:]...) }},
		{"a line twice", "duplicate", func(l []string) []string { return append(l[:3], l[2:]...) }},
		{"two lines swapped", "reordered", func(l []string) []string {
			l[2], l[3] = l[3], l[2]
			return l
		}},
		{"the end removed", "truncated", func(l []string) []string { return l[:3] }},
		{"a torn line in the middle", "edited", func(l []string) []string {
			l[2] = l[2][:20] + "\n"
			return l
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			l := open(t, h, Options{})
			must(t, l.Append(some(5), true))
			must(t, open(t, h, Options{}).Append(some(1), true)) // has seen all of it
			path := l.chain.file.Name()
			text, err := os.ReadFile(path)
			must(t, err)
			lines := c.change(strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n"))
			must(t, os.WriteFile(path,
				[]byte(strings.TrimSuffix(strings.Join(lines, ""), "\n")+"\n"), 0o600))
			if got := kinds(t, h); got != c.want {
				t.Errorf("found %q", got)
			}
		})
	}
}

// A torn line is a trace of a crash at the end of a chain only; before a newer file of the chain it
// is an edit.
func TestTornLineBeforeNewerFile(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T12:00:00Z")
	l := open(t, h, Options{Now: c.Now})
	must(t, l.Append(c.some(2), true))
	c.now = c.now.AddDate(0, 0, 1)
	must(t, l.Append(c.some(2), true))
	got := paths(t, h)
	fi, err := os.Lstat(got[0])
	must(t, err)
	must(t, os.Truncate(got[0], fi.Size()-5))
	if got := kinds(t, h); got != "edited" {
		t.Errorf("found %q", got)
	}
}

func TestTail(t *testing.T) {
	h := newHome(t)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		var lines [][]byte
		for range random.IntN(20) {
			size := random.IntN(200)
			if random.IntN(8) == 0 {
				size = random.IntN(5 * block)
			}
			lines = append(lines, bytes.Repeat([]byte{byte('a' + random.IntN(26))}, size))
		}
		torn := bytes.Repeat([]byte("t"), random.IntN(2)*random.IntN(3*block))
		text := append(bytes.Join(lines, []byte("\n")), '\n')
		if len(lines) == 0 {
			text = nil
		}
		path := filepath.Join(h.LogsPath(), "f")
		must(t, os.WriteFile(path, append(text, torn...), 0o600))
		b, err := openTail(h, file{path: path})
		must(t, err)
		if !bytes.Equal(b.torn, torn) {
			t.Fatalf("round %d: torn %d bytes, want %d", round, len(b.torn), len(torn))
		}
		for i := len(lines) - 1; i >= 0; i-- {
			if got, err := b.next(); err != nil || !bytes.Equal(got, lines[i]) {
				t.Fatalf("round %d, line %d: %d bytes, want %d; %v", round, i, len(got),
					len(lines[i]), err)
			}
		}
		if _, err := b.next(); err != io.EOF {
			t.Fatalf("round %d: %v at the start", round, err)
		}
	}
}

// TestLongLine puts a line without an end over the end of one file and into the middle of another,
// as a broken disk may.
func TestLongLine(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(1), true))
	f, err := os.OpenFile(l.chain.file.Name(), os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.Write(append(make([]byte, 2*maxLine+5), '\n'))
	must(t, err)
	must(t, f.Close())
	must(t, l.Append(some(2)[1:], true))
	path := filepath.Join(h.LogsPath(), fileName("2026-11-23", CLI, 1))
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Truncate(path, 3*maxLine))
	if page, err := Read(h, Filter{}); err != nil || show(page.Rows) != "r0i=? r1i=?" ||
		page.Skipped != 2 {
		t.Errorf("read: %s, skipped %d, %v", show(page.Rows), page.Skipped, err)
	}
	r, err := Verify(h, h, testVault)
	must(t, err)
	want := []string{
		filepath.Base(path) + ":1 edited", filepath.Base(l.chain.file.Name()) + ":3 edited",
	}
	var got []string
	for _, p := range r.Problems {
		got = append(got, fmt.Sprintf("%s:%d %s", p.File, p.Line, p.Kind))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || r.Lines != 5 || len(r.Torn) != 0 {
		t.Errorf("verify: %v, %d lines, torn %v; want %v", got, r.Lines, r.Torn, want)
	}
	if err := open(t, h, Options{Writer: CLI}).Append(some(1), true); err == nil ||
		!strings.Contains(err.Error(), "a line without an end") {
		t.Errorf("append after it: %v", err)
	}
}

// Reading takes no lock, so it must work while writers write.
func TestReadWhileWriting(t *testing.T) {
	h := newHome(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 3 {
		l := open(t, h, Options{Writer: []string{"", "", CLI}[w]})
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				intent, result := call(time.Now().UnixMilli(), fmt.Sprintf("%d.%d", w, i), "stripe")
				if err := l.Append(append(intent, result...), i%50 == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 12 {
		if _, err := Read(h, Filter{Limit: 20}); err != nil {
			t.Error(err)
		}
		if r, err := Verify(h, h, testVault); err != nil || len(r.Problems) > 0 {
			t.Errorf("%v %+v", err, r.Problems)
		}
		_ = open(t, h, Options{}).Append(some(1), true) // a new chain that attests those at work
	}
	close(stop)
	wg.Wait()
	verified(t, h)
}

func BenchmarkReadLast20(b *testing.B) {
	h := newHome(b)
	l := open(b, h, Options{})
	for range 100 {
		must(b, l.Append(some(1000), false))
	}
	must(b, l.Close())
	for b.Loop() {
		if page, err := Read(h, Filter{Limit: 20}); err != nil || len(page.Rows) != 20 {
			b.Fatal(err)
		}
	}
}
