package mcpserver

import (
	"fmt"
	"sync"
	"time"
)

// busyPause is how often the log is told of requests refused as BUSY.
const busyPause = time.Minute

// busyCount counts requests that are refused as BUSY. They leave no other trace: a record of each,
// or a line, would let a flood fill the disk.
type busyCount struct {
	log func(line string)

	mu    sync.Mutex
	n     int
	timer *time.Timer // runs while there is something to tell
}

func (b *busyCount) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.timer == nil {
		b.timer = time.AfterFunc(busyPause, b.tell)
	}
}

// tell writes the number down and begins anew. It is also called when the server ends.
func (b *busyCount) tell() {
	b.mu.Lock()
	n := b.n
	if b.timer != nil {
		b.timer.Stop()
	}
	b.n, b.timer = 0, nil
	b.mu.Unlock()
	if n > 0 {
		b.log(fmt.Sprintf("requests refused as BUSY, because there were too many at once: %d", n))
	}
}
