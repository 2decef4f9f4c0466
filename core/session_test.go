package core

import (
	"bytes"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

type vaultBinding = vault.Binding

func secretText(s string) secret.Text { return secret.New(s) }

const hour = int64(time.Hour / time.Millisecond)

func opened(h *house) int {
	n := 0
	for _, r := range h.records {
		if r.Event == "session.open" {
			n++
		}
	}
	return n
}

func (h *house) pass(ms int64) { h.now.Wall += ms; h.now.Mono += ms }

func TestSessionIsReusedUntilItsTimeIsOver(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	h.pass(hour - 1)
	h.allowed(get("stripe", "/x"))
	if opened(h) != 1 || h.records[1].Session != h.records[len(h.records)-1].Session {
		t.Errorf("recorded %s", h.events())
	}
	h.pass(1)
	h.allowed(get("stripe", "/x"))
	if opened(h) != 2 {
		t.Error("the session outlived its ttl")
	}
	other := get("stripe", "/x")
	other.Agent = "cursor"
	h.allowed(other)
	if opened(h) != 3 {
		t.Error("another agent used the session")
	}
}

func TestClockNeverLengthensASession(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	h.now.Mono += hour // an hour passes while the wall clock is held back
	h.allowed(get("stripe", "/x"))
	if opened(h) != 2 {
		t.Error("a wall clock set back lengthened the session")
	}
	h = newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	h.now.Wall += 365 * 24 * hour
	h.engine.Begin(h.in(h.engine.Needs(get("stripe", "/x"))), get("stripe", "/x"))
	h.now.Wall -= 365 * 24 * hour
	h.allowed(get("stripe", "/x"))
	if opened(h) != 2 {
		t.Error("a session that was seen to be over came back")
	}
}

func TestShorterTTLCountsAtOnce(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	short := h.parse(houseConfig)
	short.Capabilities["stripe"].TTL = time.Minute
	h.engine = h.engine.Next(short, h.vault)
	h.pass(2 * 60_000)
	h.allowed(get("stripe", "/x"))
	if opened(h) != 2 {
		t.Error("the session kept its old ttl")
	}
}

func TestForgedOrMovedGrantsOpenNothing(t *testing.T) {
	h := newHouse(t, houseConfig)
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	file := session.File(pair)
	good := session.Grant{
		ID:         "00112233445566778899aabbccddeeff",
		Agent:      "claude-ai",
		Via:        ViaStdio,
		Capability: "stripe",
		Service:    "stripe",
		Origin:     "https://api.stripe.com",
		Opened:     h.now.Wall,
		Expires:    h.now.Wall + hour,
	}
	key := h.vault.Key("state")
	other := good
	other.Agent = "cursor"
	repointed := good
	repointed.Origin = "https://evil.example"
	future := good
	future.Opened = h.now.Wall + 60_000
	for name, data := range map[string][]byte{
		"wrong key":       good.Encode([]byte("another key of thirty-two bytes!")),
		"another agent's": other.Encode(key),
		"another origin":  repointed.Encode(key), "from the future": future.Encode(key),
		"garbage": []byte("{}"), "unreadable": nil,
	} {
		h.records = nil
		h.files[file] = data
		h.allowed(get("stripe", "/x"))
		if opened(h) != 1 {
			t.Errorf("%s: the grant was used", name)
		}
	}
	h.records = nil
	h.files[file] = good.Encode(key)
	h.allowed(get("stripe", "/x"))
	if opened(h) != 0 || h.records[0].Session != good.ID {
		t.Errorf("a good grant of another process was not used: %s", h.events())
	}
}

// A grant without a record of its opening shows that the log was deleted, so the record has to be
// durable first.
func TestSessionIsRecordedBeforeItIsGranted(t *testing.T) {
	h := newHouse(t, houseConfig)
	file := session.File(session.Pair(ViaStdio, "claude-ai", "stripe"))
	h.before = func(s Step) Event {
		c, ok := s.(Commit)
		if !ok || len(c.Writes) == 0 {
			return nil
		}
		g, err := session.Decode(h.vault.Key("state"), c.Writes[0].Data)
		if err != nil || len(c.Records) > 0 || h.events() != "session.open" ||
			h.records[0].Session != g.ID {
			t.Errorf("grant of %s written after %s: %v", g.ID, h.events(), err)
		}
		return nil
	}
	h.allowed(get("stripe", "/x"))
	if len(h.files[file]) == 0 {
		t.Error("no grant was written")
	}
	h = newHouse(t, houseConfig)
	h.failCommit = func(c Commit) bool {
		return len(c.Records) > 0 && c.Records[0].Event == "session.open"
	}
	h.refused(get("stripe", "/x"), AuditUnavailable)
	if len(h.files) > 0 {
		t.Error("a session was granted that no record tells of")
	}
}

func TestLoserOfARaceUsesTheWinnersSession(t *testing.T) {
	h := newHouse(t, houseConfig)
	file := session.File(session.Pair(ViaStdio, "claude-ai", "stripe"))
	winner := session.Grant{
		ID:         "ffeeddccbbaa99887766554433221100",
		Agent:      "claude-ai",
		Via:        ViaStdio,
		Capability: "stripe",
		Service:    "stripe",
		Origin:     "https://api.stripe.com",
		Opened:     h.now.Wall,
		Expires:    h.now.Wall + hour,
	}
	h.before = func(s Step) Event {
		if c, ok := s.(Commit); ok && len(c.Writes) > 0 {
			h.files[file] = winner.Encode(h.vault.Key("state"))
		}
		return nil
	}
	h.allowed(get("stripe", "/x"))
	if h.events() != "session.open, intent, result" || h.records[0].Session == winner.ID ||
		h.records[1].Session != winner.ID {
		t.Errorf("recorded %s of sessions %s and %s", h.events(), h.records[0].Session,
			h.records[1].Session)
	}
	h.before = func(s Step) Event {
		if c, ok := s.(Commit); ok && len(c.Writes) > 0 {
			return Committed{Exists: map[string][]byte{file: []byte("garbage")}}
		}
		return nil
	}
	delete(h.files, file)
	h.refused(get("stripe", "/x"), SessionRevoked)
}

func TestLoserOfARaceDoesNotTakeASessionThatWasRevoked(t *testing.T) {
	h := newHouse(t, houseConfig)
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	h.allowed(get("stripe", "/x"))
	old := h.files[session.File(pair)]
	delete(h.files, session.File(pair))
	h.now.Wall += 1000
	h.files[session.RevokedFile(pair)] = session.Revocation{Pair: pair, At: h.now.Wall,
		Until: h.now.Wall + hour}.Reopened(h.now.Wall).Encode(h.vault.Key("state"))
	h.now.Wall += 1000
	h.before = func(s Step) Event {
		if c, ok := s.(Commit); ok && len(c.Writes) > 0 {
			h.files[session.File(pair)] = old // as somebody who kept a copy would
		}
		return nil
	}
	h.refused(get("stripe", "/x"), SessionRevoked)
}

func TestRevokedAndClosedSessions(t *testing.T) {
	h := newHouse(t, houseConfig)
	key := h.vault.Key("state")
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	h.allowed(get("stripe", "/x"))
	h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: pair, At: h.now.Wall,
		Until: h.now.Wall + hour, By: "cli"}.Encode(key)
	h.refused(get("stripe", "/x"), SessionRevoked)
	h.allowed(get("readonly", "/x"))
	h.pass(hour)
	h.allowed(get("stripe", "/x"))
	h.files[session.RevokedFile(pair)] = []byte("garbage")
	h.refused(get("stripe", "/x"), SessionRevoked)
	h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: "of another",
		At: h.now.Wall, Until: 1, By: "cli"}.Encode(key)
	h.refused(get("stripe", "/x"), SessionRevoked)
	delete(h.files, session.RevokedFile(pair))

	h.files[session.ClosedFile] = session.Closures{{Agent: "claude-ai",
		Until: h.now.Wall + hour, By: "cli"}}.Encode(key)
	h.refused(get("readonly", "/x"), SessionRevoked)
	other := get("readonly", "/x")
	other.Agent = "cursor"
	h.allowed(other)
	h.files[session.ClosedFile] = nil
	h.refused(other, SessionRevoked)
}

