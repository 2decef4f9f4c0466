package limit

const (
	slot  = minute // of a meter
	slots = 61     // an hour, and the minute under way
)

// meter adds up bytes over the last hour, by the minute: what came in a minute counts until the
// whole of it is an hour ago. So there are never more in any hour than it says, and what is used is
// free again a minute late at most.
type meter struct {
	slots [slots]int64
	last  int64 // number of the minute that was written last
	sum   int64
}

func (m *meter) advance(now int64) {
	for to := now / slot; m.last < to; {
		if to-m.last > slots {
			m.last = to - slots
		}
		m.last++
		m.sum -= m.slots[m.last%slots]
		m.slots[m.last%slots] = 0
	}
}

func (m *meter) add(now, n int64) {
	m.advance(now)
	m.slots[m.last%slots] += n
	m.sum += n
}

// wait is how long, in milliseconds, until no more than most are left of what was used.
func (m *meter) wait(now, most int64) int64 {
	left := m.sum
	for i := int64(1); i <= slots; i++ {
		if left -= m.slots[(m.last+i)%slots]; left <= most {
			return (m.last+i)*slot - now
		}
	}
	return slots * slot
}
