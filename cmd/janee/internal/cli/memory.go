package cli

import "runtime/debug"

// The memory of a server. A small call leaves some 25 KB behind: at Go's own setting, which
// collects before the heap has 4 MB, that is every hundred calls or so; at twice that half of this
// work is gone, for 4 MB. Replies of megabytes are another matter: above the limit it collects as
// often as it takes, which keeps 32 of 1 MiB at a time below 200 MB.
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
