package limit

import (
	"fmt"
	"sync"
	"testing"
)

var ann = Who{"stdio", "ann", "c"}

func claim(w Who, l Limits) Claim { return Claim{w, l} }

func TestEachLimitCounts(t *testing.T) {
	for field, l := range map[string]Limits{
		PerMinute: {PerMinute: 3}, PerHour: {PerHour: 3}, Concurrent: {Concurrent: 3},
		BytesPerHour: {BytesPerHour: 3 * 110},
	} {
		b := NewBook()
		u := Use{Sent: 10, Reply: 100}
		for n := range 3 {
			if x := b.Look(5, u, claim(ann, l)); x != nil {
				t.Fatalf("%s: look %d: %+v", field, n, x)
			}
			ticket, x := b.Take(5, u, claim(ann, l))
			if x != nil {
				t.Fatalf("%s: call %d: %+v", field, n, x)
			}
			if field != Concurrent {
				ticket.End(5, 110)
			}
		}
		x := b.Look(5, u, claim(ann, l))
		if _, y := b.Take(5, u, claim(ann, l)); x == nil || y == nil || *x != *y ||
			x.Field != field || x.Who != ann || x.Never {
			t.Fatalf("%s: %+v, %+v", field, x, y)
		}
		if _, x := b.Take(5, u, claim(Who{"stdio", "bob", "c"}, l)); x != nil {
			t.Errorf("%s: it counts for another agent: %+v", field, x)
		}
		if x.WaitMs == 0 != (field == Concurrent) {
			t.Errorf("%s: a wait of %d", field, x.WaitMs)
		}
		if later := b.Look(5+x.WaitMs, u, claim(ann, l)); field != Concurrent && later != nil {
			t.Errorf("%s: refused after the wait that was told: %+v", field, later)
		}
	}
}

// TestRefusedCallsCountNothing: of two claims the second refuses, and the first has counted
// nothing.
func TestRefusedCallsCountNothing(t *testing.T) {
	b := NewBook()
	all := Who{"stdio", "ann", ""}
	for range 50 {
		_, x := b.Take(0, Use{}, claim(ann, Limits{PerMinute: 10}),
			claim(all, Limits{PerMinute: 10}))
		_, _ = b.Take(0, Use{}, claim(ann, Limits{PerMinute: 10, Concurrent: 1}),
			claim(all, Limits{PerMinute: 10}))
		if x != nil && x.Who != ann {
			t.Fatalf("%+v", x)
		}
	}
	if a := b.account(all); a.minute.count != 10 || a.underWay != 10 {
		t.Errorf("%d calls, %d under way", a.minute.count, a.underWay)
	}
}

// TestBytes: what is under way counts as a whole, and what was not used is free at the end.
func TestBytes(t *testing.T) {
	b, l := NewBook(), Limits{BytesPerHour: 1000}
	one, x := b.Take(0, Use{100, 700}, claim(ann, l))
	if x != nil || one.Reply != 700 {
		t.Fatalf("%+v, %+v", one, x)
	}
	two, x := b.Take(0, Use{50, 700}, claim(ann, l))
	if x != nil || two.Reply != 150 {
		t.Fatalf("%+v, %+v: there is room for 150", two, x)
	}
	if _, x := b.Take(0, Use{0, 1}, claim(ann, l)); x == nil || x.WaitMs != second {
		t.Fatalf("%+v", x)
	}
	one.End(0, 110)
	one.End(0, 110)
	two.End(0, 50)
	if a := b.account(ann); a.reserved != 0 || a.bytes.sum != 160 || a.underWay != 0 {
		t.Errorf("%d held, %d used, %d under way", a.reserved, a.bytes.sum, a.underWay)
	}
	if _, x := b.Take(0, Use{876, 700}, claim(ann, l)); x == nil || !x.Never {
		t.Errorf("more than there ever is: %+v", x)
	}
	if _, x := b.Take(0, Use{800, 700}, claim(ann, l)); x == nil || x.Never ||
		x.WaitMs != 61*minute {
		t.Errorf("%+v", x)
	}
}

// TestNeverMoreBytesThanAllowed takes calls at random and looks at every hour.
func TestNeverMoreBytesThanAllowed(t *testing.T) {
	b, l := NewBook(), Limits{BytesPerHour: 10_000}
	var moved meter
	for n := range int64(20_000) {
		now := n * 7 * second
		u := Use{n % 97, 1 + n*n%3001}
		ticket, x := b.Take(now, u, claim(ann, l))
		if x != nil {
			continue
		}
		used := u.Sent + ticket.Reply*(n%3)/2
		ticket.End(now, used)
		if moved.add(now, used); moved.sum > 10_000 {
			t.Fatalf("at %d: %d bytes", now, moved.sum)
		}
	}
}

