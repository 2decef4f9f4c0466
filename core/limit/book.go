package limit

import "sync"

// Who names an account: that of an agent over a transport, for one capability or, if Capability is
// empty, for all together.
type Who struct{ Via, Agent, Capability string }

// Claim is one account that a call is counted in, with the limits that apply to it.
type Claim struct {
	Who    Who
	Limits Limits
}

const (
	// maxAccounts bounds the memory of a Book against an endless stream of names: later ones share
	// one account.
	maxAccounts = 10_000
	// kept is how long, in milliseconds, an account is remembered at least: longer than any span
	// that it counts.
	kept = hour + minute + recordBurst*recordEvery
)

// Book keeps the accounts of one process. It is safe for concurrent use. The cost of a call does
// not grow with the number of accounts.
type Book struct {
	mu     sync.Mutex
	now    int64 // the latest seen: calls of one process arrive slightly out of order
	turned int64 // when young was begun
	young  map[Who]*account
	old    map[Who]*account // those that nobody has asked for since
}

// NewBook returns a book with nothing counted.
func NewBook() *Book { return &Book{young: map[Who]*account{}} }

// Look says what would keep a call out, or nil, and counts nothing.
func (b *Book) Look(now int64, u Use, claims ...Claim) *Excess {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, x := b.judge(now, u, claims)
	return x
}

// Take counts a call if all claims let it through; the caller must end the ticket with End. The
// ticket's Reply is how many bytes of reply fit.
func (b *Book) Take(now int64, u Use, claims ...Claim) (*Ticket, *Excess) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, x := b.judge(now, u, claims)
	if x != nil {
		return nil, x
	}
	for _, h := range t.held {
		h.account.enter(b.now, h.limits, t.Use)
	}
	return t, nil
}

func (b *Book) judge(now int64, u Use, claims []Claim) (*Ticket, *Excess) {
	b.advance(now)
	t := &Ticket{Use: u, book: b, held: make([]held, 0, len(claims))}
	for _, c := range claims {
		if !c.Limits.counts() {
			continue
		}
		a := b.account(c.Who)
		if x := a.excess(b.now, c.Limits, u); x != nil {
			x.Who = c.Who
			return nil, x
		}
		t.Reply = min(t.Reply, a.room(c.Limits, u))
		t.held = append(t.held, held{a, c.Limits})
	}
	return t, nil
}

// UnderWay is how many calls of an account are under way; tests use it to see that none is left.
func (b *Book) UnderWay(w Who) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.account(w).underWay
}

// Record reports whether a refusal of the agent gets a record of its own. size is how many bytes of
// the agent's own words the record contains; each KiB counts as one record. missed is how many
// refusals got none since the agent's last record, for this one to report.
func (b *Book) Record(now int64, w Who, size int) (ok bool, missed int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(now)
	a := &b.account(w).records
	if !a.take(b.now, 1+int64(size>>10)) {
		return false, 0
	}
	missed, a.missed = a.missed, 0
	return true, missed
}

// Missed returns, and forgets, the refusals that no record reports yet, by agent.
func (b *Book) Missed() map[Who]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[Who]int64{}
	for _, accounts := range []map[Who]*account{b.young, b.old} {
		for w, a := range accounts {
			if a.records.missed > 0 {
				found[w], a.records.missed = a.records.missed, 0
			}
		}
	}
	return found
}

func (b *Book) advance(now int64) {
	b.now = max(b.now, now)
	if b.now-b.turned < kept {
		return
	}
	old := b.old
	b.old, b.young, b.turned = b.young, map[Who]*account{}, b.now
	for w, a := range old {
		if a.underWay > 0 || a.records.missed > 0 {
			b.young[w] = a
		}
	}
}

func (b *Book) account(w Who) *account {
	if a := b.young[w]; a != nil {
		return a
	}
	a := b.old[w]
	switch {
	case a != nil:
		delete(b.old, w)
	case len(b.young)+len(b.old) >= maxAccounts && w != Who{}:
		return b.account(Who{})
	default:
		a = &account{}
	}
	b.young[w] = a
	return a
}

// Ticket is a call that was let through. It is not safe for concurrent use.
type Ticket struct {
	Use
	book *Book
	held []held
}

type held struct {
	account *account
	limits  Limits // as they were when the call was counted
}

// End takes the call off those under way and counts the bytes that it has used. Only the first End
// of a ticket counts.
func (t *Ticket) End(now, used int64) {
	t.book.mu.Lock()
	defer t.book.mu.Unlock()
	t.book.advance(now)
	for _, h := range t.held {
		h.account.leave(t.book.now, h.limits, t.Use, used)
	}
	t.held = nil
}
