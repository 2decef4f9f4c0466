package approval

// State is what has become of a question. The zero value allows nothing.
type State uint8

const (
	Damaged State = iota // there is an answer that cannot be read
	Open                 // nobody has answered, and there is time left
	Allowed              // a person said yes, and no call has used it
	Denied               // a person said no
	Spent                // a call has used the yes
	Expired              // nobody answered in time, or no call came in time
)

// Standing is what has become of a question. Answer is set for Allowed and Denied.
type Standing struct {
	State  State
	Answer Answer
}

// Standing judges by the files called AnswerFile and UsedFile, as they are at now (Unix ms). A name
// that is absent from files is a file that does not exist; the content of UsedFile does not matter.
func (q Question) Standing(key []byte, files map[string][]byte, now int64) Standing {
	if _, spent := files[UsedFile(q.ID)]; spent {
		return Standing{State: Spent}
	}
	data, answered := files[AnswerFile(q.ID)]
	if !answered {
		return Standing{State: pick(q.Live(now), Open, Expired)}
	}
	a, err := DecodeAnswer(key, data)
	switch {
	case err != nil || a.ID != q.ID || a.Digest != q.Digest:
		return Standing{State: pick(q.Live(now), Damaged, Expired)}
	case a.Decision == Deny:
		return Standing{pick(q.Live(now), Denied, Expired), a}
	// the answer was given before the question was asked, or when it was over
	case a.At < q.Asked-skewMs || a.At >= q.Expires:
		return Standing{State: Expired}
	}
	return Standing{pick(a.usable(now), Allowed, Expired), a}
}

// usable bounds how long a yes waits for its call, even if the clock was set back.
func (a Answer) usable(now int64) bool {
	return a.At <= now+skewMs && now < a.At+Lifetime && (a.Until == 0 || now < a.Until)
}

// Live reports whether the question can still be answered at now (Unix ms).
func (q Question) Live(now int64) bool { return q.Asked <= now+skewMs && now < q.Expires }

// Recent reports whether something may still depend on the question: it is live, or an answer given
// in its last moment is.
func (q Question) Recent(now int64) bool {
	return q.Asked <= now+skewMs && now < q.Expires+Lifetime
}

func pick(ok bool, yes, no State) State {
	if ok {
		return yes
	}
	return no
}
