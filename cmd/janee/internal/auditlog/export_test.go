package auditlog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/audit"
)

// TestLinesAreAsWritten: the lines are those of the files, byte for byte, without what is not
// authentic.
func TestLinesAreAsWritten(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{MaxFile: 900})
	must(t, l.Append(some(4), true))
	must(t, l.Append(some(4), true))
	must(t, open(t, h, Options{Writer: CLI}).Append(some(2), true))
	var want bytes.Buffer
	for _, path := range paths(t, h) {
		want.Write(read(t, path))
	}
	got := func() (out bytes.Buffer, skipped int) {
		skipped, err := Lines(h, testVault, Filter{}, func(text []byte, _ audit.Entry) error {
			out.Write(append(text, '\n'))
			return nil
		})
		must(t, err)
		return out, skipped
	}
	if out, skipped := got(); skipped != 0 || out.String() != want.String() {
		t.Errorf("%d left out; wrote\n%s", skipped, out.String())
	}
	path := paths(t, h)[0]
	whole := read(t, path)
	edited := bytes.Replace(whole, []byte(`"seq":2`), []byte(`"seq":3`), 1)
	must(t, os.WriteFile(path, append(edited, `{"v":1,"half`...), 0o600))
	if out, skipped := got(); skipped != 2 || strings.Contains(out.String(), "half") ||
		bytes.Count(out.Bytes(), []byte("\n")) != bytes.Count(want.Bytes(), []byte("\n"))-1 {
		t.Errorf("%d left out; wrote\n%s", skipped, out.String())
	}
	stop := errors.New("the disk is full")
	if _, err := Lines(h, testVault, Filter{}, func([]byte, audit.Entry) error {
		return stop
	}); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestLinesFiltered(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T10:00:00Z")
	l := open(t, h, Options{Now: c.Now})
	for i, service := range []string{"stripe", "github"} {
		intent, result := call(c.now.UnixMilli()+int64(i)*1000, service, service)
		must(t, l.Append(append(intent, result...), true))
	}
	must(t,
		l.Append([]audit.Record{{TS: c.now.UnixMilli() + 2000, Event: "deny", Req: "no",
			Service: "stripe", Decision: "deny", Code: "RULE_DENY"}}, true))
	for name, c := range map[string]struct {
		filter Filter
		want   string
	}{
		"all":     {Filter{}, "open intent result intent result deny"},
		"service": {Filter{Service: "github"}, "intent result"},
		"denied":  {Filter{Decision: "deny"}, "deny"},
		"allowed": {Filter{Decision: "allow", Agent: "ann"}, "intent result intent result"},
		"since":   {Filter{Since: c.now.Add(1001 * time.Millisecond)}, "result deny"},
		"until":   {Filter{Until: c.now.Add(time.Second)}, "open intent result"},
		"a day":   {Filter{Since: c.now.AddDate(0, 0, 1)}, ""},
	} {
		var got []string
		_, err := Lines(h, testVault, c.filter, func(_ []byte, e audit.Entry) error {
			got = append(got, e.Event)
			return nil
		})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestCalls(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T10:00:00Z")
	l := open(t, h, Options{Now: c.Now})
	put := func(records ...audit.Record) { t.Helper(); must(t, l.Append(records, true)) }
	ms := c.now.UnixMilli()
	hung, _ := call(ms, "hung", "stripe")
	one, oneEnd := call(ms+10, "one", "stripe")
	two, twoEnd := call(ms+20, "two", "github")
	put(hung[0], one[0], two[0])
	put(twoEnd[0], audit.Record{
		TS:       ms + 30,
		Event:    "deny",
		Req:      "no",
		Decision: "deny",
		Code:     "RULE_DENY",
	})
	must(t, l.Close())
	// the result is in another chain, as after a failed write
	l = open(t, h, Options{Now: c.Now})
	put(oneEnd[0])
	for name, c := range map[string]struct {
		filter Filter
		want   string
	}{
		"all":   {Filter{}, "hungi=? noD=RULE_DENY oner=200 twor=200"},
		"allow": {Filter{Decision: "allow"}, "hungi=? oner=200 twor=200"},
		"deny":  {Filter{Decision: "deny"}, "noD=RULE_DENY"},
		// one began before
		"since": {Filter{Since: time.UnixMilli(ms + 11)}, "noD=RULE_DENY twor=200"},
		// and ended after
		"until": {Filter{Until: time.UnixMilli(ms + 11)}, "hungi=? oner=200"},
	} {
		var rows []Row
		skipped, err := Calls(h, testVault, c.filter, func(r Row) error {
			rows = append(rows, r)
			return nil
		})
		got := strings.Fields(strings.ReplaceAll(show(rows), "nod=", "noD="))
		if slices.Sort(got); err != nil || skipped != 0 || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v; want %s", name, got, err, c.want)
		}
	}
}

// TestCallsWithoutAnEnd: intents that never end do not pile up in memory.
func TestCallsWithoutAnEnd(t *testing.T) {
	shown := map[string]int{}
	j := &joiner{open: map[string]audit.Record{}, emit: func(r Row) error {
		shown[r.Req+r.Event]++
		return nil
	}}
	const n = 5 * maxOpen
	for i := range n {
		must(t, j.add(audit.Record{Event: eventIntent, Req: fmt.Sprint(i)}))
		if len(j.open) > 2*maxOpen || len(j.order) > 2*maxOpen {
			t.Fatalf("%d calls are remembered", len(j.open))
		}
	}
	must(t, j.add(audit.Record{Event: eventResult, Req: "0"}))               // was given up
	must(t, j.add(audit.Record{Event: eventResult, Req: fmt.Sprint(n - 1)})) // was not
	must(t, j.release(len(j.order)))
	if len(shown) != n+1 || shown["0intent"] != 1 || shown["0result"] != 1 ||
		shown[fmt.Sprint(n-1)+"result"] != 1 {
		t.Errorf("%d rows", len(shown))
	}
}

// TestALargeLogTakesLittleMemory reads a log of 24 MiB in parts, with a filter that selects nothing
// and as an export.
func TestALargeLogTakesLittleMemory(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{MaxFile: 4 << 20})
	var batch []audit.Record
	for i := range 500 {
		intent, result := call(time.Now().UnixMilli(), fmt.Sprintf("r%d", i), "stripe")
		intent[0].Reason, result[0].Reason = strings.Repeat("long ", 90),
			strings.Repeat("long ", 90)
		batch = append(batch, intent[0], result[0])
	}
	for range 26 {
		must(t, l.Append(batch, false))
	}
	must(t, l.Close())
	size, err := Measure(h)
	if err != nil || size.Bytes < 20<<20 || len(paths(t, h)) < 5 {
		t.Fatalf("%+v, %v", size, err)
	}
	for name, read := range map[string]func() error{
		"Lines": func() error {
			_, err := Lines(h, testVault, Filter{}, func([]byte, audit.Entry) error { return nil })
			return err
		},
		"Calls": func() error {
			_, err := Calls(h, testVault, Filter{}, func(Row) error { return nil })
			return err
		},
		"Read": func() error { _, err := Read(h, Filter{Agent: "nobody", Limit: 20}); return err },
	} {
		if grown := heapAfter(t, read); grown > 10<<20 {
			t.Errorf("%s: the heap has grown by %d MiB", name, grown>>20)
		}
	}
}

// heapAfter returns the most by which the live heap has grown while do ran.
func heapAfter(t *testing.T, do func() error) int64 {
	t.Helper()
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, done, most := live(), make(chan error, 1), int64(0)
	go func() { done <- do() }()
	for {
		select {
		case err := <-done:
			must(t, err)
			return most
		case <-time.After(20 * time.Millisecond):
			most = max(most, live()-before)
		}
	}
}
