package auditlog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
)

func TestFollow(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	i1, r1 := call(time.Now().UnixMilli(), "1", "stripe")
	i2, r2 := call(time.Now().UnixMilli(), "2", "stripe")
	i3, r3 := call(time.Now().UnixMilli(), "3", "github")
	must(t, l.Append(append(i1, r1...), true)) // before
	rows := make(chan Row, 10)
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan Page), make(chan error, 1)
	go func() {
		ended <- Follow(ctx, h, Filter{Service: "stripe"}, func(p Page) { started <- p },
			func(r Row) { rows <- r })
	}()
	if page := <-started; show(page.Rows) != "1r=200" {
		t.Errorf("first %s", show(page.Rows))
	}
	other := open(t, h, Options{})
	must(t, other.Append(append(i3, r3...), true))
	must(t, other.Append(i2, true))
	time.Sleep(2 * followEvery)
	must(t, other.Append(r2, true))
	got := <-rows
	cancel()
	if err := <-ended; err != nil || len(rows) != 0 {
		t.Errorf("%v, %d more rows", err, len(rows))
	}
	if show([]Row{got}) != "2r=200" || got.Time.UnixMilli() != i2[0].TS {
		t.Errorf("row %+v", got)
	}
}

// watched is a follower that is made to look by hand.
type watched struct {
	*follower
	rows []Row
}

func watch(t *testing.T, h *home.Home, filter Filter, now func() time.Time) (*watched, Page) {
	t.Helper()
	w := &watched{}
	w.follower = newFollower(h, filter, func(r Row) { w.rows = append(w.rows, r) })
	w.now = now
	page, err := w.first()
	must(t, err)
	return w, page
}

// expect looks, and fails unless just these rows came.
func (w *watched) expect(t *testing.T, when, want string) {
	t.Helper()
	must(t, w.look())
	if got := show(w.rows); got != want {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
	w.rows = nil
}

func TestFollowOverMidnightAndWriters(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T23:59:58Z")
	a := open(t, h, Options{Now: c.Now})
	i1, r1 := call(c.now.UnixMilli(), "1", "stripe")
	must(t, a.Append(i1, false))
	w, page := watch(t, h, Filter{}, c.Now)
	if show(page.Rows) != "1i=?" {
		t.Errorf("first %s", show(page.Rows))
	}
	w.expect(t, "nothing new", "")

	b := open(t, h, Options{Now: c.Now}) // a process that starts later
	i2, r2 := call(c.now.UnixMilli(), "2", "github")
	must(t, b.Append(append(i2, r2...), false))
	w.expect(t, "a new writer", "2r=200")

	late := *c
	// both continue in new files, and the clock of a third is slow
	c.now = c.now.Add(5 * time.Second)
	behind := open(t, h, Options{Now: late.Now})
	i0, r0 := call(late.now.UnixMilli(), "0", "stripe")
	must(t, behind.Append(append(i0, r0...), false))
	w.expect(t, "a file of yesterday", "0r=200")
	must(t, a.Append(r1, false))
	w.expect(t, "a result after midnight", "1r=200")
	i3, r3 := call(c.now.UnixMilli(), "3", "github")
	must(t, b.Append(i3, false))
	shared := open(t, h, Options{Now: c.Now, Writer: CLI})
	must(t,
		shared.Append([]audit.Record{{TS: c.now.UnixMilli(), Event: eventDeny, Req: "4",
			Code: "RULE_DENY"}}, false))
	w.expect(t, "the shared writer", "4d=RULE_DENY")

	c.now = c.now.AddDate(0, 0, 3)
	r3[0].TS = c.now.UnixMilli()
	must(t, b.Append(r3, false))
	w.expect(t, "three days later", "3r=200")
	w.expect(t, "nothing twice", "")
}

// TestFollowMissesNothing writes between the moment in which the follower notes where the files end
// and its first page.
func TestFollowMissesNothing(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	w := &watched{}
	w.follower = newFollower(h, Filter{Limit: 2}, func(r Row) { w.rows = append(w.rows, r) })
	must(t, w.skipPast())
	now := time.Now().UnixMilli()
	for i := range 4 {
		intent, result := call(now+int64(i), fmt.Sprint(i), "stripe")
		must(t, l.Append(append(intent, result...), false))
	}
	open5, _ := call(now+9, "9", "stripe")
	must(t, l.Append(open5, false))
	seen := w.seen
	w.seen = map[string]int64{}
	page, err := w.first()
	must(t, err)
	w.seen = seen
	if show(page.Rows) != "3r=200 9i=?" {
		t.Errorf("first %s", show(page.Rows))
	}
	w.expect(t, "what the page had no room for", "0r=200 1r=200 2r=200")
}

func TestFollowFilters(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	now := time.Now()
	allowed, _ := watch(t, h, Filter{Decision: "allow", Agent: "ann"}, time.Now)
	denied, _ := watch(t, h, Filter{Decision: "deny", Since: now}, time.Now)
	until, _ := watch(t, h, Filter{Until: now.Add(time.Minute)}, time.Now)
	i1, r1 := call(now.UnixMilli()+1, "1", "stripe")
	late, lateEnd := call(now.Add(time.Hour).UnixMilli(), "2", "stripe")
	late[0].Agent, lateEnd[0].Agent = "bob", "bob"
	must(t, l.Append(append(append(i1, r1...), append(late, lateEnd...)...), false))
	must(t,
		l.Append([]audit.Record{{TS: now.UnixMilli() + 2, Event: eventDeny, Req: "3", Agent: "ann",
			Code: "LOCKED"}}, false))
	allowed.expect(t, "allowed", "1r=200")
	denied.expect(t, "denied", "3d=LOCKED")
	until.expect(t, "until", "1r=200 3d=LOCKED")
}

// TestFollowSkips feeds it torn, foreign and endless lines, and files that come and go.
func TestFollowSkips(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(1), true))
	w, _ := watch(t, h, Filter{}, time.Now)
	path := l.chain.file.Name()
	write := func(text string) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		must(t, err)
		_, err = f.WriteString(text)
		must(t, err)
		must(t, f.Close())
	}
	write("rubbish\n\n\xff\xfe\x00\n" + strings.Repeat("x", maxLine+100_000) + "\n")
	i1, r1 := call(time.Now().UnixMilli(), "1", "stripe")
	must(t, l.Append(append(i1, r1...), true))
	w.expect(t, "after rubbish", "1r=200")
	deny := string(audit.NewChain([]byte("any"), l.chain.writer).Next(audit.Record{
		Event: eventDeny,
		Req:   "2",
		Code:  "LOCKED",
	}))
	write(deny[:30])
	w.expect(t, "half a line", "")
	write(deny[30:])
	w.expect(t, "the other half", "2d=LOCKED")
	write(strings.Repeat("y", maxLine+100_000))
	w.expect(t, "no end in sight", "")
	must(t, os.WriteFile(filepath.Join(h.LogsPath(), "notes.txt"), []byte("x"), 0o600))
	must(t, os.Remove(path))
	w.expect(t, "the file is gone", "")
}
