package core

import (
	"encoding/hex"
	"maps"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
)

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
	write := Write{Name: name, Data: g.Encode(f.engine.stateKey), If: replacing(f.stored)}
	c, d := f.commitOpen(Commit{Writes: []Write{write}}, "the session cannot be written")
	if d != nil {
		return d
	}
	if winner, lost := c.Exists[name]; lost {
		in, good := f.in(), false
		in.Files = f.files
		if g, good = f.engine.grant(in, f.pair, winner, f.capability, f.service); !good {
			return f.failure(SessionRevoked,
				"another process opened this session, and it has ended")
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
