package cli

import "context"

// onHangup never reports: Windows has no such signal.
func onHangup(context.Context) <-chan struct{} { return nil }
