package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat, 100 a second on every Linux (proc_pid_stat(5),
// sysconf(_SC_CLK_TCK)).
const tick = 10 * time.Millisecond

// resident is memory in MB.
type resident struct{ now, peak float64 }

// memory reads VmRSS and VmHWM of a process, zero where the system does not tell them by way of
// /proc.
func memory(pid int) (m resident) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			m.now = kib * 1024 / 1e6
		case "VmHWM:":
			m.peak = kib * 1024 / 1e6
		}
	}
	return m
}

// processor is the time a process has had of all cores, in its own code and in the kernel for it.
func processor(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from field 3 on
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * tick
}

// describe names the machine, and what else it was doing.
func describe() string {
	return fmt.Sprintf("%s: %d cores, %s, %s/%s, kernel %s, %s; load %s before",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), cpu(), runtime.GOOS,
		runtime.GOARCH, first("/proc/sys/kernel/osrelease"), runtime.Version(),
		first("/proc/loadavg"))
}

func cpu() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name")
	name, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(name, "\t :")
}

// first is the first word of a file.
func first(path string) string {
	text, _ := os.ReadFile(path)
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return word
}
