package auditlog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

// granted writes a grant as core does, and returns the name of its file.
func granted(
	t *testing.T, to state.Store,
	id, agent string, key []byte,
) string {
	t.Helper()
	g := session.Grant{
		ID:         id,
		Agent:      agent,
		Via:        "stdio",
		Capability: "c",
		Service:    "s",
		Origin:     "https://s.example",
		Opened:     1,
		Expires:    2,
	}
	must(t, state.Put(to, session.File(g.Pair()), g.Encode(key)))
	return session.File(g.Pair())
}

func opening(id string) []audit.Record {
	r := some(1)
	r[0].Event, r[0].Session = audit.EventSession, id
	return r
}

// TestVerifyFindsADeletedLog deletes every file, so that only the sessions show that there was a
// log.
func TestVerifyFindsADeletedLog(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(opening("aaaa"), true))
	must(t, l.Append(opening("bbbb"), true))
	file := granted(t, h, "aaaa", "ann", testVault.Key("state"))
	other := granted(t, h, "bbbb", "bob", testVault.Key("state"))
	granted(t, h, "cccc", "eve", bytes.Repeat([]byte("k"), 32)) // a forged grant says nothing
	must(t, state.Put(h, session.ClosedFile,
		session.Closures{{Agent: "ann"}}.Encode(testVault.Key("state"))))
	verified(t, h)
	must(t, l.Close())
	for _, path := range paths(t, h) {
		must(t, os.Remove(path))
	}
	r, err := Verify(h, h, testVault)
	if err != nil || len(r.Problems) != 2 || r.Files != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, p := range r.Problems {
		if p.Kind != audit.Missing || p.Line != 0 || p.File != file && p.File != other ||
			!strings.Contains(p.Text, "no record says so; if you deleted") {
			t.Errorf("%+v", p)
		}
	}
	must(t, h.Remove(file))
	must(t, h.Remove(other))
	verified(t, h)
}

func TestVerifyFindsARenamedFile(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(opening("aaaa"), true))
	must(t, l.Close())
	file := granted(t, h, "aaaa", "ann", testVault.Key("state"))
	path := paths(t, h)[0]
	writer := strings.TrimPrefix(filepath.Base(path), l.options.Now().UTC().Format(dayLayout))
	for name, want := range map[string]string{
		"2020-01-01" + writer: "reordered", "2099-01-01" + writer: "reordered",
		filepath.Base(path) + ".bak": "missing", strings.ToUpper(filepath.Base(path)): "missing",
	} {
		to := filepath.Join(h.LogsPath(), name)
		must(t, os.Rename(path, to))
		if got := kinds(t, h); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if r, _ := Verify(h, h, testVault); want == "missing" &&
			(len(r.Foreign) != 1 || r.Foreign[0] != name) {
			t.Errorf("%s: foreign %q", name, r.Foreign)
		}
		must(t, os.Rename(to, path))
	}
	must(t, h.Remove(file))
	verified(t, h)
}

// A file is named after the day of its first line, even if that was made just before midnight and
// written just after.
func TestFirstLineOfAFile(t *testing.T) {
	for _, writer := range []string{"", CLI} {
		h := newHome(t)
		c := at("2026-11-23T23:59:59Z")
		l := open(t, h, Options{Now: c.Now, Writer: writer})
		must(t, l.Append(c.some(1), true))
		late := c.some(1)
		c.now = c.now.Add(2e9)
		must(t, l.Append(late, true))
		must(t, l.Append(c.some(1), true))
		if got := paths(t, h); len(got) != 2 || len(entries(t, got[0])) != 3 {
			t.Errorf("writer %q: files %v", writer, got)
		}
		verified(t, h)
	}
}

// TestLostLineEnd cuts only the last line feed: the record is whole, so an act may have followed.
func TestLostLineEnd(t *testing.T) {
	for _, writer := range []string{"", CLI} {
		h := newHome(t)
		l := open(t, h, Options{Writer: writer})
		must(t, l.Append(some(2), true))
		first := paths(t, h)[0]
		must(t, open(t, h, Options{}).Append(some(1), true)) // attests the line
		fi, err := os.Lstat(first)
		must(t, err)
		must(t, os.Truncate(first, fi.Size()-1))
		r := verified(t, h)
		if len(r.Torn) != 1 || !r.Torn[0].Whole || r.Torn[0].Line != 3 || r.Lines != 5 {
			t.Errorf("writer %q: %+v", writer, r)
		}
		if writer == CLI { // the next command ends the line and continues after it
			must(t, l.Append(some(1), true))
			if r := verified(t, h); len(r.Torn) != 0 || r.Lines != 6 ||
				len(entries(t, first)) != 4 {
				t.Errorf("after the next command: %+v", r)
			}
		}
	}
}
