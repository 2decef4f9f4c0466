package limit

const (
	slot  = minute // of a meter
	slots = 61     // an hour, and the minute under way
)

// meter adds up the bytes of the last hour, minute by minute: what came in a minute counts until
// all of that minute is an hour ago. So no hour ever has more than it says, and what was used is
// free again at most a minute late.
type meter struct {
	slots [slots]int64
	last  int64 // number of the minute last written
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

// wait is how long, in milliseconds, until at most most of what was used still counts.
func (m *meter) wait(now, most int64) int64 {
	left := m.sum
	for i := int64(1); i <= slots; i++ {
		if left -= m.slots[(m.last+i)%slots]; left <= most {
			return (m.last+i)*slot - now
		}
	}
	return slots * slot
}
