package auditlog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// parted writes n records one by one into files of about size bytes, each followed by another part.
func parted(
	t *testing.T, o Options, n int, size int64,
) (dir string, names []string, verify func() string) {
	t.Helper()
	h := newHome(t)
	c := at("2026-11-23T10:00:00Z")
	o.Now, o.MaxFile = c.Now, size
	l := open(t, h, o)
	for i := range n {
		r := c.some(1)
		r[0].Req = fmt.Sprintf("r%02d", i)
		must(t, l.Append(r, true))
	}
	must(t, l.Close())
	verified(t, h)
	for _, path := range paths(t, h) {
		names = append(names, filepath.Base(path))
	}
	return h.LogsPath(), names, func() string { return kinds(t, h) }
}

func TestPartsOfADay(t *testing.T) {
	for _, writer := range []string{"", CLI} {
		dir, names, _ := parted(t, Options{Writer: writer}, 9, 1000)
		if len(names) < 3 || !slices.IsSorted(names) || strings.Contains(names[0], ".p") ||
			!strings.HasSuffix(names[1], ".p0002.jsonl") ||
			!strings.HasSuffix(names[2], ".p0003.jsonl") {
			t.Fatalf("writer %q: files %v", writer, names)
		}
		seq := int64(0)
		for _, name := range names {
			list := entries(t, filepath.Join(dir, name))
			if fi, err := os.Lstat(filepath.Join(dir, name)); err != nil || fi.Size() > 2000 ||
				fi.Mode().Perm() != 0o600 {
				t.Errorf("writer %q: %s: %v, %v", writer, name, fi, err)
			}
			for _, e := range list {
				if seq++; e.Seq != seq {
					t.Fatalf("writer %q: %s: line %d is where %d belongs",
						writer, name, e.Seq, seq)
				}
			}
		}
	}
}

func TestNamesOfParts(t *testing.T) {
	for name, want := range map[string]int{
		"2026-11-23.cli.jsonl": 1, "2026-11-23.q7m2k4xa.p0002.jsonl": 2,
		"2026-11-23.cli.p9999.jsonl": 9999, "2026-11-23.cli.p0001.jsonl": 0,
		"2026-11-23.cli.p2.jsonl": 0, "2026-11-23.cli.p00002.jsonl": 0,
		"2026-11-23.cli.p10000.jsonl": 0, "2026-11-23.cli.p.jsonl": 0,
		"2026-11-23.cli.p-002.jsonl": 0, "2026-11-23.cli.p0002": 0,
		"2026-11-23.cli.p0002.p0003.jsonl": 0, "2026-11-23.cli.x0002.jsonl": 0,
		"2026-13-23.cli.jsonl": 0, "2026-11-23.shrt.jsonl": 0,
	} {
		if f, ok := parseName(name); ok != (want > 0) || ok && f.part != want {
			t.Errorf("%s: part %d, %v; want %d", name, f.part, ok, want)
		}
	}
}

// TestVerifyPartsChanged does to the files of a chain what someone without the key could do.
func TestVerifyPartsChanged(t *testing.T) {
	dir, names, verify := parted(t, Options{}, 12, 1000)
	in := func(name string) string { return filepath.Join(dir, name) }
	move := func(from, to string) { must(t, os.Rename(in(from), in(to))) }
	const aside = "aside"
	last, middle := names[len(names)-1], names[2]
	for what, c := range map[string]struct {
		do, undo func()
		want     string // a kind that has to be among those found
	}{
		"a deleted middle part": {func() { move(middle, aside) },
			func() { move(aside, middle) }, "missing"},
		"two parts exchanged": {func() {
			move(middle, aside)
			move(names[1], middle)
			move(aside, names[1])
		},
			func() { move(middle, aside); move(names[1], middle); move(aside, names[1]) },
			"reordered"},
		"another number": {func() { move(last, partName(last, "p0077")) },
			func() { move(partName(last, "p0077"), last) }, "reordered"},
		"another day": {func() { move(last, "2026-11-24"+last[10:]) },
			func() { move("2026-11-24"+last[10:], last) }, "reordered"},
		"an earlier day": {func() { move(last, "2026-11-22"+last[10:]) },
			func() { move("2026-11-22"+last[10:], last) }, "reordered"},
		"a part twice": {func() { copyFile(t, in(middle), in(partName(last, "p0099"))) },
			func() { must(t, os.Remove(in(partName(last, "p0099")))) }, "duplicate"},
		"a copy under another writer's name": {func() {
			copyFile(t, in(middle), in("2026-11-23.cli.jsonl"))
		},
			func() { must(t, os.Remove(in("2026-11-23.cli.jsonl"))) }, "edited"},
		"a middle part cut": {func() { copyFile(t, in(middle), in(aside)); cutLine(t, in(middle)) },
			func() { move(aside, middle) }, "missing"},
		"a middle part torn": {func() {
			copyFile(t, in(middle), in(aside))
			cutBytes(t, in(middle), 20)
		},
			func() { move(aside, middle) }, "edited"},
	} {
		c.do()
		if got := verify(); !slices.Contains(strings.Fields(got), c.want) {
			t.Errorf("%s: found %q, want %q among it", what, got, c.want)
		}
		c.undo()
		if got := verify(); got != "" {
			t.Fatalf("%s: not undone: %s", what, got)
		}
	}
}

