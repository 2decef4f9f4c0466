package auditlog

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/core/audit"
)

func TestSharedChain(t *testing.T) {
	h := newHome(t)
	own := open(t, h, Options{})
	must(t, own.Append(some(1), true))
	const commands, each = 6, 4
	var wg sync.WaitGroup
	for range commands {
		l := open(t, h, Options{Writer: CLI}) // as another process would
		wg.Go(func() {
			for range each {
				if err := l.Append(some(2), false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	files, err := listWriters(h)
	must(t, err)
	if len(files[CLI]) != 1 {
		t.Fatalf("files %v", files)
	}
	list := entries(t, files[CLI][0].path)
	if len(list) != 1+commands*each*2 ||
		!strings.Contains(list[0].Detail["heads"], own.chain.writer+":2:") {
		t.Errorf("%d lines, first %+v", len(list), list[0])
	}
	verified(t, h)
}

func TestSharedChainOverDays(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T12:00:00Z")
	l := open(t, h, Options{Writer: CLI, Now: c.Now})
	must(t, l.Append(c.some(1), true))
	for range 3 {
		c.now = c.now.AddDate(0, 0, 1)
		must(t, l.Append(c.some(1), true))
	}
	c.now = c.now.AddDate(0, 0, -2) // set back
	must(t, l.Append(c.some(1), true))
	got := paths(t, h)
	if len(got) != 4 {
		t.Fatalf("files %v", got)
	}
	if list := entries(t, got[3]); len(list) != 2 || list[1].Seq != 6 {
		t.Errorf("last file %+v", list)
	}
	// A command killed between making a file and writing to it.
	must(t, os.Truncate(got[3], 0))
	must(t, l.Append(c.some(1), true))
	// the clock is still set back
	if list := entries(t, got[2]); len(list) != 2 || list[1].Seq != 5 {
		t.Errorf("after an empty file: %+v", list)
	}
	c.now = c.now.AddDate(0, 0, 2)
	must(t, l.Append(c.some(1), true))
	if list := entries(t, got[3]); len(list) != 1 || list[0].Seq != 6 {
		t.Errorf("in the empty file: %+v", list)
	}
	verified(t, h)
}

func TestTornLine(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{Writer: CLI})
	must(t, l.Append(some(2), true))
	path := paths(t, h)[0]
	whole, err := os.ReadFile(path)
	must(t, err)
	lines := strings.SplitAfter(string(whole), "\n")
	torn := lines[2][:len(lines[2])-2]
	must(t, os.WriteFile(path, []byte(lines[0]+lines[1]+torn), 0o600))
	if r := verified(t, h); len(r.Torn) != 1 ||
		r.Torn[0] != (Torn{filepath.Base(path), 3, len(torn), false}) || r.Lines != 2 {
		t.Errorf("report %+v", r)
	}
	must(t, l.Append(some(1), true))
	list := entries(t, path)
	if len(list) != 4 || list[2].Event != "recover" ||
		list[2].Detail["bytes"] != strconv.Itoa(len(torn)) {
		t.Errorf("lines %+v", list)
	}
	if aside, err := os.ReadFile(path + ".torn"); err != nil || string(aside) != torn+"\n" {
		t.Errorf("set aside %q, %v", aside, err)
	}
	if r := verified(t, h); len(r.Torn) != 0 || r.Foreign != nil {
		t.Errorf("report %+v", r)
	}
	must(t, l.Append(some(1), true))
	if list := entries(t, path); len(list) != 5 {
		t.Errorf("%d lines: the tear was recorded again", len(list))
	}
}

func TestTornFirstLine(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{Writer: CLI})
	must(t, l.Append(some(1), true))
	path := paths(t, h)[0]
	must(t, os.Truncate(path, 40))
	must(t, l.Append(some(1), true))
	if list := entries(t, path); len(list) != 3 || list[0].Event != "open" ||
		list[1].Event != "recover" {
		t.Errorf("lines %+v", list)
	}
	verified(t, h)
}

// A line that does not belong to the chain is skipped, so that it does the least damage, and stays
// for Verify to find.
func TestSharedChainBehindForeignLine(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{Writer: CLI})
	must(t, l.Append(some(1), true))
	path := paths(t, h)[0]
	whole, err := os.ReadFile(path)
	must(t, err)
	forged := audit.Continue([]byte("not the key of this vault, at all"),
		audit.Head{Writer: CLI, Seq: 999, Hash: strings.Repeat("a", 64)}).Next(some(1)[0])
	must(t, os.WriteFile(path, append(append(whole, forged...), "rubbish\n"...), 0o600))
	must(t, l.Append(some(1), true))
	text, err := os.ReadFile(path)
	must(t, err)
	last := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[4]
	if e, err := audit.Decode([]byte(last)); err != nil || e.Seq != 3 {
		t.Errorf("last line %s, %v", last, err)
	}
	if got := kinds(t, h); got != "edited edited" {
		t.Errorf("problems %q", got)
	}
}
