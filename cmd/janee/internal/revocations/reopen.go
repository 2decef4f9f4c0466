package revocations

import (
	"errors"

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
	return wrap(d.lift(s.Pair()), "reopen session %s", s.ID)
}

// ReopenAll lifts every order within the scope, those about single sessions included.
func (d *Desk) ReopenAll(scope Scope, o *Overview) error {
	if err := d.Record(d.entry("session.reopen", scope)); err != nil {
		return err
	}
	if err := d.reopenClosures(scope); err != nil {
		return wrap(err, "reopen sessions")
	}
	pairs, err := d.revokedPairs(scope, o)
	if err != nil {
		return err
	}
	var failed error
	for _, pair := range pairs {
		failed = errors.Join(failed, d.lift(pair))
	}
	return wrap(failed, "reopen sessions")
}

func (d *Desk) reopenClosures(scope Scope) error {
	return d.State.Edit(session.ClosedFile, func(data []byte) ([]byte, error) {
		if data == nil {
			return nil, nil
		}
		now := d.Now().UnixMilli()
		list, bad := d.decodeClosures(data)
		switch {
		case bad == nil:
			list, _ = list.Reopen(scope.Agent, scope.Capability, now)
		case scope == Scope{}:
			// Nobody can tell what the damaged list had ended: whatever was opened before this
			// moment is over.
			list = session.Closures{{At: now, By: by}}
		default:
			return nil, bad
		}
		return list.Encode(d.key()), nil
	})
}

// revokedPairs are those with a revocation within the scope. Whose a pair is only its session
// tells, so that one whose session cannot be read belongs to the widest scope alone.
func (d *Desk) revokedPairs(scope Scope, o *Overview) (pairs []string, err error) {
	names, err := d.State.List(session.Dir)
	if err != nil {
		return nil, err
	}
	owner := map[string]Session{}
	for _, s := range o.Sessions {
		owner[s.Pair()] = s
	}
	for _, name := range names {
		pair, ok := session.PairOfRevokedFile(name)
		if s, known := owner[pair]; ok && (known && scope.holds(s) || scope == Scope{}) {
			pairs = append(pairs, pair)
		}
	}
	return pairs, nil
}

// lift opens a pair again. The file stays: it tells which grants are over for good.
func (d *Desk) lift(pair string) error {
	return d.State.Edit(session.RevokedFile(pair), func(data []byte) ([]byte, error) {
		if data == nil {
			return nil, nil
		}
		now := d.Now().UnixMilli()
		order, bad := session.DecodeRevocation(d.key(), data)
		switch {
		// nobody can tell what it had ended: whatever was opened before this moment is over
		case bad != nil || order.Pair != pair:
			order = session.Revocation{Pair: pair, At: now, By: by}
		case order.Until == 0:
			return nil, nil
		}
		return order.Reopened(now).Encode(d.key()), nil
	})
}