// revoke writes a revocation for so many milliseconds.
func (h *house) revoke(pair, id string, ms int64) session.Revocation {
	r := session.Revocation{ID: id, Pair: pair, At: h.now.Wall, Until: h.now.Wall + ms, By: "cli"}
	h.files[session.RevokedFile(pair)] = r.Encode(h.vault.Key("state"))
	return r
}

func TestWhatWasRevokedNeverComesBack(t *testing.T) {
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	for name, close := range map[string]func(h *house, id string){
		"revoked": func(h *house, id string) { h.revoke(pair, id, 60_000) },
		"lifted": func(h *house, id string) {
			h.files[session.RevokedFile(pair)] =
				h.revoke(pair, id, hour).Reopened(h.now.Wall).Encode(h.vault.Key("state"))
		},
		"closed": func(h *house, _ string) {
			h.files[session.ClosedFile] = session.Closures{{Agent: "claude-ai", At: h.now.Wall,
				Until: h.now.Wall + 60_000}}.Encode(h.vault.Key("state"))
		},
	} {
		h := newHouse(t, houseConfig)
		h.allowed(get("stripe", "/x"))
		id := h.records[0].Session
		h.pass(1000)
		close(h, id)
		h.pass(60_000) // the grant itself has most of its hour left
		h.engine = New(h.parse(houseConfig), h.vault)
		h.allowed(get("stripe", "/x"))
		if opened(h) != 2 || h.records[len(h.records)-1].Session == id {
			t.Errorf("%s: the old session was used again", name)
		}
		h.allowed(get("stripe", "/x"))
		if opened(h) != 2 {
			t.Errorf("%s: the new session is not kept", name)
		}
	}
}

