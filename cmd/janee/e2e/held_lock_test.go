//go:build !race

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// TestACommandThatHoldsTheLock, since it is stopped or asks a keyring, keeps no agent from its work
// and nobody from the brake.
func TestACommandThatHoldsTheLock(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	p.run("", "config", "set", "approvals.wait", "20s")
	s := p.serve("tester")
	lock := flock.New(filepath.Join(p.home, ".lock"), flock.SetFlag(os.O_RDONLY))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	began := time.Now()
	wants(t, s.get("base", "/x"), `"status":200`)
	wants(t, s.get("other", "/x"), `"status":200`)
	asked := s.start("execute", map[string]any{
		"capability": "asked", "method": "GET", "path": "/x",
	})
	eventually(t, "the question", func() bool {
		made, _ := filepath.Glob(filepath.Join(p.home, "approvals", "*.json"))
		return len(made) == 1
	})
	brake := exec.Command(filepath.Join(binDir(), "janee"), "lock")
	brake.Env = p.env
	if err := brake.Start(); err != nil {
		t.Fatal(err)
	}
	wants(t, (<-asked).text(), "LOCKED")
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := brake.Wait(); err != nil {
		t.Error(err)
	}
	logs, _ := filepath.Glob(filepath.Join(p.home, "logs", "*.cli.jsonl"))
	if len(logs) != 1 {
		t.Fatalf("the log of commands is in %q", logs)
	}
	text, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	wants(t, string(text), `"event":"lock"`)
}
