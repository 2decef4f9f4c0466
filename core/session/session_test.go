package session

import (
	"bytes"
	"slices"
	"testing"

	"github.com/true-and-useful/janee/core/line"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func testGrant() Grant {
	return Grant{
		ID:         "id",
		Agent:      "claude-ai",
		Via:        "stdio",
		Capability: "stripe",
		Service:    "stripe",
		Origin:     "https://api.stripe.com",
		Opened:     1_000_000,
		Expires:    1_600_000,
		Reason:     "User asked",
	}
}

func TestUsable(t *testing.T) {
	type call struct {
		now, ttl int64
		origin   string
		bound    string
		ask      bool
	}
	good := call{1_100_000, 600_000, "https://api.stripe.com", "", false}
	for _, c := range []struct {
		name   string
		change func(*Grant, *call)
		want   bool
	}{
		{"plain", func(*Grant, *call) {}, true},
		{"opened just now", func(_ *Grant, c *call) { c.now = 1_000_000 }, true},
		{"opened 5 s ahead", func(_ *Grant, c *call) { c.now = 995_000 }, true},
		{"opened further ahead", func(_ *Grant, c *call) { c.now = 994_999 }, false},
		{"last millisecond", func(_ *Grant, c *call) { c.now = 1_599_999 }, true},
		{"expired", func(_ *Grant, c *call) { c.now = 1_600_000 }, false},
		{"ttl made longer", func(_ *Grant, c *call) { c.now, c.ttl = 1_600_000, 900_000 }, false},
		{"ttl made shorter", func(_ *Grant, c *call) { c.ttl = 100_000 }, false},
		{"shorter ttl not over", func(_ *Grant, c *call) { c.ttl = 100_001 }, true},
		{"another origin", func(_ *Grant, c *call) { c.origin = "https://api.stripe.co" }, false},
		{"another destination", func(_ *Grant, c *call) { c.bound = "b" }, false},
		{"its own destination", func(g *Grant, c *call) { g.Bound, c.bound = "b", "b" }, true},
		{"no destination any more", func(g *Grant, _ *call) { g.Bound = "b" }, false},
		{"approval now wanted", func(_ *Grant, c *call) { c.ask = true }, false},
		{"approved", func(g *Grant, c *call) { g.Approval, c.ask = "a1", true }, true},
		{"approved, not wanted", func(g *Grant, _ *call) { g.Approval = "a1" }, true},
		{"zero grant", func(g *Grant, c *call) { *g = Grant{}; c.origin = "" }, false},
	} {
		g, call := testGrant(), good
		c.change(&g, &call)
		if got := g.Usable(call.now, call.ttl, call.origin, call.bound, call.ask); got != c.want {
			t.Errorf("%s: Usable = %v", c.name, got)
		}
	}
}

// TestOnlyWhatWasWritten holds for all three kinds: the same bytes come back, no byte can be
// changed, and no kind passes for another.
func TestOnlyWhatWasWritten(t *testing.T) {
	grant := func(b []byte) bool { g, err := Decode(key, b); return err == nil && g == testGrant() }
	revoked := func(b []byte) bool {
		r, err := DecodeRevocation(key, b)
		return err == nil && r == Revocation{"id", "pair", 1, 2, "cli"}
	}
	list := Closures{
		{Agent: "a", At: 1, Until: 2, By: "cli"}, {Capability: "c", At: 3, Until: 4, By: "cli"},
		{At: 5, Until: 6, By: "x\n"},
	}
	closed := func(b []byte) bool {
		c, err := DecodeClosures(key, b)
		return err == nil && slices.Equal(c, list)
	}
	files := [][]byte{
		testGrant().Encode(key), Revocation{"id", "pair", 1, 2, "cli"}.Encode(key),
		list.Encode(key),
	}
	for i, decode := range []func([]byte) bool{grant, revoked, closed} {
		for j, file := range files {
			if decode(file) != (i == j) {
				t.Errorf("decoder %d, file %d: %v", i, j, i != j)
			}
		}
		for at := range len(files[i]) - 1 {
			file := bytes.Clone(files[i])
			file[at] ^= 2
			if decode(file) {
				t.Errorf("decoder %d accepts a change of byte %d", i, at)
			}
		}
		if decode(nil) {
			t.Errorf("decoder %d accepts an empty file", i)
		}
	}
}

func TestDecodeErrorGivesNothing(t *testing.T) {
	edited := bytes.Replace(testGrant().Encode(key), []byte("1600000"), []byte("9600000"), 1)
	if g, err := Decode(key, edited); err == nil || g != (Grant{}) {
		t.Errorf("Decode = %+v, %v", g, err)
	}
	if _, err := Decode([]byte("another key"), testGrant().Encode(key)); err == nil {
		t.Error("Decode accepts another key's grant")
	}
	newer := line.Seal(key, []byte(`{"v":2,"kind":"session","agent":"a"`))
	if _, err := Decode(key, newer); err == nil {
		t.Error("Decode accepts version 2")
	}
}

func TestGrantNamesItsPair(t *testing.T) {
	g := testGrant()
	if g.Pair() != Pair("stdio", "claude-ai", "stripe") {
		t.Error("a grant's pair is not that of its fields")
	}
	for _, other := range []string{
		Pair("http", g.Agent, g.Capability), Pair(g.Via, "other", g.Capability),
		Pair(g.Via, g.Agent, "other"), Pair(g.Via+g.Agent, "", g.Capability),
	} {
		if other == g.Pair() {
			t.Error("two pairs have one name")
		}
	}
}

func TestCloses(t *testing.T) {
	list := Closures{
		{Agent: "a", Until: 100}, {Agent: "a", Until: 200}, {Capability: "c", Until: 300},
		{Agent: "b", Capability: "d", Until: 400},
	}
	for _, c := range []struct {
		agent, capability string
		now               int64
		closed            bool
		until             int64
	}{
		{"a", "x", 50, true, 200},
		{"a", "x", 150, true, 200},
		{"a", "x", 200, false, 0},
		{"a", "c", 50, true, 300},
		{"z", "c", 50, true, 300},
		{"b", "d", 399, true, 400},
		{"b", "x", 50, false, 0},
		{"z", "d", 50, false, 0},
	} {
		if closed, until := list.Closes(c.agent, c.capability, c.now); closed != c.closed ||
			until != c.until {
			t.Errorf("Closes(%q, %q, %d) = %v, %d", c.agent, c.capability, c.now, closed, until)
		}
	}
	if closed, _ := (Closures{{Until: 10}}).Closes("any", "thing", 9); !closed {
		t.Error("a closure without names does not close everything")
	}
	if closed, _ := (Closures)(nil).Closes("a", "c", 0); closed {
		t.Error("an empty list closes something")
	}
}

func TestOrdersEndWhatWasOpenedBefore(t *testing.T) {
	g := testGrant() // opened at 1_000_000
	for _, c := range []struct {
		name  string
		order Revocation
		ends  bool
	}{
		{"its id", Revocation{ID: "id", At: 1}, true},
		{"its id, lifted",
			Revocation{ID: "id", At: 1_500_000, Until: 1_600_000}.Reopened(1_550_000), true},
		{"another id, later", Revocation{ID: "x", At: 1_000_000}, true},
		{"another id, before", Revocation{ID: "x", At: 999_999, Until: 1_600_000}, false},
		{"given by a clock ahead, lifted before",
			Revocation{ID: "x", At: 2_000_000, Until: 3_000_000}.Reopened(999_999), false},
	} {
		if c.order.Ends(g) != c.ends {
			t.Errorf("%s: Ends = %v", c.name, !c.ends)
		}
	}
	for _, c := range []struct {
		name  string
		order Closure
		ends  bool
	}{
		{"everything", Closure{At: 1_000_000}, true},
		{"everything, before", Closure{At: 999_999, Until: 1_600_000}, false},
		{"its agent", Closure{Agent: "claude-ai", At: 1_000_001}, true},
		{"another agent", Closure{Agent: "cursor", At: 1_000_001}, false},
		{"its capability", Closure{Capability: "stripe", At: 1_000_001}, true},
		{"its capability, another agent",
			Closure{Agent: "cursor", Capability: "stripe", At: 1_000_001}, false},
	} {
		if (Closures{{Agent: "nobody", At: 9_000_000}, c.order}).Ends(g) != c.ends {
			t.Errorf("%s: Ends = %v", c.name, !c.ends)
		}
	}
}

func TestOneOrderAScope(t *testing.T) {
	list := Closures{}.Add(Closure{Agent: "a", At: 10, Until: 100}).Add(
		Closure{At: 20, Until: 30}).Add(Closure{Agent: "a", At: 15, Until: 50})
	want := (Closures{{At: 20, Until: 30}, {Agent: "a", At: 15, Until: 100}})
	if !slices.Equal(list, want) {
		t.Errorf("list %v", list)
	}
	late := func(i int) Closure {
		return Closure{
			Capability: string(rune('a' + i)),
			At:         2 * longestTTL,
			Until:      2*longestTTL + 1,
		}
	}
	for i := len(list); i < manyScopes; i++ { // long past, and kept: the clock may be set forward
		list = list.Add(late(i))
	}
	if len(list) != manyScopes || list[0].Until != 30 {
		t.Errorf("%d orders, first %v", len(list), list[0])
	}
	if list = list.Add(late(manyScopes)); len(list) != manyScopes-1 || list[0] != late(2) {
		t.Errorf("%d orders, first %v", len(list), list[0])
	}
}

func TestReopenLiftsWhatLiesWithinTheScope(t *testing.T) {
	list := Closures{
		{At: 1, Until: 100}, {Agent: "a", At: 2, Until: 100}, {Capability: "c", At: 3, Until: 100},
		{Agent: "a", Capability: "c", At: 9, Until: 100},
	}
	for _, c := range []struct {
		agent, capability string
		lifted            []int
	}{
		{"", "", []int{0, 1, 2, 3}}, {"a", "", []int{1, 3}}, {"", "c", []int{2, 3}},
		{"a", "c", []int{3}}, {"b", "", nil},
	} {
		got, lifted := list.Reopen(c.agent, c.capability, 5)
		if len(lifted) != len(c.lifted) {
			t.Errorf("%q %q: lifted %v", c.agent, c.capability, lifted)
		}
		for i, s := range got {
			want := list[i]
			if slices.Contains(c.lifted, i) {
				want.At, want.Until = min(want.At, 5), 0
			}
			if s != want {
				t.Errorf("%q %q: order %d is %v", c.agent, c.capability, i, s)
			}
		}
		if _, again := got.Reopen(c.agent, c.capability, 5); len(again) != 0 {
			t.Errorf("%q %q: lifted twice", c.agent, c.capability)
		}
	}
}

func TestCurrent(t *testing.T) {
	list := Closures{
		{At: 100, Until: 200}, {At: 100, Until: longestTTL + 300}, {At: 300, Until: 400},
	}
	if got := list.Current(longestTTL + 100); !slices.Equal(got, list[1:]) || len(list) != 3 ||
		list[0].Until != 200 {
		t.Errorf("Current = %v, list = %v", got, list)
	}
}

func TestFileNames(t *testing.T) {
	if File("p") != "sessions/p.json" || RevokedFile("p") != "sessions/p.revoked" {
		t.Error("file names changed: other programs share them")
	}
}

func BenchmarkDecode(b *testing.B) {
	file := testGrant().Encode(key)
	for b.Loop() {
		if _, err := Decode(key, file); err != nil {
			b.Fatal(err)
		}
	}
}
