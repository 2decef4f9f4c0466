package revocations

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

const testConfig = `
services:
  api: {baseUrl: https://api.example.com, auth: {type: bearer, key: key_of_these_tests}}
capabilities:
  read: {service: api, ttl: 1h}
  write: {service: api, ttl: 1h}
  asked: {service: api, ttl: 1h, autoApprove: false}
`

// office is a home with a desk whose clock the test sets and whose records it keeps.
type office struct {
	t       *testing.T
	home    *home.Home
	config  *config.Config
	vault   *vault.Vault
	desk    *Desk
	now     time.Time
	records []string
	broken  error // what Record returns
}

func newOffice(t *testing.T) *office {
	h, err := home.Create(filepath.Join(t.TempDir(), "home"))
	must(t, err)
	c, err := config.Parse([]byte(testConfig))
	must(t, err)
	o := &office{
		t:      t,
		home:   h,
		config: c,
		vault:  vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001"),
		now:    time.UnixMilli(1795426425000),
	}
	o.desk = &Desk{State: h, Vault: o.vault, Now: func() time.Time { return o.now },
		Record: func(r audit.Record) error {
			o.records = append(o.records,
				strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Event, r.Agent, r.Capability)))
			return o.broken
		}}
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) key() []byte { return o.vault.Key("state") }

// grant writes a session that was opened just now for an hour.
func (o *office) grant(id, agent, capability string, change ...func(*session.Grant)) session.Grant {
	o.t.Helper()
	ms := o.now.UnixMilli()
	g := session.Grant{
		ID:         id,
		Agent:      agent,
		Via:        "stdio",
		Capability: capability,
		Service:    "api",
		Origin:     "https://api.example.com",
		Opened:     ms,
		Expires:    ms + 3_600_000,
	}
	for _, f := range change {
		f(&g)
	}
	err := state.Put(o.home, session.File(g.Pair()), g.Encode(o.key()))
	must(o.t, err)
	return g
}

func (o *office) read() *Overview {
	o.t.Helper()
	b, err := Read(o.home, o.config, o.vault, o.now)
	must(o.t, err)
	return b
}

func (o *office) find(id string) Session {
	o.t.Helper()
	s, err := o.read().Find(id, func(Session) bool { return true })
	must(o.t, err)
	return s
}

func TestStatus(t *testing.T) {
	o := newOffice(t)
	o.grant("a1", "ann", "read")
	o.grant("a2", "ann", "write", func(g *session.Grant) {
		g.Origin = "https://elsewhere.example.com"
	})
	o.grant("a3", "ann", "asked")
	o.grant("a4", "ann", "gone")
	o.grant("a5", "bob", "read", func(g *session.Grant) {
		g.Opened -= 3_600_000
		g.Expires -= 3_600_000
	})
	o.grant("a6", "bob", "asked", func(g *session.Grant) { g.Approval = "yes" })
	// the ttl was made shorter
	o.grant("a7", "bob", "write", func(g *session.Grant) { g.Opened -= 3_600_000 })
	foreign := o.grant("a8", "eve", "read")
	err := state.Put(o.home, session.File(foreign.Pair()),
		foreign.Encode([]byte("another key")))
	must(t, err)
	moved := o.grant("a9", "eve", "write")
	err = state.Put(o.home, session.File(foreign.Pair()[:31]+"x"), moved.Encode(o.key()))
	must(t, err)
	want := map[string]Status{
		"a1": Active, "a2": Void, "a3": Void, "a4": Void, "a5": Expired, "a6": Active,
		"a7": Expired, "a9": Active,
	}
	b := o.read()
	for _, s := range b.Sessions {
		if s.Status != want[s.ID] {
			t.Errorf("%s is %s, not %s", s.ID, s.Status, want[s.ID])
		}
	}
	if len(b.Sessions) != len(want) || b.Unreadable != 2 || len(b.Open()) != 3 {
		t.Errorf("%d sessions, %d unreadable, %d open", len(b.Sessions),
			b.Unreadable, len(b.Open()))
	}
	if b, err := Read(o.home, o.config, nil, o.now); err != nil || len(b.Sessions) != 0 {
		t.Errorf("without a key: %v, %v", b, err)
	}
}

