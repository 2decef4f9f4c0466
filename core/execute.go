package core

import (
	"encoding/hex"
	"maps"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

// execute makes the request of an agent with a credential that the agent never sees: it takes the
// checks in their order, asks a person where one of them wants that, gives the call a session, and
// sends.
func (f *Flow) execute() Done {
	d, asks := f.check()
	switch {
	case asks:
		d = f.askPerson()
	case d == nil:
		d = f.enter()
	}
	if d != nil {
		return f.refuse(d)
	}
	return f.perform()
}

// check stops at the first check that refuses. asks says that its refusal is a question to a
// person.
func (f *Flow) check() (d *Denial, asks bool) {
	for i := range checks {
		c := &checks[i]
		if c.refuse == nil {
			continue
		}
		if d := c.refuse(&f.subject, f.in()); d != nil {
			return d, c.asks
		}
	}
	return nil, false
}

// enter counts the call, which has passed every check, and gives it a session: the one that is
// open, or a new one. A person's own command has none.
func (f *Flow) enter() *Denial {
	if d := f.take(); d != nil {
		return d
	}
	if f.call.Person() || f.grant.ID != "" {
		f.session = f.grant.ID
		return nil
	}
	return f.openSession("", 0)
}

// openSession records that a session opens, before there is a grant of it: an agent that deletes
// the log afterwards is found out by the grants that are left. until (Unix ms) may end the session
// before its ttl does; 0 does not. Several processes may try at once: the file is create-only and
// the loser uses the winner's; what the loser recorded stays in the log, and its id never serves. A
// grant that is over is replaced.
func (f *Flow) openSession(approval string, until int64) *Denial {
	g := f.newGrant(approval, until)
	r := f.record(audit.EventSession)
	r.Session = g.ID
	if _, d := f.commit(Commit{Records: []Record{r}}, ""); d != nil {
		return d
	}
	name := session.File(f.pair)
	when := Absent
	if f.stored {
		when = Any
	}
	write := Write{Name: name, Data: g.Encode(f.engine.stateKey), If: when}
	c, d := f.commitOpen(Commit{Writes: []Write{write}}, "the session cannot be written")
	if d != nil {
		return d
	}
	if winner, lost := c.Exists[name]; lost {
		own := false
		if g, own = f.engine.grant(f.in(), f.pair, winner, f.capability, f.service); !own {
			return f.failure(SessionRevoked, "another process holds this session and it is over")
		}
	} else {
		f.engine.sessions.alive(f.pair, g, f.in().Now, f.capability.TTL.Milliseconds(), true)
	}
	f.session = g.ID
	return nil
}

// commitOpen makes c durable unless the owner has locked Janee, or closed the session, since the
// checks looked: an order that was given in between must not find the session open afterwards.
func (f *Flow) commitOpen(c Commit, why string) (Committed, *Denial) {
	for range maxStale {
		c.Holds = nil
		for _, name := range f.watch() {
			c.Holds = append(c.Holds, Hold{name, f.files[name]})
		}
		done, d := f.commit(c, why)
		if d != nil || !done.Stale {
			return done, d
		}
		in := f.in()
		in.Files = changed(f.files, done.Exists)
		if d := f.checkLock(in); d != nil {
			return done, d
		}
		if d := f.checkSession(in); d != nil {
			return done, d
		}
	}
	return Committed{}, f.failure(Busy,
		"orders about this session change faster than they are read")
}

// maxStale is how often a commit is tried whose files change meanwhile.
const maxStale = 3

// changed returns files as they are now; nil is a file that is gone.
func changed(files, now map[string][]byte) map[string][]byte {
	files = maps.Clone(files)
	for name, data := range now {
		if data == nil {
			delete(files, name)
		} else {
			files[name] = data
		}
	}
	return files
}

func (f *Flow) newGrant(approval string, until int64) session.Grant {
	in := f.in()
	expires := in.Now.Wall + f.capability.TTL.Milliseconds()
	if until != 0 {
		expires = min(expires, until)
	}
	return session.Grant{
		ID:         hex.EncodeToString(in.Rand[16:32]),
		Agent:      f.call.Agent,
		Via:        f.call.Via,
		Capability: f.call.Args.Capability,
		Service:    f.service.Name,
		Origin:     f.service.Base.Origin(),
		Bound:      f.service.SessionBinding(),
		Opened:     in.Now.Wall,
		Expires:    expires,
		Approval:   approval,
		Reason:     firstRunes(f.call.Args.Reason, maxReason),
	}
}

// maxReason bounds, in characters, how much of a reason is kept in a session and shown to a person.
const maxReason = 500

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// perform sends the request. The intent is durable before the credential is opened, and the result
// before the agent has the reply.
func (f *Flow) perform() Done {
	intent := f.record("intent")
	intent.Decision, intent.Rule = "allow", f.decision.Rule
	if _, d := f.commit(Commit{Records: []Record{intent}}, ""); d != nil {
		return f.refuse(d)
	}
	result, d := f.deliver()
	lock := f.recordResult(result, d)
	return Done{Result: result, Denial: d, Lock: lock}
}

// recordResult records what came of the call. If that cannot be written the answer still goes out,
// and the shell locks.
func (f *Flow) recordResult(res *Result, d *Denial) (lock bool) {
	r := f.record("result")
	r.DurationMs = f.in().Now.Mono - f.began
	if res != nil {
		r.Status, r.Redactions = res.Status, int64(res.Redactions)
	}
	if d != nil {
		r.Code = d.Code
	}
	r.Bytes = f.reply.bytes
	if f.reply.fault != "" {
		r.Detail = with(r.Detail, "upstream", f.reply.fault)
	}
	if f.reply.repeated {
		r.Detail = with(r.Detail, "repeated", "the API refused the first token")
	}
	f.closing = true
	ev, _ := f.do(Commit{Records: []Record{r}, Late: true})
	c, ok := ev.(Committed)
	return !ok || c.Err
}
