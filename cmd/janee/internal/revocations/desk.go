package revocations

import (
	"fmt"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

// by names, in orders and records, that a command gave the order.
const by = "cli"

// Desk gives orders about sessions. What it does is in the audit log before it is done; if it
// cannot be recorded it is not done.
type Desk struct {
	State  state.Store
	Vault  *vault.Vault
	Record func(audit.Record) error // durable when it returns
	Now    func() time.Time
}

// Scope names many sessions: those of Agent, of Capability, or of both; an empty name is any.
type Scope struct{ Agent, Capability string }

func (s Scope) holds(x Session) bool {
	return (s.Agent == "" || s.Agent == x.Agent) &&
		(s.Capability == "" || s.Capability == x.Capability)
}

// Revoke ends s for good and keeps its agent out of its capability until then, or longer if an
// earlier order says so. It returns until when.
func (d *Desk) Revoke(s Session, until time.Time) (time.Time, error) {
	r := d.entry("session.revoke", Scope{s.Agent, s.Capability})
	r.Session, r.Via, r.Service = s.ID, s.Via, s.Service
	r.Detail["until"] = stamp(until)
	if err := d.Record(r); err != nil {
		return until, err
	}
	order := session.Revocation{ID: s.ID, Pair: s.Pair(), Until: until.UnixMilli(), By: by}
	err := d.State.Edit(session.RevokedFile(order.Pair), func(data []byte) ([]byte, error) {
		if old, err := session.DecodeRevocation(d.key(), data); err == nil {
			order.Until = max(order.Until, old.Until)
		}
		// not earlier: a session opened since the record was written is meant too
		order.At = d.Now().UnixMilli()
		return order.Encode(d.key()), nil
	})
	return time.UnixMilli(order.Until), wrap(err, "revoke session %s", s.ID)
}

// Close is Revoke for every session of a scope, also those that are not open yet.
func (d *Desk) Close(scope Scope, until time.Time) (time.Time, error) {
	r := d.entry("session.revoke", scope)
	r.Detail["until"] = stamp(until)
	if err := d.Record(r); err != nil {
		return until, err
	}
	err := d.closures(func(list session.Closures) session.Closures {
		list = list.Add(session.Closure{
			Agent:      scope.Agent,
			Capability: scope.Capability,
			At:         d.Now().UnixMilli(),
			Until:      until.UnixMilli(),
			By:         by,
		})
		// an earlier order about the same scope may say longer
		until = time.UnixMilli(list[len(list)-1].Until)
		return list
	})
	return until, wrap(err, "close sessions")
}

// closures changes the list of orders. Of several commands at once none is lost.
func (d *Desk) closures(change func(session.Closures) session.Closures) error {
	return d.State.Edit(session.ClosedFile, func(data []byte) ([]byte, error) {
		list, err := d.decodeClosures(data)
		if err != nil {
			return nil, err
		}
		return change(list).Encode(d.key()), nil
	})
}

func (d *Desk) decodeClosures(data []byte) (session.Closures, error) {
	if data == nil {
		return nil, nil
	}
	list, err := session.DecodeClosures(d.key(), data)
	if err != nil {
		return nil, hint.Errorf(hint.Failed,
			"every session counts as closed meanwhile; `janee reopen --all` begins a new list",
			"reading %s: %w", session.ClosedFile, err)
	}
	return list, nil
}

func (d *Desk) entry(event string, s Scope) audit.Record {
	return audit.Record{
		TS:         d.Now().UnixMilli(),
		Event:      event,
		Agent:      s.Agent,
		Capability: s.Capability,
		Detail:     map[string]string{"by": by},
	}
}

func (d *Desk) key() []byte { return d.Vault.Key("state") }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
