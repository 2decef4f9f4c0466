package gateway

import (
	"strconv"
	"sync"
	"time"

	"github.com/true-and-useful/janee/core"
)

// busyCount counts the calls for which there is no room. At most one a second has a record, so that
// a flood of them cannot fill the disk.
type busyCount struct {
	mu         sync.Mutex
	unrecorded int
	last       time.Time // when there was a record
}

// busy refuses a call because there is no room for its reply.
func (g *Gateway) busy(c core.Call) Reply {
	if r, due := g.crowded.add(c, time.Now()); due {
		if err := g.log.Append([]core.Record{r}, false); err != nil {
			g.warn(err.Error())
		}
	}
	return Reply{Denial: core.Deny(core.Busy, c)}
}

// add counts a refusal and returns its record, if one is due.
func (b *busyCount) add(c core.Call, now time.Time) (r core.Record, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.last) < time.Second {
		b.unrecorded++
		return r, false
	}
	b.last = now
	r = b.record(now)
	r.Agent, r.Via, r.Capability = c.Agent, c.Via, c.Args.Capability
	return r, true
}

// rest returns a last record for the refusals that no record counts yet.
func (b *busyCount) rest(now time.Time) (records []core.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unrecorded > 0 {
		records = append(records, b.record(now))
	}
	return records
}

func (b *busyCount) record(now time.Time) core.Record {
	r := core.Record{TS: now.UnixMilli(), Event: "deny", Decision: "deny", Code: core.Busy}
	if b.unrecorded > 0 {
		r.Detail = map[string]string{"unrecorded": strconv.Itoa(b.unrecorded)}
		b.unrecorded = 0
	}
	return r
}
