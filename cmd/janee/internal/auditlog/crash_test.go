//go:build unix

package auditlog

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
)

// TestKill kills processes that write, at any moment. Records that were reported durable must be in
// the log, and nothing may look tampered with.
func TestKill(t *testing.T) {
	if dir := os.Getenv("APPEND_UNDER"); dir != "" {
		appendForever(t, dir, os.Getenv("APPEND_AS"))
	}
	h := newHome(t)
	torn := 0
	for round := range 10 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "APPEND_UNDER="+h.Path("."),
			"APPEND_AS="+[]string{"", CLI}[round%2])
		var said strings.Builder
		cmd.Stdout = &said
		must(t, cmd.Start())
		time.Sleep(time.Duration(60+11*round) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		torn += len(verified(t, h).Torn)
		acknowledged(t, h, said.String())
	}
	if r := verified(t, h); r.Lines < 50 {
		t.Errorf("the children hardly wrote: %+v", r)
	}
	t.Logf("%d torn lines on the way", torn)
}

// appendForever prints each request once its record is durable.
func appendForever(t *testing.T, dir, writer string) {
	h, err := home.Open(dir)
	must(t, err)
	l := open(t, h, Options{Writer: writer})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				req := fmt.Sprintf("%d.%d.%d", os.Getpid(), w, i)
				intent, _ := call(time.Now().UnixMilli(), req, "stripe")
				intent[0].Reason = strings.Repeat("long ", 80)
				must(t, l.Append(intent, true))
				fmt.Printf("durable %s\n", req)
				must(t,
					l.Append([]audit.Record{{TS: 1, Event: "result", Req: req,
						Service: "stripe", Status: 200}}, false))
			}
		})
	}
	wg.Wait()
}

func acknowledged(t *testing.T, h *home.Home, said string) {
	t.Helper()
	page, err := Read(h, Filter{})
	must(t, err)
	found := map[string]bool{}
	for _, r := range page.Rows {
		found[r.Req] = true
	}
	for line := range strings.Lines(said) {
		req, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "durable ")
		if ok && strings.HasSuffix(line, "\n") && !found[req] {
			t.Errorf("%s was said to be durable and is gone", req)
		}
	}
}

// TestFullDisk bounds the size of files, which tears a line as a full disk does. The limit is per
// process, so a child process has it.
func TestFullDisk(t *testing.T) {
	if os.Getenv("FULL_DISK") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), "FULL_DISK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	limit := func(n uint64) {
		t.Helper()
		must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: before.Max}))
	}
	defer limit(before.Cur)

	h := newHome(t)
	l := open(t, h, Options{})
	must(t, l.Append(some(2), true))
	old := l.chain.writer
	limit(4000)
	if err := l.Append(some(20), true); err == nil {
		t.Fatal("no error from a torn write")
	}
	must(t, l.Append(some(1), true)) // a new file has room
	if l.chain.writer == old {
		t.Error("the broken chain goes on")
	}
	limit(0)
	for range 3 {
		if err := l.Append(some(1), true); err == nil {
			t.Error("no error on a full disk")
		}
	}
	limit(before.Cur)
	must(t, l.Append(some(1), true))
	r := verified(t, h)
	if r.Files != 3 || len(r.Torn) != 1 { // no files of the attempts that failed
		t.Errorf("%+v", r)
	}
	list := entries(t, l.chain.file.Name())
	if list[1].Event != "recover" || list[1].Detail["cause"] == "" {
		t.Errorf("no note of the failure: %+v", list[1])
	}
}
