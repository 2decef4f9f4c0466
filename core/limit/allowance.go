package limit

const (
	// recordBurst is how many refusals of an agent are recorded one by one, however fast they come.
	recordBurst = 2000
	// recordEvery is how often, in milliseconds, one more is recorded beyond that.
	recordEvery = second
)

// allowance decides which of an agent's refusals get a record of their own: without a bound an
// agent that repeats what is refused fills the disk. The others are counted, and the count goes
// into the next record of that agent.
type allowance struct {
	full   int64 // when the whole burst is there again
	missed int64
}

// take reports whether there is a record for a refusal of so many units.
func (a *allowance) take(now, units int64) bool {
	full := max(a.full, now) + units*recordEvery
	if full-now > recordBurst*recordEvery {
		a.missed++
		return false
	}
	a.full = full
	return true
}