func TestRevocationClosesThePairWhateverTheFileHolds(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	h.revoke(pair, h.records[0].Session, hour)
	h.pass(1000)
	g := session.Grant{
		ID:         "ffeeddccbbaa99887766554433221100",
		Agent:      "claude-ai",
		Via:        ViaStdio,
		Capability: "stripe",
		Service:    "stripe",
		Origin:     "https://api.stripe.com",
		Opened:     h.now.Wall,
		Expires:    h.now.Wall + hour,
	}
	h.files[session.File(pair)] = g.Encode(h.vault.Key("state"))
	h.refused(get("stripe", "/x"), SessionRevoked)
	delete(h.files, session.File(pair))
	h.refused(get("stripe", "/x"), SessionRevoked)
}

// A process goes by its own clock as well: an order holds for as long as it had to run when it was
// seen, wherever the wall clock is set.
func TestClockNeverShortensARevocation(t *testing.T) {
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	for name, close := range map[string]func(h *house){
		"revoked": func(h *house) { h.revoke(pair, "x", hour) },
		"closed": func(h *house) {
			h.files[session.ClosedFile] = session.Closures{{At: h.now.Wall,
				Until: h.now.Wall + hour}}.Encode(h.vault.Key("state"))
		},
	} {
		h := newHouse(t, houseConfig)
		close(h)
		h.refused(get("stripe", "/x"), SessionRevoked)
		h.now.Wall += 365 * 24 * hour
		h.refused(get("stripe", "/x"), SessionRevoked)
		h.now.Wall -= 365 * 24 * hour
		h.refused(get("stripe", "/x"), SessionRevoked)
		h.now.Mono += hour // its time is over here, and not by the wall clock
		h.refused(get("stripe", "/x"), SessionRevoked)
		h.now.Wall += hour
		h.allowed(get("stripe", "/x"))
		if len(h.engine.sessions.orders) != 1 {
			t.Errorf("%s: %d orders remembered", name, len(h.engine.sessions.orders))
		}
	}
}

func TestALiftedRevocationOpensAtOnce(t *testing.T) {
	h := newHouse(t, houseConfig)
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	r := h.revoke(pair, "x", hour)
	h.refused(get("stripe", "/x"), SessionRevoked)
	h.pass(1)
	h.files[session.RevokedFile(pair)] = r.Reopened(h.now.Wall).Encode(h.vault.Key("state"))
	h.allowed(get("stripe", "/x"))
	list := session.Closures{{Agent: "claude-ai", At: h.now.Wall, Until: h.now.Wall + hour}}
	h.files[session.ClosedFile] = list.Encode(h.vault.Key("state"))
	h.refused(get("stripe", "/x"), SessionRevoked)
	h.pass(1)
	list, _ = list.Reopen("claude-ai", "", h.now.Wall)
	h.files[session.ClosedFile] = list.Encode(h.vault.Key("state"))
	h.allowed(get("stripe", "/x"))
}

