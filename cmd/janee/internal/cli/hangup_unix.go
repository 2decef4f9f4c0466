//go:build !windows

package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// onHangup reports each SIGHUP until ctx is done.
func onHangup(ctx context.Context) <-chan struct{} {
	signals, hangup := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				select {
				case hangup <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return hangup
}