// TestClocksGoOnlyForward: calls of one process come a little out of order; none is counted before
// another.
func TestClocksGoOnlyForward(t *testing.T) {
	b, l := NewBook(), Limits{PerMinute: 2}
	for _, now := range []int64{100_000, 40_000} {
		if _, x := b.Take(now, Use{}, claim(ann, l)); x != nil {
			t.Fatal(x)
		}
	}
	for n := range int64(2) { // a reload may leave fewer than there were
		if x := b.Look(100_001, Use{}, claim(ann, Limits{PerMinute: n + 1})); x == nil ||
			x.WaitMs != minute-1 {
			t.Errorf("of %d: %+v", n+1, x)
		}
	}
}

// TestMemoryIsBounded: names without end share an account in the end, and accounts that nobody uses
// are forgotten; calls under way and refusals that no record speaks of are not.
func TestMemoryIsBounded(t *testing.T) {
	b, l := NewBook(), Limits{PerMinute: 1, Concurrent: 5}
	held, x := b.Take(0, Use{}, claim(ann, l))
	if x != nil {
		t.Fatal(x)
	}
	refused := 0
	for n := range 3 * maxAccounts {
		ticket, x := b.Take(1, Use{}, claim(Who{"http", fmt.Sprint(n), ""}, l))
		if x != nil {
			refused++
			continue
		}
		ticket.End(1, 0)
	}
	if n := len(b.young) + len(b.old); n > maxAccounts+1 || refused < maxAccounts {
		t.Errorf("%d accounts, %d refused", n, refused)
	}
	for range recordBurst + 3 {
		b.Record(1, Who{"http", "7", ""}, 0)
	}
	b.Look(kept+1, Use{}, claim(ann, l))
	b.Look(2*kept+2, Use{}, claim(Who{"http", "new", ""}, l))
	b.Look(3*kept+3, Use{}, claim(Who{"http", "new", ""}, l))
	if n := len(b.young) + len(b.old); n > 3 {
		t.Errorf("%d accounts are kept", n)
	}
	if n := b.account(ann).underWay; n != 1 {
		t.Errorf("%d under way", n)
	}
	if m := b.Missed(); len(m) != 1 || m[Who{"http", "7", ""}] != 3 || len(b.Missed()) != 0 {
		t.Errorf("missed %v", m)
	}
	held.End(3*kept+4, 0)
}

// TestRecordsAreBounded: a burst is recorded whole, and then one a second; the others are counted.
func TestRecordsAreBounded(t *testing.T) {
	b, recorded, counted := NewBook(), 0, int64(0)
	const calls = 100_000
	for n := range int64(calls) {
		ok, missed := b.Record(n, ann, 0) // one a millisecond
		if ok {
			recorded++
		}
		counted += missed
	}
	counted += b.Missed()[ann]
	if want := recordBurst + calls/second; recorded < want-1 || recorded > want+1 ||
		int64(recorded)+counted != calls {
		t.Errorf("%d recorded, %d counted, of %d", recorded, counted, calls)
	}
	b = NewBook()
	for recorded = 0; recorded < calls; recorded++ {
		if ok, _ := b.Record(0, ann, 9<<10); !ok {
			break
		}
	}
	if recorded != recordBurst/10 {
		t.Errorf("%d long ones were recorded", recorded)
	}
}

func TestBookIsSafe(t *testing.T) {
	b, l := NewBook(), Limits{Concurrent: 4, PerHour: 500}
	var wg sync.WaitGroup
	var mu sync.Mutex
	let := 0
	for range 8 {
		wg.Go(func() {
			for n := range int64(200) {
				ticket, x := b.Take(n, Use{1, 1}, claim(ann, l))
				if x != nil {
					continue
				}
				if n := b.UnderWay(ann); n < 1 || n > 4 {
					t.Errorf("%d under way", n)
				}
				mu.Lock()
				let++
				mu.Unlock()
				ticket.End(n, 1)
			}
		})
	}
	wg.Wait()
	if b.UnderWay(ann) != 0 || let > 500 {
		t.Errorf("%d under way, %d let through", b.UnderWay(ann), let)
	}
}

func BenchmarkTake(b *testing.B) {
	book, l := NewBook(), Limits{
		PerMinute:    10_000,
		PerHour:      100_000,
		BytesPerHour: 1 << 40,
		Concurrent:   128,
	}
	all := Who{Via: "stdio", Agent: "ann"}
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		t, x := book.Take(n*40, Use{100, 1000}, claim(ann, l), claim(all, Limits{Concurrent: 128}))
		if x != nil {
			b.Fatal(x)
		}
		t.End(n*40, 200)
	}
}
