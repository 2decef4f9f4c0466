package limit

// window knows the times of the last calls. It never lets more than so many through in any span,
// and never fewer than that allows. It keeps no more times than there were calls in the span, 8
// bytes each, and adds and removes each once.
type window struct {
	ring         []int64
	first, count int
}

func (w *window) at(i int) int64 { return w.ring[(w.first+i)%len(w.ring)] }

// wait is how long, in milliseconds, until one more call fits among n in span; 0 means now.
func (w *window) wait(now, span, n int64) int64 {
	for w.count > 0 && w.at(0) <= now-span {
		w.first = (w.first + 1) % len(w.ring)
		w.count--
	}
	if int64(w.count) < n {
		return 0
	}
	return w.at(w.count-int(n)) + span - now
}

// add notes a call, which must come no earlier than the one before.
func (w *window) add(now int64) {
	if w.count == len(w.ring) {
		grown := make([]int64, max(4, 2*w.count))
		for i := range w.count {
			grown[i] = w.at(i)
		}
		w.ring, w.first = grown, 0
	}
	w.ring[(w.first+w.count)%len(w.ring)] = now
	w.count++
}
