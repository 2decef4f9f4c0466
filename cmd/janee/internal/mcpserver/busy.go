package mcpserver

import (
	"fmt"
	"sync"
	"time"
)

// busyPause is the time between log lines about requests refused as BUSY.
const busyPause = time.Minute

// busyCount counts requests that are refused as BUSY. They leave no other trace: with a record or a
// line for each, a flood could fill the disk.
type busyCount struct {
	log func(line string)

	mu    sync.Mutex
	n     int
	timer *time.Timer // runs while there is something to log
}

func (b *busyCount) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.timer == nil {
		b.timer = time.AfterFunc(busyPause, b.tell)
	}
}

// tell logs the count and sets it back to zero. It is also called when the server ends.
func (b *busyCount) tell() {
	b.mu.Lock()
	n := b.n
	if b.timer != nil {
		b.timer.Stop()
	}
	b.n, b.timer = 0, nil
	b.mu.Unlock()
	if n > 0 {
		b.log(fmt.Sprintf("requests refused as BUSY because too many came at once: %d", n))
	}
}
