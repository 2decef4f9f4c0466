//go:build unix

package auditlog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

const half = `{"v":1,"w":"half a li`

// tear leaves half a line at the end of a file, as a writer that was killed does, some time ago.
func tear(t *testing.T, path string, ago time.Duration) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(half)
	must(t, err)
	must(t, f.Close())
	then := time.Now().Add(-ago)
	must(t, os.Chtimes(path, then, then))
}

// tornHome has a chain whose writer is gone, with half a line at its end.
func tornHome(t *testing.T, ago time.Duration) (h *home.Home, path string) {
	h = newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(2), true))
	must(t, l.Close())
	path = paths(t, h)[0]
	tear(t, path, ago)
	return h, path
}

// TestTornChain: a server sets aside half a line of a killed one, after a record of it. It takes
// nothing else for half a line.
func TestTornChain(t *testing.T) {
	h, path := tornHome(t, 2*tornAge)
	if r := verified(t, h); len(r.Torn) != 1 {
		t.Errorf("before anybody has found it: %+v", r)
	}
	l := open(t, h, Options{})
	must(t, l.Append(some(1), true))
	list := entries(t, l.chain.file.Name())
	if d := list[1].Detail; list[1].Event != "recover" || d["cause"] != "torn line" ||
		d["file"] != filepath.Base(path) || d["bytes"] != "21" || len(d["sha256"]) != 64 {
		t.Errorf("no record: %+v", list[1])
	}
	if n := len(entries(t, path)); n != 3 || !bytes.HasSuffix(read(t, path), []byte("}\n")) {
		t.Errorf("%d lines are left", n)
	}
	if r := verified(t, h); len(r.Torn) != 0 || len(r.Foreign) != 0 {
		t.Errorf("afterwards: %+v", r)
	}
	must(t, open(t, h, Options{}).Append(some(1), true)) // it is found once
	verified(t, h)

	whole := read(t, path+tornSuffix)
	for name, c := range map[string]struct{ text, want string }{
		"edited":   {strings.Replace(half, "half", "Half", 1) + "\n", "missing edited"},
		"cut":      {half[:9] + "\n", "missing edited"},
		"added to": {half + "\nanother\n", "edited"},
		"emptied":  {"", "missing"},
		"twice":    {half + "\n" + half + "\n", ""}, // a crash between the copy and the cut
	} {
		must(t, os.WriteFile(path+tornSuffix, []byte(c.text), 0o600))
		got := strings.Fields(kinds(t, h))
		if want := strings.Fields(c.want); len(got) != len(want) ||
			len(want) > 0 && !strings.Contains(strings.Join(got, " "), want[0]) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	must(t, os.Remove(path+tornSuffix))
	if got := kinds(t, h); got != "missing" {
		t.Errorf("removed: %q", got)
	}
	must(t, os.WriteFile(path+tornSuffix, whole, 0o600))
	verified(t, h)
}

// TestNothingOfTheLivingIsSetAside: the file of a writer that lives, or may live, stays as it is.
func TestNothingOfTheLivingIsSetAside(t *testing.T) {
	h, path := tornHome(t, 0) // may be half of a write that is not finished
	must(t, open(t, h, Options{}).Append(some(1), true))
	if !bytes.HasSuffix(read(t, path), []byte(half)) {
		t.Error("what was written just now was set aside")
	}

	h = newHome(t)
	living := open(t, h, Options{})
	must(t, living.Append(some(1), true))
	path = living.chain.file.Name()
	tear(t, path, time.Hour) // it hangs
	must(t, open(t, h, Options{}).Append(some(1), true))
	if !bytes.HasSuffix(read(t, path), []byte(half)) {
		t.Error("the line of a living writer was set aside")
	}
}
