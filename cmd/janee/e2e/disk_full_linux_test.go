//go:build !race

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// small puts the home on a file system of size, such as "256k". The test is skipped where this user
// may not mount one.
func (p *place) small(size string) {
	p.t.Helper()
	if err := os.MkdirAll(p.home, 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", p.home, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		p.t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	p.t.Cleanup(func() { _ = syscall.Unmount(p.home, syscall.MNT_DETACH) })
}

// fill takes what is left of the disk, and returns what gives it back.
func (p *place) fill() (free func()) {
	p.t.Helper()
	path := filepath.Join(p.home, "fill")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		p.t.Fatal(err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			p.t.Fatal(err)
		}
	}
}

// TestFullDiskRefuses fills the disk below a server. Every call that reaches the API has its two
// records; when there is no room for more the server refuses everything, says so, and goes on by
// itself when there is room again.
func TestFullDiskRefuses(t *testing.T) {
	for _, size := range []string{"64k", "256k", "2m"} {
		t.Run(size, func(t *testing.T) {
			var asked atomic.Int64
			api := httptest.NewServer(http.HandlerFunc(func(
				w http.ResponseWriter, _ *http.Request,
			) {
				asked.Add(1)
				fmt.Fprint(w, "fine")
			}))
			defer api.Close()
			p := emptyPlace(t)
			p.small(size)
			p.run("", "init")
			p.run("key_of_a_full_disk_1", "add", "bank", "-u", api.URL, "--auth-type",
				"bearer", "-k", "-")
			s := p.serve("ann")
			wants(t, s.get("bank", "/before"), "fine")
			status := func() (a struct{ AuditLogBlocked, NextStep string }) {
				t.Helper()
				if err := json.Unmarshal([]byte(p.run("", "status", "--json")), &a); err != nil {
					t.Fatal(err)
				}
				return a
			}
			if a := status(); a.AuditLogBlocked != "" {
				t.Fatalf("blocked before the disk was full: %+v", a)
			}

			free := p.fill()
			served, refused := int64(1), 0
			for i := range 200 {
				if answer := s.get("bank", fmt.Sprintf("/%d", i)); strings.Contains(answer,
					"fine") {
					served++
				} else if wants(t, answer, "AUDIT_UNAVAILABLE"); !t.Failed() {
					if refused++; refused == 3 {
						break
					}
				}
			}
			if refused < 3 || asked.Load() != served {
				t.Fatalf("%d calls were served, %d refused, and the API was asked %d times", served,
					refused, asked.Load())
			}
			var disk syscall.Statfs_t
			if err := syscall.Statfs(p.home, &disk); err != nil || disk.Bavail == 0 {
				t.Errorf("calls went on until nothing was left of the room for their results: %v",
					err)
			}
			wants(t, s.call("list_services", nil), "AUDIT_UNAVAILABLE") // also what needs no record
			if a := status(); !strings.Contains(a.AuditLogBlocked, "no space left on device") ||
				!strings.Contains(a.NextStep, "free disk space") {
				t.Errorf("status says %+v", a)
			}
			wants(t, p.run("", "status"), "Refusing:  every call")
			if out, err := p.try("", "doctor"); err == nil ||
				!strings.Contains(out, "so every call is refused") {
				t.Errorf("doctor: %v\n%s", err, out)
			}

			free()
			if a := status(); a.AuditLogBlocked != "" {
				t.Errorf("with room again: %+v", a)
			}
			wants(t, s.get("bank", "/after"), "fine")
			s.close()
			lines := p.run("", "logs", "export")
			if n := strings.Count(lines, `"event":"intent"`); int64(n) != served+1 {
				t.Errorf("%d intents for %d calls", n, served+1)
			}
			if n := strings.Count(lines, `"event":"result"`); int64(n) != served+1 {
				t.Errorf("%d results for %d calls", n, served+1)
			}
			wants(t, lines, `"event":"recover","detail":{"cause":"the disk is full`,
				`"cause":"the disk has room again","refused":"4","seconds":"`)
			if n := strings.Count(lines, "the disk has room again"); n != 1 {
				t.Errorf("the log says %d times that there is room", n)
			}
			wants(t, p.run("", "logs", "verify"), "the log is whole")
		})
	}
}

// TestFullDiskRecordsWhatHasBegun fills the disk while calls are under way: what comes of them is
// recorded all the same.
func TestFullDiskRecordsWhatHasBegun(t *testing.T) {
	const calls = 40 // their results do not fit into what is left of a block
	begun, end := make(chan struct{}, calls), make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begun <- struct{}{}
		<-end
		fmt.Fprint(w, "fine")
	}))
	defer api.Close()
	p := emptyPlace(t)
	p.small("512k")
	p.run("", "init")
	p.run("key_of_a_full_disk_3", "add", "bank", "-u", api.URL, "--auth-type", "bearer", "-k", "-")
	s := p.serve("ann")
	var answers []<-chan reply
	for i := range calls {
		answers = append(answers,
			s.start("execute", map[string]any{"capability": "bank", "method": "GET",
				"path": fmt.Sprintf("/%d", i), "maxBytes": 1024}))
	}
	for range calls {
		<-begun
	}
	free := p.fill()
	close(end)
	for _, answer := range answers {
		wants(t, (<-answer).text(), "fine")
	}
	wants(t, s.get("bank", "/x"), "AUDIT_UNAVAILABLE")
	free()
	s.close()
	if n := strings.Count(p.run("", "logs", "export"), `"event":"result"`); n != calls {
		t.Errorf("%d results for %d calls", n, calls)
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestFullDiskLocks: a person can still lock everything where the disk is full.
func TestFullDiskLocks(t *testing.T) {
	api := startAPI(t)
	p := emptyPlace(t)
	p.small("512k")
	p.run("", "init")
	p.run("key_of_a_full_disk_2", "add", "bank", "-u", api.url, "--auth-type", "bearer", "-k", "-")
	s := p.serve("ann")
	s.get("bank", "/before")
	free := p.fill()
	for range 100 {
		if strings.Contains(s.get("bank", "/x"), "AUDIT_UNAVAILABLE") {
			break
		}
	}
	p.run("", "lock")
	free()
	wants(t, s.get("bank", "/after"), "LOCKED")
	s.close()
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestABrokenDiskRefuses lets fdatasync(2) fail under the server, as on a disk that is gone:
// nothing is sent on the strength of a failed sync.
func TestABrokenDiskRefuses(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here")
	}
	if err := exec.Command(strace, "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skipf("strace may not trace here: %v", err)
	}
	api := startAPI(t)
	p := newPlace(t)
	p.run("key_of_a_broken_disk", "add", "bank", "-u", api.url, "--auth-type", "bearer", "-k", "-")
	s := p.serve("ann", strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
		"inject=fdatasync:error=EIO", filepath.Join(binDir(), "janee"), "serve")
	for range 3 {
		wants(t, s.get("bank", "/x"), "AUDIT_UNAVAILABLE")
	}
	s.close()
	if n := len(api.seen); n != 0 {
		t.Errorf("the API was asked %d times", n)
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}