func TestFind(t *testing.T) {
	o := newOffice(t)
	o.grant("aaaa0000111122223333444455556666", "ann", "read")
	o.grant("aaaa0000222222223333444455556666", "ann", "write")
	o.grant("bbbb0000111122223333444455556666", "bob", "read")
	o.grant("bbbb1111111122223333444455556666", "bob", "asked")
	active := func(s Session) bool { return s.Status == Active }
	for _, c := range []struct{ prefix, id, err string }{
		{"aaaa00001", "aaaa0000111122223333444455556666", ""},
		{"AAAA00002", "aaaa0000222222223333444455556666", ""},
		{"bbbb", "bbbb0000111122223333444455556666", ""}, // the only active one
		{"bbbb1", "bbbb1111111122223333444455556666", ""},
		{"aaaa",
			"",
			"2 sessions have an id that begins with \"aaaa\":\n  aaaa00001  ann on read, active\n" +
				"  aaaa00002  ann on write, active"},
		{"cc", "", `no session has an id that begins with "cc"`},
		{"", "", "no session"},
	} {
		s, err := o.read().Find(c.prefix, active)
		if s.ID != c.id || (err != nil) != (c.err != "") ||
			err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %q, %v", c.prefix, s.ID, err)
		}
	}
}

func TestRevokeAndReopenOne(t *testing.T) {
	o := newOffice(t)
	g := o.grant("a1", "ann", "read")
	until, err := o.desk.Revoke(o.find("a1"), o.now.Add(time.Hour))
	if s := o.find("a1"); err != nil || s.Status != Revoked || s.Closed != until.UnixMilli() {
		t.Errorf("revoked: %v, %+v", err, s)
	}
	// A shorter order does not shorten the longer one.
	if again, err := o.desk.Revoke(o.find("a1"), o.now.Add(time.Minute)); err != nil ||
		!again.Equal(until) {
		t.Errorf("revoked again until %v, not %v: %v", again, until, err)
	}
	o.now = o.now.Add(time.Second)
	must(t, o.desk.Reopen(o.find("a1")))
	if s := o.find("a1"); s.Status != Revoked || s.Closed != 0 {
		t.Errorf("reopened: %+v", s)
	}
	o.grant("a2", "ann", "read")
	if s := o.find("a2"); s.Status != Active {
		t.Errorf("the session after: %+v", s)
	}
	if got := strings.Join(o.records, ", "); got !=
		"session.revoke ann read, session.revoke ann read, session.reopen ann read" {
		t.Errorf("recorded %s", got)
	}
	// Whatever damaged the file, a person can open the pair again, and nothing from before comes
	// back.
	err = state.Put(o.home, session.RevokedFile(g.Pair()), []byte("?"))
	must(t, err)
	if b := o.read(); b.Sessions[0].Status != Revoked || len(b.Damaged) != 1 {
		t.Errorf("damaged: %+v", b)
	}
	must(t, o.desk.Reopen(o.find("a2")))
	if b := o.read(); b.Sessions[0].Status != Revoked || len(b.Damaged) != 0 {
		t.Errorf("mended: %+v", b)
	}
}

func TestCloseAndReopenScopes(t *testing.T) {
	o := newOffice(t)
	o.grant("a1", "ann", "read")
	o.grant("a2", "ann", "write")
	o.grant("b1", "bob", "read")
	closed := func() string {
		var ids []string
		for _, s := range o.read().Sessions {
			if s.Closed != 0 {
				ids = append(ids, s.ID)
			}
		}
		return strings.Join(ids, " ")
	}
	check := func(want string) {
		t.Helper()
		if got := closed(); got != want {
			t.Errorf("closed %q, not %q", got, want)
		}
	}
	hour := o.now.Add(time.Hour)
	_, err := o.desk.Close(Scope{Agent: "ann"}, hour)
	must(t, err)
	check("a1 a2")
	_, err = o.desk.Close(Scope{Capability: "read"}, hour)
	must(t, err)
	check("a1 a2 b1")
	_, err = o.desk.Revoke(o.find("a2"), hour)
	must(t, err)
	must(t, o.desk.ReopenAll(Scope{Agent: "ann"}, o.read()))
	check("a1 b1") // by the order about the capability
	must(t, o.desk.ReopenAll(Scope{Agent: "bob", Capability: "read"}, o.read()))
	check("a1 b1")
	if until, err := o.desk.Close(Scope{Capability: "read"}, o.now.Add(time.Minute)); err != nil ||
		!until.Equal(hour) {
		t.Errorf("until %v, %v", until, err)
	}
	must(t, o.desk.ReopenAll(Scope{}, o.read()))
	check("")
	err = state.Put(o.home, session.ClosedFile, []byte("?"))
	must(t, err)
	if b := o.read(); len(b.Open()) != 0 || len(b.Damaged) != 1 {
		t.Errorf("damaged: %+v", b)
	}
	if _, err := o.desk.Close(Scope{Agent: "ann"}, hour); err == nil {
		t.Error("an order was added to a list that cannot be read")
	}
	if err := o.desk.ReopenAll(Scope{Agent: "ann"}, o.read()); err == nil {
		t.Error("a list that cannot be read was reopened in part")
	}
	must(t, o.desk.ReopenAll(Scope{}, o.read()))
	if b := o.read(); len(b.Open()) != 0 || len(b.Damaged) != 0 {
		t.Errorf("a damaged list was replaced by one that opens old sessions: %+v", b)
	}
}

