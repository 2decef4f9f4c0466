package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/line"
)

type logFile struct {
	name, writer string
	text         []byte
}

// lines makes n lines of a new chain, of which the first attests heads.
func lines(writer string, n int, heads ...Head) ([][]byte, *Chain) {
	c := NewChain(testKey(writer), writer)
	all := [][]byte{c.Open(1795426425000, "0.1.0", heads)}
	for i := 1; i < n; i++ {
		all = append(all, c.Next(Record{
			TS:     1795426425000 + int64(i),
			Event:  "intent",
			Agent:  "a",
			Target: fmt.Sprintf("/v1/%d", i),
		}))
	}
	return all, c
}

func verify(files ...logFile) []Problem {
	v := NewVerifier(testKey)
	for _, f := range files {
		v.File(f.name, f.writer, "", 1)
		for i, text := range bytes.Split(bytes.TrimSuffix(f.text, []byte("\n")), []byte("\n")) {
			v.Line(i+1, text)
		}
	}
	return v.Problems()
}

func oneFile(all [][]byte) logFile { return logFile{"w.jsonl", "w", bytes.Join(all, nil)} }

// kinds is the short form of problems: "line kind" each.
func kinds(problems []Problem) string {
	var list []string
	for _, p := range problems {
		list = append(list, fmt.Sprintf("%d %s", p.Line, p.Kind))
	}
	return strings.Join(list, ", ")
}

func TestVerifyAcceptsWhatChainsWrite(t *testing.T) {
	a, chainA := lines("a", 5)
	b, chainB := lines("b", 3, chainA.Head())
	a2 := chainA.Next(Record{Event: "result"})
	c, _ := lines("c", 2, chainA.Head(), chainB.Head())
	files := []logFile{
		{"2026-01-01.a", "a", bytes.Join(a[:3], nil)}, {"2026-01-01.b", "b", bytes.Join(b, nil)},
		{"2026-01-02.a", "a", append(bytes.Join(a[3:], nil), a2...)},
		{"2026-01-02.c", "c", bytes.Join(c, nil)},
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 1, 0, 2}, {0, 2, 3, 1}} {
		var fed []logFile
		for _, i := range order {
			fed = append(fed, files[i])
		}
		if p := verify(fed...); len(p) > 0 {
			t.Errorf("order %v: %v", order, p)
		}
	}
}

// TestEveryByteCounts changes each bit of a log of 50 lines, and each of its line feeds.
func TestEveryByteCounts(t *testing.T) {
	all, _ := lines("w", 50)
	v := NewVerifier(testKey)
	v.File("w.jsonl", "w", "", 1)
	tried := 0
	for i, whole := range all {
		text := bytes.TrimSuffix(whole, []byte("\n"))
		for bit := range 8 * len(text) {
			changed := bytes.Clone(text)
			changed[bit/8] ^= 1 << (bit % 8)
			v.Line(i+1, changed)
			if tried++; len(v.found.problems)+v.found.more != tried {
				t.Fatalf("line %d: bit %d changed: not found", i+1, bit)
			}
		}
		v.Line(i+1, text)
	}
	if len(v.found.problems)+v.found.more != tried {
		t.Error("a line as it was written was refused")
	}
	for i := range len(all) - 1 {
		joined := slices.Clone(all)
		joined[i] = append(bytes.TrimSuffix(bytes.Clone(all[i]), []byte("\n")), ' ')
		if len(verify(oneFile(joined))) == 0 {
			t.Errorf("line feed %d changed: not found", i+1)
		}
	}
}

func TestEditsAreOneProblem(t *testing.T) {
	all, _ := lines("w", 50)
	for i := range all {
		changed := slices.Clone(all)
		changed[i] = bytes.Replace(all[i], []byte(`"v":1`), []byte(`"v":3`), 1)
		got, want := kinds(verify(oneFile(changed))), fmt.Sprintf("%d edited", i+1)
		if got != want {
			t.Errorf("line %d edited: %s", i+1, got)
		}
	}
}

func TestEachLineDeleted(t *testing.T) {
	all, chain := lines("w", 50)
	other, _ := lines("other", 1, chain.Head())
	for i := range all {
		got := verify(oneFile(slices.Delete(slices.Clone(all), i, i+1)),
			logFile{"x.jsonl", "other", other[0]})
		want := fmt.Sprintf("%d missing", i+1)
		if i == len(all)-1 {
			want = "49 truncated"
		}
		if kinds(got) != want {
			t.Errorf("line %d deleted: %v", i+1, got)
		}
	}
}

func TestEachLineDuplicated(t *testing.T) {
	all, _ := lines("w", 50)
	for i := range all {
		if got := kinds(verify(oneFile(slices.Insert(slices.Clone(all), i, all[i])))); got !=
			fmt.Sprintf("%d duplicate", i+2) {
			t.Errorf("line %d twice: %s", i+1, got)
		}
		if got := kinds(verify(oneFile(append(slices.Clone(all), all[i])))); got != "51 duplicate" {
			t.Errorf("line %d again at the end: %s", i+1, got)
		}
	}
}

