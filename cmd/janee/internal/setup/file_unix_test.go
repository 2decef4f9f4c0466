//go:build unix

package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReadRegular: a link or a FIFO that has taken the place of the file since it was looked at is
// not opened.
func TestReadRegular(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "f"), filepath.Join(dir, "l"), filepath.Join(dir, "p")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := readRegular(file); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := readRegular(link); err == nil {
		t.Error("a link was read")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = readRegular(fifo)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("a FIFO blocks")
	}
	if err := os.Truncate(file, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := readRegular(file); err == nil {
		t.Error("a file of any size was read")
	}
}

// TestForeignOwner: as with sudo, when HOME is that of somebody else.
func TestForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	r := request(t)
	path := r.put(t, ".cursor/mcp.json", "{}")
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(r.Machine.Home, ".gemini"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(r.Machine.Home, ".gemini"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cursor", "gemini"} {
		change := r.Plan(client(t, name))[0]
		if change.Action != Refuse || !strings.Contains(change.Err.Error(), "belongs to user 12345") {
			t.Errorf("%s: %s, %v", name, change.Action, change.Err)
		}
	}
}

// TestBackupOfSomebodyElse: others may write to a project.
func TestBackupOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	r := request(t)
	f := &file{path: r.put(t, "mcp.json", "written"), data: []byte("written")}
	backup := f.backupOf(f.data)
	if err := os.WriteFile(backup, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, found, err := f.saved(); !found || err != nil {
		t.Errorf("a backup is not found: %v", err)
	}
	if err := os.Chown(backup, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, found, err := f.saved(); found || err != nil {
		t.Errorf("the backup of somebody else counts: %v", err)
	}
}
