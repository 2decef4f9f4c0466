package home

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestFileOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "")
	chmod(t, filepath.Dir(path), 0o755)
	chmod(t, filepath.Dir(filepath.Dir(path)), 0o755)
	done := make(chan error, 2)
	go func() {
		// The raw call changes this thread alone. It is never unlocked, so it ends with the
		// goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID,
			65534, 65534, 65534); errno != 0 {
			t.Error(errno)
		}
		done <- Guard{}.CheckFile(path)
		done <- Guard{Group: true}.CheckFile(path)
	}()
	refused(t, <-done, "belongs to user 0, not to you (user 65534)", "sudo chown 65534 "+path)
	if err := <-done; err != nil {
		t.Errorf("root as owner of a container volume: %v", err)
	}
}
