package core

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
