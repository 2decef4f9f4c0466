package gateway

import (
	"strconv"
	"sync"
	"time"

	"github.com/true-and-useful/janee/core"
)

// crowd counts the calls that find no room. At most one a second has a record, so that a flood of
// them cannot fill the disk.
type crowd struct {
	mu         sync.Mutex
	unrecorded int
	last       time.Time
}

// busy refuses a call for which there is no room.
func (g *Gateway) busy(c core.Call) Reply {
	if r, due := g.crowd.add(c, time.Now()); due {
		if err := g.log.Append([]core.Record{r}, false); err != nil {
			g.warn(err.Error())
		}
	}
	return Reply{Denial: core.Deny(core.Busy, c), Release: func() {}}
}

func (w *crowd) add(c core.Call, now time.Time) (r core.Record, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.last) < time.Second {
		w.unrecorded++
		return r, false
	}
	w.last = now
	r = w.record(now)
	r.Agent, r.Via, r.Capability = c.Agent, c.Via, c.Args.Capability
	return r, true
}

// rest is a last record, of those that no record speaks of yet.
func (w *crowd) rest(now time.Time) (records []core.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unrecorded > 0 {
		records = append(records, w.record(now))
	}
	return records
}

func (w *crowd) record(now time.Time) core.Record {
	r := core.Record{TS: now.UnixMilli(), Event: "deny", Decision: "deny", Code: core.Busy}
	if w.unrecorded > 0 {
		r.Detail = map[string]string{"unrecorded": strconv.Itoa(w.unrecorded)}
		w.unrecorded = 0
	}
	return r
}
