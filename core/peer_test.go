package core

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/config"
)

const users = `agents:
  deploy: {user: alice}
  nightly: {token: "sha256:` + zeros + `"}
  one: {user: "1003"}
  two: {user: carol}
  spoof@dave: {user: alice2}
`

const zeros = "00000000000000000000000000000000" + "00000000000000000000000000000001"

// TestUserSettlesTheName: whatever a client over the socket calls itself, it is an agent of its
// system user, and never one of another.
func TestUserSettlesTheName(t *testing.T) {
	cfg, err := config.Parse([]byte(users))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("n", maxAgent)
	for _, tt := range []struct{ uid, user, says, want, claimed string }{
		{"1001", "alice", "claude", "deploy", ""},
		{"1001", "alice", "nightly", "deploy", ""},
		{"1002", "bob", "claude", "claude@bob", ""},
		{"1002", "bob", "", "unnamed@bob", ""},
		{"1002", "bob", "deploy", "unnamed@bob", "deploy"},
		{"1002", "bob", "nightly", "unnamed@bob", "nightly"},
		{"1002", "bob", "claude@alice", "claude@alice@bob", ""},
		{"1002", "bob", long, long[:maxAgent-4] + "@bob", ""},
		{"1004", "dave", "spoof", "unnamed@dave", "spoof@dave"},
		{"1003", "carol", "one", "one", ""},
		{"1003", "carol", "two", "two", ""},
		{"1003", "carol", "deploy", "unnamed@carol", ""},
		{"1005", "1003", "x", "x@1003", ""},
	} {
		e := New(cfg, nil)
		c := Call{Caller: Caller{Agent: tt.says, Via: ViaSocket, SelfNamed: true,
			Peer: Peer{UID: tt.uid, User: tt.user}}}
		for range 2 { // the engine settles some calls twice
			c = e.named(c)
			if c.Agent != tt.want || c.claimed != tt.claimed || c.SelfNamed ||
				!strings.HasPrefix(c.IdentitySource, "system user "+tt.user) ||
				!config.ValidName(c.Agent) {
				t.Errorf("%s says %q: %+v", tt.user, tt.says, c.Caller)
			}
		}
	}
}

func TestHolderIsTheUser(t *testing.T) {
	peer := Peer{UID: "1001", User: "alice"}
	a := Caller{Agent: "x", Via: ViaSocket, Peer: peer}
	b := Caller{Agent: "y", Via: ViaSocket, Peer: peer}
	if a.Holder() != b.Holder() || a.Holder() == (Caller{Agent: "x", Via: ViaHTTP}).Holder() {
		t.Errorf("%q, %q", a.Holder(), b.Holder())
	}
}