func partName(name, part string) string {
	return name[:len("2026-11-23.q7m2k4xa")] + "." + part + suffix
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, text, 0o600))
}

func cutBytes(t *testing.T, path string, n int64) {
	t.Helper()
	fi, err := os.Lstat(path)
	must(t, err)
	must(t, os.Truncate(path, fi.Size()-n))
}

// cutLine removes the last line.
func cutLine(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	text = text[:strings.LastIndexByte(strings.TrimSuffix(string(text), "\n"), '\n')+1]
	must(t, os.WriteFile(path, text, 0o600))
}

// TestEachLineOfEachPart deletes, doubles and exchanges each line of a chain of parts that another
// chain has seen.
func TestEachLineOfEachPart(t *testing.T) {
	dir, names, verify := parted(t, Options{}, 6, 900)
	h := filepath.Dir(dir)
	log, err := Open(again(t, h), testVault, Options{Now: at("2026-11-23T11:00:00Z").Now})
	must(t, err)
	must(t, log.Append(some(1), true))
	must(t, log.Close())
	for _, name := range names {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		must(t, err)
		lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
		lines[len(lines)-1] += "\n"
		for i := range lines {
			for what, changed := range map[string][]string{
				"deleted": slices.Delete(slices.Clone(lines), i, i+1),
				"doubled": slices.Insert(slices.Clone(lines), i, lines[i]),
			} {
				must(t, os.WriteFile(path, []byte(strings.Join(changed, "")), 0o600))
				if verify() == "" {
					t.Errorf("%s: line %d %s: not found", name, i+1, what)
				}
			}
		}
		must(t, os.WriteFile(path, whole, 0o600))
	}
	if got := verify(); got != "" {
		t.Errorf("not undone: %s", got)
	}
}

func TestReadAcrossParts(t *testing.T) {
	h := newHome(t)
	c := at("2026-11-23T10:00:00Z")
	l := open(t, h, Options{Now: c.Now, MaxFile: 700})
	for i := range 8 {
		intent, result := call(c.now.UnixMilli()+int64(10*i), fmt.Sprintf("r%d", i), "stripe")
		must(t, l.Append(intent, true))
		must(t, l.Append(result, false))
	}
	if n := len(paths(t, h)); n < 5 {
		t.Fatalf("%d files", n)
	}
	page, err := Read(h, Filter{Limit: 3})
	if got := show(page.Rows); err != nil || got != "r5r=200 r6r=200 r7r=200" {
		t.Errorf("%q, %v", got, err)
	}
	if s, err := Measure(h); err != nil || len(paths(t, h)) < 2 || s.Lines != 17 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestFollowAcrossParts(t *testing.T) {
	h := newHome(t)
	l := open(t, h, Options{MaxFile: 700})
	must(t, l.Append(some(1), true))
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	var got []string
	begun := make(chan struct{})
	go func() {
		<-begun
		for i := range 6 {
			intent, result := call(time.Now().UnixMilli(), fmt.Sprintf("n%d", i), "stripe")
			_ = l.Append(intent, true)
			_ = l.Append(result, true)
		}
	}()
	must(t, Follow(ctx, h, Filter{Limit: 1}, func(Page) { close(begun) }, func(r Row) {
		if got = append(got, r.Req); len(got) == 6 {
			stop()
		}
	}))
	if strings.Join(got, " ") != "n0 n1 n2 n3 n4 n5" {
		t.Errorf("followed %v", got)
	}
}

func again(t *testing.T, dir string) *home.Home {
	t.Helper()
	h, err := home.Open(dir)
	must(t, err)
	return h
}
