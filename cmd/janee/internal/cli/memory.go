package cli

import "runtime/debug"

// The memory of a server. A call leaves some 60 KB behind, so that at Go's own setting the heap of 4 MB is swept every few dozen calls;
// at twice that half of this work is gone, for 4 MB. Replies of megabytes are another matter: above the limit the heap is swept
// as often as it takes, which keeps 32 of 1 MiB at a time below 200 MB.
const (
	heapGrowth = 200       // per cent of what is in use
	heapLimit  = 160 << 20 // bytes; soft, see runtime/debug.SetMemoryLimit
)

// boundMemory leaves alone what a person has set by Go's own variables.
func boundMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
