package limit

// Milliseconds.
const (
	second = 1000
	minute = 60 * second
	hour   = 60 * minute
)

// Use is what a call takes: the bytes that it sends, and the most that may be returned.
type Use struct{ Sent, Reply int64 }

// Excess says which limit a call would break.
type Excess struct {
	Who    Who
	Field  string // name of the field of Limits
	Most   int64
	WaitMs int64 // until it should fit; 0 if that depends on when other calls end
	Never  bool  // it can never fit: BytesPerHour is less than what it sends
}

// account is what one agent has used, for one capability or for all.
type account struct {
	minute, hour window
	bytes        meter
	reserved     int64 // bytes of the calls under way
	underWay     int64
	records      allowance
}

// excess says what keeps a call out. Limits that free themselves in time are checked last, so that
// the caller is told the longest wait.
func (a *account) excess(now int64, l Limits, u Use) (x *Excess) {
	if l.Concurrent > 0 && a.underWay >= l.Concurrent {
		return &Excess{Field: Concurrent, Most: l.Concurrent}
	}
	worse := func(field string, most, wait int64) {
		if wait > 0 && (x == nil || wait > x.WaitMs) {
			x = &Excess{Field: field, Most: most, WaitMs: wait}
		}
	}
	if l.PerMinute > 0 {
		worse(PerMinute, l.PerMinute, a.minute.wait(now, minute, l.PerMinute))
	}
	if l.PerHour > 0 {
		worse(PerHour, l.PerHour, a.hour.wait(now, hour, l.PerHour))
	}
	if l.BytesPerHour > 0 {
		if u.Sent+least(l, u) > l.BytesPerHour {
			return &Excess{Field: BytesPerHour, Most: l.BytesPerHour, Never: true}
		}
		worse(BytesPerHour, l.BytesPerHour, a.bytesWait(now, l, u))
	}
	return x
}

// least is the room for a reply without which a call is refused: a reply that is cut to a few bytes
// is of no use to anyone.
func least(l Limits, u Use) int64 { return min(u.Reply, max(1, l.BytesPerHour/8)) }

func (a *account) bytesWait(now int64, l Limits, u Use) int64 {
	a.bytes.advance(now)
	most := l.BytesPerHour - a.reserved - u.Sent - least(l, u)
	switch {
	case a.bytes.sum <= most:
		return 0
	case most < 0: // calls under way have it, and may give it back
		return second
	}
	return a.bytes.wait(now, most)
}

// room is how many bytes of reply still fit.
func (a *account) room(l Limits, u Use) int64 {
	if l.BytesPerHour == 0 {
		return u.Reply
	}
	return min(u.Reply, l.BytesPerHour-a.reserved-a.bytes.sum-u.Sent)
}

// enter counts a call that was let through. It keeps only what is bounded.
func (a *account) enter(now int64, l Limits, u Use) {
	if l.PerMinute > 0 {
		a.minute.add(now)
	}
	if l.PerHour > 0 {
		a.hour.add(now)
	}
	if l.BytesPerHour > 0 {
		a.reserved += u.Sent + u.Reply
	}
	a.underWay++
}

// leave ends a call that was let through with l and u and has used that many bytes.
func (a *account) leave(now int64, l Limits, u Use, used int64) {
	a.underWay--
	if l.BytesPerHour > 0 {
		a.reserved -= u.Sent + u.Reply
		a.bytes.add(now, used)
	}
}
