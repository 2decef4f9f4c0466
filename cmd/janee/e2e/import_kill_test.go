//go:build !race

package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oldHome reads one home of the TypeScript Janee from the vectors.
func oldHome(t *testing.T, id string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "core", "testdata", "vectors",
		"janee_ts_store.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Cases []struct {
			ID    string
			Files map[string]string
		}
	}
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Cases {
		if c.ID == id {
			return c.Files
		}
	}
	t.Fatalf("there is no case %q", id)
	return nil
}

// TestKilledImport kills an import in place at any moment: the old files stay, in the home or
// aside, and the next import ends it.
func TestKilledImport(t *testing.T) {
	ended := 0
	for _, id := range []string{"v1/v0.3-split", "v1/v0.2-inline", "v1/v0.1-json"} {
		files := oldHome(t, id)
		for round := range 12 {
			p := emptyPlace(t)
			if err := os.Mkdir(p.home, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(p.home, name),
					[]byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if p.killed(time.Duration(rand.IntN(80_000))*time.Microsecond, "import", "--apply") {
				ended++
			}
			somewhere(t, p.home, files)
			if _, err := p.try("", "import", "--apply"); err != nil &&
				!strings.Contains(err.Error(),
					"there is no configuration of the TypeScript Janee") {
				t.Fatalf("%s, round %d: %v", id, round, err)
			}
			p.imported(files)
		}
	}
	t.Logf("%d of 36 imports ended before they were killed", ended)
}

// killed runs a command that is killed after a while, and reports whether it ended well before.
func (p *place) killed(after time.Duration, args ...string) bool {
	return p.killedWith("", after, args...)
}

func (p *place) killedWith(stdin string, after time.Duration, args ...string) bool {
	cmd := exec.Command(filepath.Join(binDir(), "janee"), args...)
	cmd.Env, cmd.Stdin = p.env, strings.NewReader(stdin)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return cmd.Wait() == nil
}

// somewhere finds every old file whole, in the home or aside.
func somewhere(t *testing.T, home string, files map[string]string) {
	t.Helper()
	for name, want := range files {
		found := false
		places, _ := filepath.Glob(filepath.Join(home, "ts-*", name))
		for _, path := range append(places, filepath.Join(home, name)) {
			text, err := os.ReadFile(path)
			found = found || err == nil && string(text) == want
		}
		if !found {
			t.Errorf("%s is lost", name)
		}
	}
}

// imported finds the old files aside alone, and the same credentials in the home.
func (p *place) imported(files map[string]string) {
	p.t.Helper()
	aside, _ := filepath.Glob(filepath.Join(p.home, "ts-*"))
	if len(aside) != 1 {
		p.t.Fatalf("the old files are in %v", aside)
	}
	for name, want := range files {
		if text, err := os.ReadFile(filepath.Join(aside[0], name)); err != nil ||
			string(text) != want {
			p.t.Errorf("%s: %v", name, err)
		}
		if name != "config.yaml" {
			if _, err := os.Lstat(filepath.Join(p.home, name)); err == nil {
				p.t.Errorf("%s is still in the home", name)
			}
		}
	}
	out := p.run("", "import", aside[0], "--json")
	if !strings.Contains(out, "already exists, with the same credential") ||
		!strings.Contains(out, `"services": []`) {
		p.t.Errorf("the home does not hold what the old files do:\n%s", out)
	}
}
