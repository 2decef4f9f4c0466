package answers

import (
	"errors"
	"fmt"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/vault"
)

// by stands in every answer that a command gives.
const by = approval.ByCommand

// Errors of Say.
var (
	ErrOver    = errors.New("the question is over")
	ErrDamaged = errors.New("there is an answer that cannot be read, and counts as no")
)

// Desk answers questions. An answer stands in the audit log before it counts; if it cannot be
// recorded it is not given.
type Desk struct {
	Home   *home.Home
	Vault  *vault.Vault
	Record func(audit.Record) error // durable when it returns
	Now    func() time.Time
}

// Say answers q. Who answers first wins: mine is false where somebody has, and a is what they said.
// length bounds a session (0: by the ttl of its capability).
func (d *Desk) Say(
	q approval.Question, decision, scope string, length time.Duration,
) (a approval.Answer, mine bool, err error) {
	if a, found, err := d.said(q); found || err != nil {
		return a, false, err
	}
	now := d.Now()
	if !q.Live(now.UnixMilli()) {
		return a, false, ErrOver
	}
	a = approval.Answer{
		ID:       q.ID,
		Digest:   q.Digest,
		Decision: decision,
		Scope:    scope,
		At:       now.UnixMilli(),
		By:       by,
	}
	switch {
	case scope == approval.Once:
		a.Until = a.At + approval.Lifetime
	case length > 0:
		a.Until = now.Add(length).UnixMilli()
	}
	r := d.entry("answer", q)
	r.Decision, r.Detail["scope"] = decision, scope
	if a.Until != 0 {
		r.Detail["until"] = time.UnixMilli(a.Until).UTC().Format(time.RFC3339)
	}
	if err := d.Record(r); err != nil {
		return a, false, err
	}
	existing, err := d.Home.Write(approval.AnswerFile(q.ID), a.Encode(d.key()), true)
	if err != nil {
		return a, false, fmt.Errorf("writing the answer: %w", err)
	}
	if existing == nil {
		return a, true, nil
	}
	first, _, err := d.said(q)
	late := d.entry("answer", q)
	late.Detail["late"] = "somebody had answered: " + first.Decision
	return first, false, errors.Join(err, d.Record(late))
}

// said returns the answer that there is.
func (d *Desk) said(q approval.Question) (a approval.Answer, found bool, err error) {
	data, err := d.Home.Read(approval.AnswerFile(q.ID))
	if err != nil || data == nil {
		return a, false, err
	}
	a, err = approval.DecodeAnswer(d.key(), data)
	if err != nil || a.ID != q.ID || a.Digest != q.Digest {
		return approval.Answer{}, true, ErrDamaged
	}
	return a, true, nil
}

func (d *Desk) entry(event string, q approval.Question) audit.Record {
	return audit.Record{
		TS:         d.Now().UnixMilli(),
		Event:      event,
		Agent:      q.Agent,
		Via:        q.Via,
		Capability: q.Capability,
		Service:    q.Service,
		Method:     q.Method,
		Target:     policy.Redact(q.Path),
		Reason:     q.Reason,
		Detail:     map[string]string{"by": by, "approval": q.ID},
	}
}

func (d *Desk) key() []byte { return d.Vault.Key("state") }
