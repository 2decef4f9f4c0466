//go:build !race

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoDiskIsWaitedForUnderTheLock: a disk that takes 20 ms for each fsync made the first calls of
// many agents wait for each other, and refused those that had waited ten seconds. What a session
// writes is synced before its server takes the lock of state, and its name after that.
func TestNoDiskIsWaitedForUnderTheLock(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	faulty(t, "fsync") // skips where nothing can be traced
	trace := filepath.Join(t.TempDir(), "trace")
	s := p.serve("tester", "strace", "-f", "-qq", "-y", "-o", trace, "-e", "trace=flock,fsync",
		filepath.Join(binDir(), "janee"), "serve")
	wants(t, s.get("base", "/x"), `"status":200`)
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	_, after, taken := strings.Cut(string(text), "sessions/.lock>, LOCK_EX")
	under, after, left := strings.Cut(after, "sessions/.lock>, LOCK_UN")
	if !taken || !left || strings.Contains(under, "fsync") {
		t.Errorf("the lock is taken and left as in\n%s", text)
	}
	if !regexp.MustCompile(`fsync\(\d+<[^>]*/sessions>`).MatchString(after) {
		t.Errorf("the name of a session is not synced after that\n%s", text)
	}
}