func TestNothingIsDoneThatIsNotRecorded(t *testing.T) {
	o := newOffice(t)
	o.grant("a1", "ann", "read")
	o.broken = errors.New("disk full")
	hour := o.now.Add(time.Hour)
	if _, err := o.desk.Revoke(o.find("a1"), hour); err == nil || o.find("a1").Status != Active {
		t.Errorf("revoked without a record: %v", err)
	}
	if _, err := o.desk.Close(Scope{}, hour); err == nil || o.find("a1").Status != Active {
		t.Errorf("closed without a record: %v", err)
	}
	o.broken = nil
	_, err := o.desk.Close(Scope{}, hour)
	must(t, err)
	_, err = o.desk.Revoke(o.find("a1"), hour.Add(time.Hour))
	must(t, err)
	o.broken = errors.New("disk full")
	if err := o.desk.Reopen(o.find("a1")); err == nil {
		t.Error("reopened without a record")
	}
	if err := o.desk.ReopenAll(Scope{}, o.read()); err == nil ||
		o.find("a1").Closed != hour.Add(time.Hour).UnixMilli() {
		t.Errorf("all reopened without a record: %v", err)
	}
	// The brake is the exception.
	if locked, err := o.desk.Lock(); !locked || err == nil || !o.read().Locked {
		t.Errorf("lock: %v, %v", locked, err)
	}
	if locked, err := o.desk.Lock(); locked || err != nil {
		t.Errorf("lock again: %v, %v", locked, err)
	}
	if err := o.desk.Unlock(); err == nil || !o.read().Locked {
		t.Errorf("unlocked without a record: %v", err)
	}
	o.broken = nil
	if err := o.desk.Unlock(); err != nil || o.read().Locked {
		t.Errorf("unlock: %v", err)
	}
}

// TestLockDoesNotWaitForItsRecord for long: the log, or the place of the root key, may be held up.
// A record that comes at once is written before anything is locked.
func TestLockDoesNotWaitForItsRecord(t *testing.T) {
	o := newOffice(t)
	failed := errors.New("nobody locked")
	o.desk.Record = func(audit.Record) error {
		for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(time.Millisecond) {
			if o.read().Locked {
				return nil
			}
		}
		return failed
	}
	if locked, err := o.desk.Lock(); !locked || err != nil {
		t.Fatalf("held up: %v, %v", locked, err)
	}
	must(t, o.home.Remove(session.LockFile))
	o.desk.Record = func(audit.Record) error {
		if o.read().Locked {
			t.Error("it was locked before it was recorded")
		}
		return nil
	}
	if locked, err := o.desk.Lock(); !locked || err != nil || !o.read().Locked {
		t.Errorf("recorded: %v, %v", locked, err)
	}
}

func TestOrdersAtOnce(t *testing.T) {
	o := newOffice(t)
	o.desk.Record = func(audit.Record) error { return nil }
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := o.desk.Close(Scope{Agent: fmt.Sprint("agent", i)},
				o.now.Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if b := o.read(); len(b.Orders) != 20 {
		t.Errorf("%d orders", len(b.Orders))
	}
}

// TestSpoiledFilesKeepNobodyFromRevoking: what cannot be read permits nothing or closes, and the
// rest is still in the overview.
func TestSpoiledFilesKeepNobodyFromRevoking(t *testing.T) {
	o := newOffice(t)
	spoil := func(name string) {
		t.Helper()
		path := o.home.Path(name)
		must(t, os.RemoveAll(path))
		must(t, os.Mkdir(path, 0o700))
	}
	a, b, c := o.grant("a1", "ann", "read"), o.grant("b1", "bob", "read"),
		o.grant("c1", "cat", "read")
	spoil(session.File(a.Pair()))
	spoil(session.RevokedFile(b.Pair()))
	overview := o.read()
	if open := overview.Open(); overview.Unreadable != 1 || len(open) != 1 || open[0].ID != c.ID ||
		len(overview.Damaged) != 1 {
		t.Errorf("%+v", overview)
	}
	if _, err := o.desk.Close(Scope{}, o.now.Add(time.Hour)); err != nil ||
		len(o.read().Open()) != 0 {
		t.Errorf("closed: %v, %+v", err, o.read())
	}
	spoil(session.ClosedFile)
	spoil(session.LockFile)
	if overview := o.read(); len(overview.Open()) != 0 || !overview.Locked ||
		len(overview.Damaged) != 2 {
		t.Errorf("%+v", overview)
	}
}
