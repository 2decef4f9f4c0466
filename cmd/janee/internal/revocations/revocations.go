// Package revocations is what the owner's commands do to end sessions: list them, find one by the
// beginning of its id, revoke one or all of a scope, reopen them, and lock the whole home. Use Read
// to look and Desk to act. Every server of the home, running or started later, follows the files
// that a Desk writes.
//
// Package core/session says what grants, revocations and closures are and how they are encoded;
// this package keeps them in a home. It judges no call: package core does that, from the same
// files. It prints nothing and asks nothing.
package revocations

import (
	"cmp"
	"slices"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

// Status of a session.
type Status string

const (
	Active  Status = "active"
	Revoked Status = "revoked" // a person closed it
	Expired Status = "expired" // its time is over
	// the configuration changed since it was opened: the next call opens another
	Void Status = "void"
)

// Session is what is known of one session. Times are Unix milliseconds.
type Session struct {
	session.Grant
	Ends   int64 // when its time is over, by the ttl that the capability has now
	Status Status
	Closed int64 // until when its agent is kept out of its capability; 0 where it is not
	Uses   int
	Last   int64 // use; 0: none
}

// Overview is the state of all sessions at one moment.
type Overview struct {
	Sessions []Session        // by when they were opened
	Orders   session.Closures // those in force
	// session files that grant nothing, because they cannot be read or this home did not write them
	Unreadable int
	Damaged    []string // files that close sessions because they cannot be read
	Locked     bool
}

// Read looks at every session file, and takes one that cannot be read as the engine does: a grant
// permits nothing, an order closes. So a file that was planted or spoiled keeps nobody from
// revoking the others. v may be nil: a home without a key has no sessions.
func Read(from state.Reader, c *config.Config, v *vault.Vault, now time.Time) (*Overview, error) {
	locked, err := from.Read(session.LockFile)
	o := &Overview{Locked: locked != nil || err != nil}
	if v == nil {
		return o, nil
	}
	r := reader{state: from, config: c, key: v.Key("state"), now: now.UnixMilli(), overview: o}
	r.closures()
	names, err := from.List(session.Dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if pair, ok := session.PairOfFile(name); ok {
			r.session(pair)
		}
	}
	slices.SortFunc(o.Sessions, func(x, y Session) int {
		return cmp.Or(cmp.Compare(x.Opened, y.Opened), cmp.Compare(x.ID, y.ID))
	})
	return o, nil
}

type reader struct {
	state    state.Reader
	config   *config.Config
	key      []byte
	now      int64
	overview *Overview
	orders   session.Closures // also those that are over: they may have ended a session
}

func (r *reader) closures() {
	data, err := r.state.Read(session.ClosedFile)
	if err == nil && data == nil {
		return
	}
	if err == nil {
		r.orders, err = session.DecodeClosures(r.key, data)
	}
	if err != nil {
		r.overview.Damaged = append(r.overview.Damaged, session.ClosedFile)
		return
	}
	r.overview.Orders = slices.DeleteFunc(slices.Clone(r.orders), func(o session.Closure) bool {
		return o.Until <= r.now
	})
}

func (r *reader) session(pair string) {
	var g session.Grant
	data, err := r.state.Read(session.File(pair))
	if err == nil {
		g, err = session.Decode(r.key, data)
	}
	if err != nil || g.Pair() != pair {
		r.overview.Unreadable++
		return
	}
	s := Session{Grant: g}
	revoked, err := r.state.Read(session.RevokedFile(pair))
	if err != nil {
		revoked = []byte{} // no order, but a file
	}
	r.judge(&s, revoked)
	r.overview.Sessions = append(r.overview.Sessions, s)
}

// judge tells the status by the files and rules that core goes by.
func (r *reader) judge(s *Session, revoked []byte) {
	usable := false
	s.Ends = s.Expires
	if p := r.config.Capabilities[s.Capability]; p != nil {
		ttl := p.TTL.Milliseconds()
		s.Ends = min(s.Expires, s.Opened+ttl)
		service := r.config.Services[p.Service]
		usable = p.Service == s.Service && s.Usable(r.now, ttl, service.Base.Origin(),
			service.SessionBinding(), !p.AutoApprove)
	}
	_, s.Closed = r.orders.Closes(s.Agent, s.Capability, r.now)
	ended := r.orders.Ends(s.Grant)
	if revoked != nil {
		order, err := session.DecodeRevocation(r.key, revoked)
		if err != nil || order.Pair != s.Pair() {
			r.overview.Damaged = append(r.overview.Damaged, session.RevokedFile(s.Pair()))
			ended = true
		} else {
			ended = ended || order.Ends(s.Grant)
			if order.Until > r.now {
				s.Closed = max(s.Closed, order.Until)
			}
		}
	}
	switch {
	case ended || s.Closed > 0 || slices.Contains(r.overview.Damaged, session.ClosedFile):
		s.Status = Revoked
	case r.now >= s.Ends:
		s.Status = Expired
	case usable:
		s.Status = Active
	default:
		s.Status = Void
	}
}

// Open returns the active sessions.
func (o *Overview) Open() []Session {
	return slices.DeleteFunc(slices.Clone(o.Sessions), func(s Session) bool {
		return s.Status != Active
	})
}

// CountUses fills in Uses and Last from the audit log.
func CountUses(log auditlog.Dir, list []Session) error {
	lives := map[string]auditlog.Life{}
	for _, s := range list {
		lives[s.ID] = auditlog.Life{Opened: time.UnixMilli(s.Opened), Ends: time.UnixMilli(s.Ends)}
	}
	uses, err := auditlog.Uses(log, lives)
	for i, s := range list {
		if u, ok := uses[s.ID]; ok {
			list[i].Uses, list[i].Last = u.Count, u.Last.UnixMilli()
		}
	}
	return err
}

// OpenIn returns the active sessions of a scope.
func (o *Overview) OpenIn(scope Scope) []Session {
	return slices.DeleteFunc(o.Open(), func(s Session) bool { return !scope.holds(s) })
}

// Knows reports whether the scope holds any session, open or not.
func (o *Overview) Knows(scope Scope) bool { return slices.ContainsFunc(o.Sessions, scope.holds) }

// KeptOut counts the sessions whose agent is kept out of its capability by an order about that
// session.
func (o *Overview) KeptOut() (n int) {
	for _, s := range o.Sessions {
		if covered, _ := o.Orders.Closes(s.Agent, s.Capability, 0); s.Closed != 0 && !covered {
			n++
		}
	}
	return n
}
