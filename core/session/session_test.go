package session

import (
	"bytes"
	"slices"
	"testing"

	"github.com/true-and-useful/janee/core/line"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func testGrant() Grant {
	return Grant{ID: "id", Agent: "claude-ai", Via: "stdio", Capability: "stripe", Service: "stripe", Origin: "https://api.stripe.com",
		Opened: 1_000_000, Expires: 1_600_000, Reason: "User asked"}
}

func TestUsable(t *testing.T) {
	type call struct {
		now, ttl int64
		origin   string
		ask      bool
	}
	good := call{1_100_000, 600_000, "https://api.stripe.com", false}
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
		{"approval now wanted", func(_ *Grant, c *call) { c.ask = true }, false},
		{"approved", func(g *Grant, c *call) { g.Approval, c.ask = "a1", true }, true},
		{"approved, not wanted", func(g *Grant, _ *call) { g.Approval = "a1" }, true},
		{"zero grant", func(g *Grant, c *call) { *g = Grant{}; c.origin = "" }, false},
	} {
		g, call := testGrant(), good
		c.change(&g, &call)
		if got := g.Usable(call.now, call.ttl, call.origin, call.ask); got != c.want {
			t.Errorf("%s: Usable = %v", c.name, got)
		}
	}
}

// TestOnlyWhatWasWritten holds for all three kinds: the same bytes come back, no byte can be changed, and no kind passes for another.
func TestOnlyWhatWasWritten(t *testing.T) {
	grant := func(b []byte) bool { g, err := Decode(key, b); return err == nil && g == testGrant() }
	revoked := func(b []byte) bool {
		r, err := DecodeRevocation(key, b)
		return err == nil && r == Revocation{"id", "pair", 1, 2, "cli"}
	}
	list := Closures{{Agent: "a", At: 1, Until: 2, By: "cli"}, {Capability: "c", At: 3, Until: 4, By: "cli"}, {At: 5, Until: 6, By: "x\n"}}
	closed := func(b []byte) bool { c, err := DecodeClosures(key, b); return err == nil && slices.Equal(c, list) }
	files := [][]byte{testGrant().Encode(key), Revocation{"id", "pair", 1, 2, "cli"}.Encode(key), list.Encode(key)}
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
	for _, other := range []string{Pair("http", g.Agent, g.Capability), Pair(g.Via, "other", g.Capability), Pair(g.Via, g.Agent, "other"), Pair(g.Via+g.Agent, "", g.Capability)} {
		if other == g.Pair() {
			t.Error("two pairs have one name")
		}
	}
}

func TestCloses(t *testing.T) {
	list := Closures{
		{Agent: "a", Until: 100}, {Agent: "a", Until: 200}, {Capability: "c", Until: 300}, {Agent: "b", Capability: "d", Until: 400},
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
		if closed, until := list.Closes(c.agent, c.capability, c.now); closed != c.closed || until != c.until {
			t.Errorf("Closes(%q, %q, %d) = %v, %d", c.agent, c.capability, c.now, closed, until)
		}
	}
	if closed, _ := (Closures{{Until: 10}}).Closes("any", "thing", 9); !closed {
		t.Error("a closure without names does not close everything")
	}
	if closed, _ := (Closures)(nil).Closes("a", "c", 0); closed {
		t.Error("an empty list closes something")
	}
	if now := list.Current(200); !slices.Equal(now, list[2:]) || len(list) != 4 || list[0].Until != 100 {
		t.Errorf("Current = %v, list = %v", now, list)
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
