package revocations

import (
	"errors"
	"strings"

	"github.com/true-and-useful/janee/core/session"
)

// Reopen lifts the revocation of one session's pair. The session itself stays ended: the next call
// opens another.
func (d *Desk) Reopen(s Session) error {
	r := d.entry("session.reopen", Scope{s.Agent, s.Capability})
	r.Session, r.Via, r.Service = s.ID, s.Via, s.Service
	if err := d.Record(r); err != nil {
		return err
	}
	return wrap(d.Home.WithLock(func() error { return d.lift(s.Pair()) }),
		"reopen session %s", s.ID)
}

// ReopenAll lifts every order within the scope, those about single sessions included.
func (d *Desk) ReopenAll(scope Scope, b *Book) error {
	if err := d.Record(d.entry("session.reopen", scope)); err != nil {
		return err
	}
	if err := d.reopenClosures(scope); err != nil {
		return wrap(err, "reopen sessions")
	}
	pairs, err := d.revokedPairs(scope, b)
	if err != nil {
		return err
	}
	return wrap(d.Home.WithLock(func() error {
		var failed error
		for _, pair := range pairs {
			failed = errors.Join(failed, d.lift(pair))
		}
		return failed
	}), "reopen sessions")
}

func (d *Desk) reopenClosures(scope Scope) error {
	now := d.Now().UnixMilli()
	everything := scope == Scope{}
	data, err := d.Home.Read(session.ClosedFile)
	if err != nil || data == nil {
		return err
	}
	if _, bad := session.DecodeClosures(d.key(), data); bad != nil && everything {
		// Nobody can tell what the damaged list had ended: whatever was opened before this moment
		// is over.
		list := session.Closures{{At: now, By: by}}
		return d.Home.WithLock(func() error {
			_, err := d.Home.Write(session.ClosedFile, list.Encode(d.key()), false)
			return err
		})
	}
	return d.closures(func(list session.Closures) session.Closures {
		list, _ = list.Reopen(scope.Agent, scope.Capability, now)
		return list
	})
}

// revokedPairs are those with a revocation within the scope. Whose a pair is only its session
// tells, so that one whose session cannot be read belongs to the widest scope alone.
func (d *Desk) revokedPairs(scope Scope, b *Book) (pairs []string, err error) {
	names, err := d.Home.List("sessions")
	if err != nil {
		return nil, err
	}
	owner := map[string]Session{}
	for _, s := range b.Sessions {
		owner[s.Pair()] = s
	}
	for _, name := range names {
		pair, ok := strings.CutSuffix(strings.TrimPrefix(name, "sessions/"), ".revoked")
		if s, known := owner[pair]; ok && (known && scope.holds(s) || scope == Scope{}) {
			pairs = append(pairs, pair)
		}
	}
	return pairs, nil
}

// lift opens a pair again. The file stays: it tells which grants are over for good. The caller
// holds the lock.
func (d *Desk) lift(pair string) error {
	name, now := session.RevokedFile(pair), d.Now().UnixMilli()
	data, err := d.Home.Read(name)
	if err != nil || data == nil {
		return err
	}
	order, bad := session.DecodeRevocation(d.key(), data)
	switch {
	// nobody can tell what it had ended: whatever was opened before this moment is over
	case bad != nil || order.Pair != pair:
		order = session.Revocation{Pair: pair, At: now, By: by}
	case order.Until == 0:
		return nil
	}
	_, err = d.Home.Write(name, order.Reopened(now).Encode(d.key()), false)
	return err
}
