package answers

import (
	"errors"
	"fmt"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// Errors of Say.
var (
	ErrOver    = errors.New("the question is over")
	ErrDamaged = errors.New("there is an answer that cannot be read, and counts as no")
)

// Desk answers questions with what core.Say makes of a person's word. An answer is in the audit log
// before it counts; if it cannot be recorded it is not given.
type Desk struct {
	State  state.Store
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
	now := d.Now().UnixMilli()
	if !q.Live(now) {
		return a, false, ErrOver
	}
	a, r := core.Say(q, decision, scope, approval.ByCommand, now, length.Milliseconds())
	if err := d.Record(r); err != nil {
		return a, false, err
	}
	existing, err := state.Create(d.State, approval.AnswerFile(q.ID), a.Encode(d.key()))
	if err != nil {
		return a, false, fmt.Errorf("writing the answer: %w", err)
	}
	if existing == nil {
		return a, true, nil
	}
	first, _, err := d.said(q)
	return first, false, errors.Join(err, d.Record(core.Late(r, d.key(), existing)))
}

// said returns the answer that there is.
func (d *Desk) said(q approval.Question) (a approval.Answer, found bool, err error) {
	data, err := d.State.Read(approval.AnswerFile(q.ID))
	if err != nil || data == nil {
		return a, false, err
	}
	a, err = approval.DecodeAnswer(d.key(), data)
	if err != nil || a.ID != q.ID || a.Digest != q.Digest {
		return approval.Answer{}, true, ErrDamaged
	}
	return a, true, nil
}

func (d *Desk) key() []byte { return d.Vault.Key("state") }
