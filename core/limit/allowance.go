package limit

const (
	// recordBurst is how many refusals of an agent are recorded one by one, no matter how fast they
	// come.
	recordBurst = 2000
	// recordEvery is how often, in milliseconds, one more is recorded after that.
	recordEvery = second
)

// allowance decides which of an agent's refusals get a record of their own: without a bound, an
// agent that repeats a refused call fills the disk. The others are counted, and the count goes into
// that agent's next record.
type allowance struct {
	full   int64 // when the whole burst is available again
	missed int64
}

// take reports whether a refusal of that many units gets a record.
func (a *allowance) take(now, units int64) bool {
	full := max(a.full, now) + units*recordEvery
	if full-now > recordBurst*recordEvery {
		a.missed++
		return false
	}
	a.full = full
	return true
}
