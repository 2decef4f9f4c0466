//go:build !race

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestNoRecordIsLost has agents call at once, each as fast as it can. The API is asked exactly once
// for each call, the log holds an intent and a result for each, no number is missing in any chain,
// and neither memory nor descriptors grow with the calls.
func TestNoRecordIsLost(t *testing.T) {
	t.Parallel()
	agents, calls := 8, 50
	if soaking() {
		agents, calls = 50, 1000
	}
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	clients := make([]*webClient, agents)
	for i := range clients {
		clients[i] = &webClient{token: strings.TrimSpace(p.run("", "agent", "add",
			fmt.Sprintf("a%d", i)))}
	}
	s := p.site()
	for i, c := range clients {
		clients[i] = s.client(t, c.token, "load")
	}
	rounds := func(name string, calls int) {
		var wg sync.WaitGroup
		for i, c := range clients {
			wg.Go(func() {
				for n := range calls {
					path := fmt.Sprintf("/%s/%d/%d", name, i, n)
					if got := c.call("execute", map[string]any{"capability": "bank",
						"method": "GET", "path": path}); !strings.Contains(got, `"status":200`) {
						t.Errorf("%s: %s", path, got)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	rounds("warm", calls/10)
	pid := s.cmd.Process.Pid
	held, open := memory(pid, "VmRSS"), descriptors(pid)
	rounds("load", calls)
	if grown := memory(pid, "VmRSS") - held; grown > 48<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if now := descriptors(pid); now > open+agents {
		t.Errorf("%d descriptors, %d before", now, open)
	}
	t.Logf("%d calls: %d MiB at the beginning, %d at the end", agents*calls, held>>20,
		memory(pid, "VmRSS")>>20)
	p.wholeLog(api, agents*(calls+calls/10))
}

// wholeLog finds the calls that the API was asked for, once each, in the log, with their ends.
func (p *place) wholeLog(api *testAPI, calls int) {
	p.t.Helper()
	ended := map[string]int{}
	for _, r := range p.logged() {
		if r.Event == "result" && r.Status == 200 {
			ended["GET "+r.Target]++
		}
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	if len(api.seen) != calls || len(ended) != calls {
		p.t.Errorf("%d calls were made, the API was asked %d times, %d are in the log", calls,
			len(api.seen), len(ended))
	}
	for _, request := range api.seen {
		if ended[request] != 1 {
			p.t.Errorf("%s stands %d times in the log", request, ended[request])
		}
	}
	p.numbered()
	wants(p.t, p.run("", "logs", "verify"), "the log is whole")
}

// numbered finds the records of each chain numbered from 1 without a gap, and as many results as
// intents.
func (p *place) numbered() {
	p.t.Helper()
	paths, _ := filepath.Glob(filepath.Join(p.home, "logs", "*.jsonl")) // by day
	last, events := map[string]int{}, map[string]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			p.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var r struct {
				W, Event string
				Seq      int
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.Seq != last[r.W]+1 {
				p.t.Errorf("%s: %v, number %d behind %d", path, err, r.Seq, last[r.W])
			}
			last[r.W] = r.Seq
			events[r.Event]++
		}
	}
	if events["intent"] != events["result"] {
		p.t.Errorf("%d intents, %d results", events["intent"], events["result"])
	}
}
