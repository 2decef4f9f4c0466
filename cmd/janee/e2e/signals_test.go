//go:build !race && !windows

package e2e

import (
	"syscall"
	"testing"
	"time"
)

// TestCtrlCAgainWhileEnding: after Ctrl-C the launcher of the npm package passes on what the
// terminal has sent to both, and a person presses it twice. Neither kills a server that is ending.
func TestCtrlCAgainWhileEnding(t *testing.T) {
	p := newPlace(t)
	for range 30 {
		s := p.site()
		for ended := false; !ended; {
			_ = s.cmd.Process.Signal(syscall.SIGINT)
			select {
			case <-s.ended:
				ended = true
			case <-time.After(20 * time.Microsecond):
			}
		}
		if err := stopSite(s.url); err != nil {
			t.Fatal(err)
		}
	}
}
