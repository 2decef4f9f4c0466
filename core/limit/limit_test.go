package limit

import (
	"math/rand"
	"reflect"
	"testing"
)

// TestFields holds the table to the struct: a limit that is missing in it would be read by nobody.
func TestFields(t *testing.T) {
	var l Limits
	for n, f := range Fields() {
		*f.In(&l) = int64(n + 1)
	}
	v := reflect.ValueOf(l)
	if v.NumField() != len(Fields()) {
		t.Fatalf("%d limits, %d of them in the table", v.NumField(), len(Fields()))
	}
	for n, f := range Fields() {
		if tag := v.Type().Field(n).Tag.Get("json"); v.Field(n).Int() != int64(n+1) ||
			tag != f.Name+",omitempty" {
			t.Errorf("%s is field %d, %s", f.Name, v.Field(n).Int(), tag)
		}
		if n, ok := f.Parse(f.Format(f.Most)); !ok || n != f.Most {
			t.Errorf("%s: the most is not read again", f.Name)
		}
		if _, ok := f.Parse(formatInt(f.Most + 1)); ok {
			t.Errorf("%s: more than the most is read", f.Name)
		}
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{
		"1": 1, "10": 10, "1KB": 1000, "1KiB": 1024, "10MB": 10_000_000, "10MiB": 10 << 20,
		"2GB": 2_000_000_000, "3GiB": 3 << 30,
	} {
		if n, ok := parseSize(s); !ok || n != want {
			t.Errorf("%s = %d, %t", s, n, ok)
		}
		if got := FormatSize(want); got != s {
			t.Errorf("%d is written %s", want, got)
		}
	}
	for _, s := range []string{
		"", "0", "-1", "+1", "01", "1.5MB", "1 MB", "MB", "10mb", "10Mb", "10M", "1e6", "0x10",
		"1_000", "10MBB", "９", "1KB ", "9223372036854775808", "9223372036854775807KB",
		"9007199254740993GiB",
	} {
		if n, ok := parseSize(s); ok {
			t.Errorf("%q is read as %d", s, n)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"1", "10MB", "10MiB", "0", "8589934592GiB", "1KB1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseSize(s)
		if !ok {
			return
		}
		if n < 1 {
			t.Fatalf("%q is read as %d", s, n)
		}
		if again, ok := parseSize(FormatSize(n)); !ok || again != n {
			t.Fatalf("%q is %d, written %s, read again as %d", s, n, FormatSize(n), again)
		}
	})
}

// oracle remembers every call that was let through.
type oracle []int64

func (o oracle) within(from, to int64) (n int64) { // (from, to]
	for _, at := range o {
		if at > from && at <= to {
			n++
		}
	}
	return n
}

// TestWindowAgainstOracle: in no span are there more calls than allowed, and no call is refused for
// which there is room; the wait that is told is the shortest that helps.
func TestWindowAgainstOracle(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		n, span := 1+r.Int63n(20), 1+r.Int63n(200)
		var w window
		var let oracle
		now := r.Int63n(1000)
		for range 400 {
			now += r.Int63n(1 + r.Int63n(2*span/n+2))
			if r.Intn(40) == 0 {
				now += span // a pause
			}
			if r.Intn(60) == 0 {
				n = 1 + r.Int63n(20) // a reload
			}
			fits := let.within(now-span, now) < n
			wait := w.wait(now, span, n)
			if fits != (wait == 0) {
				t.Fatalf("seed %d at %d: %d of %d within %d, and the wait is %d", seed, now,
					let.within(now-span, now), n, span, wait)
			}
			if fits {
				w.add(now)
				let = append(let, now)
				continue
			}
			if let.within(now+wait-span, now+wait) >= n ||
				let.within(now+wait-1-span, now+wait-1) < n {
				t.Fatalf("seed %d at %d: a wait of %d is not the shortest", seed, now, wait)
			}
		}
	}
}

// TestSteadyAgentIsNeverRefused: who keeps to the rate, evenly or all at once in each span, is
// always let through.
func TestSteadyAgentIsNeverRefused(t *testing.T) {
	for _, n := range []int64{1, 7, 60, 1000} {
		var even, burst window
		for i := range 5 * n {
			at := (i*minute + n - 1) / n
			if even.wait(at, minute, n) != 0 {
				t.Fatalf("%d a minute: call %d is refused", n, i)
			}
			even.add(at)
			if at = i / n * minute; burst.wait(at, minute, n) != 0 {
				t.Fatalf("%d a minute: call %d of a burst is refused", n, i)
			}
			burst.add(at)
		}
	}
}

// TestMeterAgainstOracle: in no hour are there more bytes than the meter says, and what is used is
// free again a minute late at most.
func TestMeterAgainstOracle(t *testing.T) {
	type use struct{ at, n int64 }
	for seed := range int64(200) {
		r := rand.New(rand.NewSource(seed))
		var m meter
		var uses []use
		now := r.Int63n(10 * hour)
		sum := func(span int64) (n int64) {
			for _, u := range uses {
				if u.at > now-span && u.at <= now {
					n += u.n
				}
			}
			return n
		}
		for range 300 {
			now += r.Int63n(1 +
				r.Int63n(1+[]int64{second, minute, 20 * minute, 3 * hour}[r.Intn(4)]))
			m.advance(now)
			if m.sum < sum(hour) || m.sum > sum(hour+minute) {
				t.Fatalf("seed %d at %d: %d, of an hour %d, of a minute more %d", seed, now, m.sum,
					sum(hour), sum(hour+minute))
			}
			if most := r.Int63n(500); m.sum > most {
				later := m
				if wait := m.wait(now, most); wait <= 0 {
					t.Fatalf("seed %d at %d: a wait of %d", seed, now, wait)
				} else if later.advance(now + wait); later.sum > most {
					t.Fatalf("seed %d at %d: after a wait of %d %d are left, not %d", seed, now,
						wait, later.sum, most)
				} else if later = m; wait > 1 {
					if later.advance(now + wait - 1); later.sum <= most {
						t.Fatalf("seed %d at %d: a wait of %d is too long", seed, now, wait)
					}
				}
			}
			n := r.Int63n(100)
			m.add(now, n)
			uses = append(uses, use{now, n})
		}
	}
}