func TestEachPairSwapped(t *testing.T) {
	all, _ := lines("w", 50)
	for i := range len(all) - 1 {
		changed := slices.Clone(all)
		changed[i], changed[i+1] = all[i+1], all[i]
		if got := kinds(verify(oneFile(changed))); got != fmt.Sprintf("%d reordered", i+2) {
			t.Errorf("lines %d and %d swapped: %s", i+1, i+2, got)
		}
	}
}

func TestDamageMixed(t *testing.T) {
	all, chain := lines("w", 10)
	edited := func(i int) []byte {
		return bytes.Replace(all[i-1], []byte(`"agent":"a"`), []byte(`"agent":"b"`), 1)
	}
	pick := func(numbers ...int) (out [][]byte) {
		for _, n := range numbers {
			if n < 0 {
				out = append(out, edited(-n))
			} else {
				out = append(out, all[n-1])
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		lines []int
		want  string
	}{
		{"two edited", []int{1, 2, -3, -4, 5, 6, 7, 8, 9, 10}, "3 edited, 4 edited"},
		{"last edited", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, -10}, "10 edited"},
		{"edited beside a gap", []int{1, 2, -3, 5, 6, 7, 8, 9, 10}, "3 edited, 4 missing"},
		{"a forged line put in", []int{1, 2, -2, 3, 4, 5, 6, 7, 8, 9, 10}, "3 edited"},
		{"moved to the end", []int{1, 3, 4, 5, 6, 7, 8, 9, 10, 2}, "10 reordered"},
		{"moved to the front", []int{5, 1, 2, 3, 4, 6, 7, 8, 9, 10},
			"2 reordered, 3 reordered, 4 reordered, 5 reordered"},
		{"two gaps, one line late", []int{1, 4, 6, 5, 2, 7, 8, 9, 10},
			"2 missing, 4 reordered, 5 reordered"},
		{"cut in front", []int{4, 5, 6, 7, 8, 9, 10}, "1 missing"},
		{"cut behind", []int{1, 2, 3, 4}, "4 truncated"},
		{"nothing left", nil, "1 truncated"},
	} {
		file := oneFile(pick(c.lines...))
		other, _ := lines("other", 1, chain.Head())
		files := []logFile{{"z.jsonl", "other", other[0]}}
		if c.lines != nil {
			files = append(files, file)
		}
		if got := kinds(verify(files...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRewrittenTail is the attack on the chain that commands share: cut lines off, let the next
// command go on from there.
func TestRewrittenTail(t *testing.T) {
	all, chain := lines("cli", 5)
	other, _ := lines("other", 1, chain.Head())
	h, err := ReadHead(testKey("cli"), bytes.TrimSuffix(all[2], []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	again := Continue(testKey("cli"), h)
	rewritten := slices.Clone(all[:3])
	for i := range 4 {
		rewritten = append(rewritten, again.Next(Record{Event: "mint", Agent: fmt.Sprint(i)}))
	}
	files := []logFile{
		{"a.jsonl", "cli", bytes.Join(rewritten, nil)}, {"b.jsonl", "other", other[0]},
	}
	for range 2 {
		if got := verify(files...); kinds(got) != "7 edited" || got[0].File != "a.jsonl" {
			t.Errorf("%v", got)
		}
		slices.Reverse(files)
	}
	fork := append(slices.Clone(all[:4]), rewritten[4])
	if got := kinds(verify(logFile{"a.jsonl", "cli", bytes.Join(fork, nil)})); got != "5 edited" {
		t.Errorf("a line that follows another one: %s", got)
	}
}

// TestTruncationIsOneProblem: of all that chains have seen of another, the last line counts.
func TestTruncationIsOneProblem(t *testing.T) {
	all, chain := lines("w", 2)
	var files []logFile
	for i := range 20 {
		chain.Next(Record{Event: "result"})
		name := fmt.Sprintf("o%02d", i)
		other, _ := lines(name, 1, chain.Head())
		files = append(files, logFile{name, name, other[0]})
	}
	want := Problem{"w.jsonl", 2, Truncated, `chain "w" ends at 2, but o19 line 1 has seen line 22`}
	if got := verify(append(files, oneFile(all))...); len(got) != 1 || got[0] != want {
		t.Errorf("cut short: %v", got)
	}
	want = Problem{"o19", 1, Truncated, `chain "w" is gone; it had at least 22 lines`}
	if got := verify(files...); len(got) != 1 || got[0] != want {
		t.Errorf("deleted: %v", got)
	}
}

func TestForeignLines(t *testing.T) {
	a, _ := lines("a", 2)
	if got := kinds(verify(logFile{"f", "b", bytes.Join(a, nil)})); got != "1 edited, 2 edited" {
		t.Errorf("a chain under another writer's name: %s", got)
	}
	mixed := NewChain(testKey("b"), "a").Open(1, "0.1.0", nil)
	if got := kinds(verify(logFile{"f", "b", mixed})); got != "1 edited" {
		t.Errorf("another writer's name with this writer's key: %s", got)
	}
	v := NewVerifier(func(string) []byte { return nil })
	v.File("f", "w", "", 1)
	v.Line(1, bytes.TrimSuffix(NewChain(nil, "w").Open(1, "", nil), []byte("\n")))
	if got := kinds(v.Problems()); got != "1 edited" {
		t.Errorf("a line sealed without a key: %s", got)
	}
	v = NewVerifier(testKey)
	v.Line(1, a[0])
	if got := kinds(v.Problems()); got != "1 edited" {
		t.Errorf("a line outside of any file: %s", got)
	}
}

func TestUnreadableHeads(t *testing.T) {
	for _, heads := range []string{
		"a", "a:1", "a:x:" + noHash, "a:0:" + noHash, "a:1:" + noHash[1:], "a:1:" + noHash + "00",
	} {
		text := NewChain(testKey("w"), "w").Next(Record{Event: EventOpen,
			Detail: map[string]string{"heads": heads}})
		if got := kinds(verify(logFile{"f", "w", text})); got != "1 edited" {
			t.Errorf("heads %q: %s", heads, got)
		}
	}
	// Only an open record attests: the detail of others may hold what agents say.
	text := NewChain(testKey("w"), "w").Next(Record{Event: "deny",
		Detail: map[string]string{"heads": "gone:1:" + noHash}})
	if got := verify(logFile{"f", "w", text}); len(got) > 0 {
		t.Errorf("heads of a deny record: %v", got)
	}
}

func TestManyProblems(t *testing.T) {
	v := NewVerifier(testKey)
	v.File("f", "w", "", 1)
	for i := range 3 * maxProblems {
		v.Line(i+1, []byte("junk"))
	}
	for range 2 {
		p := v.Problems()
		if len(p) != maxProblems ||
			!strings.HasSuffix(p[maxProblems-1].Text, "; and 2000 more problems") {
			t.Errorf("%d problems, the last: %v", len(p), p[len(p)-1])
		}
	}
}

func FuzzAuditReader(f *testing.F) {
	all, _ := lines("w", 3, Head{"x", 1, noHash})
	f.Add(bytes.Join(all,
		nil),
		[]byte(`{"v":1,"w":"w","seq":9007199254740991,"ts":"2026-11-23T09:33:45.000Z",`+
			`"event":"open","prev":"`+noHash+`"`))
	f.Add([]byte("\n{}\n"), []byte(`{"v":1`))
	f.Fuzz(func(t *testing.T, file, open []byte) {
		v := NewVerifier(testKey)
		v.File("f", "w", "", 1)
		texts := append(bytes.Split(file, []byte("\n")), line.Seal(testKey("w"), open))
		for i, text := range texts {
			if e, err := Decode(text); err == nil && (e.Seq < 1 || len(e.Prev) != 64) {
				t.Errorf("Decode(%q) = %+v", text, e)
			}
			v.Line(i+1, text)
		}
		v.Problems()
	})
}

// TestDayOfAFile: a file that was renamed would not be read by anyone who looks for its day.
func TestDayOfAFile(t *testing.T) {
	all, _ := lines("w", 2) // written on 2026-11-23
	for day, want := range map[string]string{
		"2026-11-23": "", "": "", "2026-11-22": "1 reordered", "2026-11-24": "1 reordered",
		"2020-01-01": "1 reordered",
	} {
		v := NewVerifier(testKey)
		v.File("f", "w", day, 1)
		for i, text := range all {
			v.Line(i+1, bytes.TrimSuffix(text, []byte("\n")))
		}
		if got := kinds(v.Problems()); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
}

func TestGrantsWithoutARecord(t *testing.T) {
	c := NewChain(testKey("w"), "w")
	all := [][]byte{
		c.Open(1, "0.1.0", nil), c.Next(Record{Event: EventSession, Session: "aa"}),
		c.Next(Record{Event: "intent", Session: "bb"}),
	}
	forged := NewChain([]byte("another key"), "w").Next(Record{Event: EventSession, Session: "bb"})
	v := NewVerifier(testKey)
	v.Granted("aa", "sessions/1.json")
	v.Granted("bb", "sessions/2.json")
	v.File("f", "w", "", 1)
	for i, text := range append(all, forged) {
		v.Line(i+1, bytes.TrimSuffix(text, []byte("\n")))
	}
	got := v.Problems()
	if kinds(got) != "4 edited, 0 missing" || got[1].File != "sessions/2.json" ||
		!strings.Contains(got[1].Text, "session bb was opened, and no record says so") {
		t.Errorf("%v", got)
	}
	v = NewVerifier(testKey)
	for i := range 2 * maxProblems {
		v.Granted(fmt.Sprint(i), "f")
	}
	if got := v.Problems(); len(got) != maxProblems {
		t.Errorf("%d problems", len(got))
	}
}