func TestOrdersThatCameAndWentEndTheCall(t *testing.T) {
	pair := session.Pair(ViaStdio, "claude-ai", "stripe")
	for name, c := range map[string]struct {
		order func(h *house)
		ends  bool
	}{
		"revoked, over": {func(h *house) { h.revoke(pair, "x", 1) }, true},
		"revoked, lifted": {func(h *house) {
			h.files[session.RevokedFile(pair)] = h.revoke(pair, "x", hour).Reopened(
				h.now.Wall).Encode(h.vault.Key("state"))
		}, true},
		"closed, over": {func(h *house) {
			h.files[session.ClosedFile] = session.Closures{{Agent: "claude-ai", At: h.now.Wall,
				Until: h.now.Wall + 1}}.Encode(h.vault.Key("state"))
		}, true},
		"another agent": {func(h *house) {
			h.files[session.ClosedFile] = session.Closures{{Agent: "cursor", At: h.now.Wall,
				Until: h.now.Wall + hour}}.Encode(h.vault.Key("state"))
		}, false},
		"from before the call": {func(h *house) {
			h.files[session.ClosedFile] = session.Closures{{At: h.now.Wall - hour,
				Until: h.now.Wall - hour/2}}.Encode(h.vault.Key("state"))
		}, false},
	} {
		h := newHouse(t, houseConfig)
		call := get("stripe", "/x")
		flow, _ := h.engine.Begin(h.in(h.engine.Needs(call)), call)
		h.pass(10)
		c.order(h)
		h.pass(10)
		if got := flow.Revoked(h.in(flow.watch())); got != c.ends {
			t.Errorf("%s: Revoked = %v", name, got)
		}
	}
}

func TestLongestTTLIsThatOfTheConfig(t *testing.T) {
	g := session.Grant{Opened: 1}
	order := session.Closures{{At: 1, Until: 1}}
	if max := config.MaxTTL.Milliseconds(); !order.Ends(g) || len(order.Current(max)) != 1 ||
		len(order.Current(max+1)) != 0 {
		t.Error("orders are not kept for as long as a grant they ended may live")
	}
}

func TestRevokedWhileItRuns(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := get("stripe", "/x")
	flow, _ := h.engine.Begin(h.in(h.engine.Needs(c)), c)
	if flow.Revoked(h.in(nil)) {
		t.Error("revoked with no file at all")
	}
	h.files[session.LockFile] = nil
	if !flow.Revoked(h.in([]string{session.LockFile})) {
		t.Error("a lock does not end the call")
	}
	if c, ok := flow.Resume(h.in(nil), Stopped{Why: StopRevoked}).(Commit); !ok ||
		c.Records[0].Code != Locked {
		t.Errorf("a call that the lock ended is recorded as %+v", c)
	}
	delete(h.files, session.LockFile)
	flow, _ = h.engine.Begin(h.in(h.engine.Needs(c)), c)
	h.files[session.RevokedFile(flow.pair)] = []byte("garbage")
	if !flow.Revoked(h.in(flow.watch())) {
		t.Error("a revocation does not end the call")
	}
	if c, ok := flow.Resume(h.in(nil), Stopped{Why: StopRevoked}).(Commit); !ok ||
		c.Records[0].Code != SessionRevoked {
		t.Errorf("a call that a revocation ended is recorded as %+v", c)
	}
}

func TestNeedsIsAFixedNumberOfFiles(t *testing.T) {
	h := newHouse(t, houseConfig)
	if n := len(h.engine.Needs(get("stripe", "/x"))); n != 4 {
		t.Errorf("execute needs %d files", n)
	}
	if n := len(h.engine.Needs(get("asked", "/x"))); n != 5 {
		t.Errorf("execute where a person is asked needs %d files", n)
	}
	own := get("asked", "/x")
	own.Via = ViaCLI
	if n := len(h.engine.Needs(own)); n != 1 {
		t.Errorf("the owner's call needs %d files", n)
	}
}

// TestOnlyTheSameBytesAreTrustedAgain: what a process remembers of a file must not stand for
// another file, nor for another key.
func TestOnlyTheSameBytesAreTrustedAgain(t *testing.T) {
	m, key := newSessionMemory(), []byte("key")
	g := session.Grant{ID: "1", Agent: "a", Via: ViaStdio, Capability: "c", Opened: 1, Expires: 2}
	data := g.Encode(key)
	for range 2 {
		if got, err := m.decode(key, g.Pair(), data); err != nil || got != g {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if _, err := m.decode([]byte("another key"), g.Pair(), data); err == nil {
		t.Error("verified with another key")
	}
	if _, err := m.decode(key, g.Pair(),
		bytes.Replace(data, []byte(`"expires":2`), []byte(`"expires":9`), 1)); err == nil {
		t.Error("an edited file is trusted")
	}
	if got, err := m.decode(key, g.Pair(), data); err != nil || got != g {
		t.Errorf("%+v, %v", got, err)
	}
}
