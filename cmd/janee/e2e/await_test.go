//go:build !race

package e2e

import (
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdAwait waits, ten seconds at most, until a file is there, `await FILE`, or an API was asked so
// often, `await $VAR TIMES`. What runs in the background has got so far then.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FILE | await URL TIMES")
	}
	done := func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	}
	if len(args) == 2 {
		api, ok := apis.Load(args[0])
		times, err := strconv.Atoi(args[1])
		if !ok || err != nil {
			ts.Fatalf("no upstream at %s, or %q is no number", args[0], args[1])
		}
		done = func() bool {
			a := api.(*fakeAPI)
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.seen) >= times
		}
	}
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%v did not happen within ten seconds", args)
}
