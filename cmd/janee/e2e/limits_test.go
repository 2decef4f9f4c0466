//go:build !race

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Three agents call as fast as they can, each over several connections: each gets exactly what is
// its own, whatever the others do.
func TestLimitsAmongAgentsAtOnce(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	p.run("", "cap", "edit", "bank", "--limit", "per-hour=25")
	tokens := map[string]string{}
	for _, name := range []string{"alice", "bob", "carol"} {
		tokens[name] = strings.TrimSpace(p.run("", "agent", "add", name))
	}
	s := p.site()
	var wg sync.WaitGroup
	var refused atomic.Int64
	for name, token := range tokens {
		for range 4 {
			wg.Go(func() {
				c := s.client(t, token, "claude-ai")
				for range 20 {
					switch got := c.call("execute", map[string]any{"capability": "bank",
						"method": "GET", "path": "/of/" + name}); {
					case strings.Contains(got, "RATE_LIMITED"):
						refused.Add(1)
					case !strings.Contains(got, `"status":200`):
						t.Errorf("%s: %s", name, got)
					}
				}
			})
		}
	}
	wg.Wait()
	for name := range tokens {
		if n := api.count("GET /of/" + name); n != 25 {
			t.Errorf("%s reached the API %d times", name, n)
		}
	}
	if n := refused.Load(); n != 3*(80-25) {
		t.Errorf("%d refusals", n)
	}
	p.run("", "logs", "verify")
}

// TestFloodOfRefusalsOverStdio: what an agent repeats without end does not fill the log, and when
// the server ends the log says how much it was.
func TestFloodOfRefusalsOverStdio(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.serve("claude-ai")
	const calls = 4000
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range calls / 8 {
				wants(t,
					s.call("execute", map[string]any{"capability": "bank",
						"method": "DELETE", "path": "/x"}), "RULE_DENY")
			}
		})
	}
	wg.Wait()
	s.close()
	files, err := filepath.Glob(filepath.Join(p.home, "logs", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	recorded, counted, unrecorded := 0, 0, regexp.MustCompile(`"unrecorded":"(\d+)"`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		recorded += strings.Count(string(text), `"code":"RULE_DENY"`)
		for _, m := range unrecorded.FindAllStringSubmatch(string(text), -1) {
			n, _ := strconv.Atoi(m[1])
			counted += n
		}
	}
	if recorded+counted != calls || recorded < 2000 || recorded == calls {
		t.Errorf("%d recorded and %d counted, of %d", recorded, counted, calls)
	}
	p.run("", "logs", "verify")
	var l struct {
		Logs []struct{ Detail map[string]string }
	}
	if err := json.Unmarshal([]byte(p.run("", "logs", "--json", "-n", "1")), &l); err != nil ||
		len(l.Logs) != 1 || l.Logs[0].Detail["unrecorded"] == "" {
		t.Errorf("the last record is %+v, %v", l, err)
	}
	want := regexp.MustCompile(
		`\| - \| - \| deny \| \d+ earlier refusals of claude-ai have no record\n$`)
	if line := p.run("", "logs", "-n", "1"); !want.MatchString(line) {
		t.Errorf("shown as %q", line)
	}
}
