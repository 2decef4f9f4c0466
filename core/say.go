package core

import (
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/policy"
)

// Say makes the answer of a person to a question, at now (Unix ms), and its record, which is in
// the log before the answer counts. lengthMs bounds the session that a yes opens; 0 leaves that to
// the ttl of its capability. by is the channel: "cli", "openclaw".
func Say(q Question, decision, scope, by string, now, lengthMs int64) (approval.Answer, Record) {
	a := approval.Answer{
		ID:       q.ID,
		Digest:   q.Digest,
		Decision: decision,
		Scope:    scope,
		At:       now,
		By:       by,
	}
	switch {
	case scope == approval.Once:
		a.Until = now + approval.Lifetime
	case lengthMs > 0:
		a.Until = now + lengthMs
	}
	r := Record{
		TS:         now,
		Event:      "answer",
		Agent:      q.Agent,
		Via:        q.Via,
		Capability: q.Capability,
		Service:    q.Service,
		Method:     q.Method,
		Target:     policy.Redact(q.Path),
		Reason:     q.Reason,
		Decision:   decision,
		Detail:     map[string]string{"by": by, "approval": q.ID, "scope": scope},
	}
	if a.Until != 0 {
		r.Detail["until"] = clock(a.Until)
	}
	return a, r
}

// Late is the record of an answer that came after another one, made of the record of that answer.
// found is what the other one's file holds: the first answer is the one that counts.
func Late(r Record, key, found []byte) Record {
	was := "somebody had answered"
	if first, err := approval.DecodeAnswer(key, found); err == nil {
		was += ": " + first.Decision
	}
	r.Decision = ""
	r.Detail = map[string]string{
		"by":       r.Detail["by"],
		"approval": r.Detail["approval"],
		"late":     was,
	}
	return r
}
