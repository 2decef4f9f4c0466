//go:build !race

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestServersStartBesideAnEditor starts servers while config.yaml changes all the time: the audit
// log's anchor, the reload and the server know each other, and what one of them tells early must
// find the others made.
func TestServersStartBesideAnEditor(t *testing.T) {
	t.Parallel()
	const starts = 200 // of which some twenty ended in a panic when the order was wrong
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	p.run("", "list") // seals
	done := make(chan struct{})
	edited := p.editing(done)
	for i := range starts {
		cmd := exec.Command(filepath.Join(binDir(), "janee"), "serve")
		list := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n"
		cmd.Env, cmd.Stdin = p.env, strings.NewReader(list)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		if err := cmd.Run(); err != nil || !strings.Contains(out.String(), `"execute"`) {
			t.Errorf("start %d: %v\n%s\n%.3000s", i, err, out.String(), stderr.String())
			break
		}
	}
	close(done)
	t.Logf("%d starts beside %d edits", starts, <-edited)
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// editing renames one of two configurations after another into place, without a pause, and says at
// the end how many.
func (p *place) editing(done <-chan struct{}) (edited <-chan int) {
	text, err := os.ReadFile(filepath.Join(p.home, "config.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	counted := make(chan int, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				counted <- n
				return
			default:
			}
			more := fmt.Sprintf("  more%d: {service: bank}\n", n%2)
			draft := filepath.Join(p.home, "config.yaml~")
			if os.WriteFile(draft, append(bytes.Clone(text), more...), 0o600) != nil ||
				os.Rename(draft, filepath.Join(p.home, "config.yaml")) != nil {
				p.t.Error("the editor cannot write")
				counted <- n
				return
			}
		}
	}()
	return counted
}
