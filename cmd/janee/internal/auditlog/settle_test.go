package auditlog

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestSettle: Windows refuses to sync a handle that cannot write, and Unix syncs a file that
// nobody may write.
func TestSettle(t *testing.T) {
	mode := os.FileMode(0o400)
	if runtime.GOOS == "windows" {
		mode = 0o600
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("{}\n"), mode); err != nil {
		t.Fatal(err)
	}
	if err := settle(path); err != nil {
		t.Error(err)
	}
}
