//go:build !race

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSixAtOnce adds six services with six processes: none may get lost, however they meet.
func TestSixAtOnce(t *testing.T) {
	p := newPlace(t)
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if out, err := p.try("a-key-of-some-length\n", addArgs(i)...); err != nil {
				t.Errorf("adding: %v\n%s", err, out)
			}
		})
	}
	all.Wait()
	if have := p.listed(); len(have.Services) != 6 || len(have.Capabilities) != 6 {
		t.Errorf("%d services and %d capabilities are left of 6", len(have.Services),
			len(have.Capabilities))
	}
}

func addArgs(i int) []string {
	return []string{
		"add", fmt.Sprintf("s%03d", i), "-u", "https://api.example.com", "--auth-type", "bearer",
		"-k", "-", "--json",
	}
}

// listing is the answer of `janee list --json`.
type listing struct {
	Services     []struct{ Name string }
	Capabilities []struct{ Name, TTL string }
}

func (p *place) listed() (l listing) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.run("", "list", "--json")), &l); err != nil {
		p.t.Fatal(err)
	}
	return l
}

// rounds is how often a test kills: JANEE_ROUNDS, or standard where that is not set.
func rounds(standard int) int {
	if n, err := strconv.Atoi(os.Getenv("JANEE_ROUNDS")); err == nil {
		return n
	}
	return standard
}

// TestKilled kills processes at any moment of an edit or a call (JANEE_ROUNDS rounds, 50 by
// default): the home stays good, and what a command has confirmed is there for ever.
func TestKilled(t *testing.T) {
	t.Parallel()
	rounds := rounds(50)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok")
	}))
	defer api.Close()
	k := &killing{place: newPlace(t), api: api.URL, added: []string{"base"}, ttls: []string{"1h"}}
	k.run("a-key-of-some-length\n", "add", "base", "-u", api.URL, "--auth-type",
		"bearer", "-k", "-")
	k.run("", "cap", "add", "asked", "-s", "base", "--no-auto-approve", "--allow", "GET *")
	k.run("", "config", "set", "approvals.wait", "1s")
	k.secret("another-key-of-some-length")
	for k.round = range rounds {
		// two at a time: one may die with the lock held while the other waits for it
		var both sync.WaitGroup
		for _, command := range []func(){k.add, k.edits()[rand.IntN(len(k.edits()))]} {
			both.Go(command)
		}
		both.Wait()
		k.check()
	}
	k.swept()
	t.Logf("%d rounds: %d of %d commands ended before they were killed", rounds, k.ended, 2*rounds)
}

// killing is a home under attack, and what has to be in it.
type killing struct {
	*place
	api   string
	round int
	mu    sync.Mutex
	added []string // services that a command has confirmed
	// that the capability base may have: the one confirmed last, then those that were cut off
	ttls  []string
	ended int
}

// attempt runs a command that is killed after 0 to 50 ms and reports whether it ended well before.
func (k *killing) attempt(stdin string, args ...string) bool {
	cmd := exec.Command(filepath.Join(binDir(), "janee"), args...)
	cmd.Env, cmd.Stdin = k.env, strings.NewReader(stdin)
	if err := cmd.Start(); err != nil {
		k.t.Error(err)
		return false
	}
	timer := time.AfterFunc(time.Duration(rand.IntN(50_000))*time.Microsecond, func() {
		_ = cmd.Process.Kill()
	})
	defer timer.Stop()
	ok := cmd.Wait() == nil
	k.mu.Lock()
	defer k.mu.Unlock()
	if ok {
		k.ended++
	}
	return ok
}

func (k *killing) add() {
	args := addArgs(k.round)
	if k.attempt("a-key-of-some-length\n", args...) {
		k.added = append(k.added, args[1])
	}
}

func (k *killing) edits() []func() {
	return []func(){
		k.editCapability, k.editService, k.replaceKey, k.rotate, k.execute, k.revoke,
		k.approve, k.backup,
	}
}

func (k *killing) editCapability() {
	ttl := fmt.Sprintf("%ds", 1000*60+k.round*60+1)
	if k.attempt("", "cap", "edit", "base", "-t", ttl, "--allow", "GET *", "--allow",
		fmt.Sprintf("PUT /%d", k.round)) {
		k.ttls = nil
	}
	k.ttls = append(k.ttls, ttl)
}

func (k *killing) editService() {
	k.attempt("", "service", "edit", "base", "--description", fmt.Sprintf("round %d", k.round),
		"--test-path", "/x")
}

// rotate puts every credential under another sealing key: check opens them all.
func (k *killing) rotate() { k.attempt("", "key", "rotate") }

func (k *killing) replaceKey() {
	k.attempt("another-key-of-some-length\n", "service", "edit", "base", "-k", "-")
}

// approve has a question raised and answered.
func (k *killing) approve() {
	k.attempt(conversation("asked", 1), "serve")
	var open struct{ Approvals []struct{ ID string } }
	if out, err := k.try("", "approvals", "--json"); err == nil &&
		json.Unmarshal([]byte(out), &open) == nil && len(open.Approvals) > 0 {
		k.attempt("", "approve", open.Approvals[0].ID)
	}
}

func (k *killing) backup() {
	k.attempt("", "backup", "--to", filepath.Join(k.dir, fmt.Sprintf("%d.backup", k.round)))
}

func (k *killing) execute() { k.attempt(conversation("base", 20), "serve") }

// conversation is what a client writes that makes so many calls.
func conversation(capability string, calls int) string {
	lines := []string{
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"killed","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	}
	for i := range calls {
		lines = append(lines,
			fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call",`+
				`"params":{"name":"execute","arguments":{"capability":%q,"method":"GET","path":"/%d"}}}`,
				i+1, capability, i))
	}
	return strings.Join(lines, "\n") + "\n"
}

// revoke closes and opens sessions again, so that both the orders and the sessions are cut off
// half-written.
func (k *killing) revoke() {
	if k.round%2 == 0 {
		k.attempt("", "revoke", "--all", "--for", "1s")
		return
	}
	k.attempt("", "reopen", "--all", "--yes")
}

func (k *killing) check() {
	k.t.Helper()
	have := k.listed()
	for _, name := range k.added {
		if !slices.ContainsFunc(have.Services, func(s struct{ Name string }) bool {
			return s.Name == name
		}) {
			k.t.Fatalf("round %d: service %s was confirmed and is lost", k.round, name)
		}
	}
	i := slices.IndexFunc(have.Capabilities, func(c struct{ Name, TTL string }) bool {
		return c.Name == "base"
	})
	if i < 0 || !slices.Contains(k.ttls, have.Capabilities[i].TTL) {
		k.t.Fatalf("round %d: capability base is lost or not as confirmed: %v, want a ttl of %v",
			k.round, have.Capabilities, k.ttls)
	}
	k.opened()
	for _, command := range []string{"sessions", "approvals"} {
		if out, err := k.try("", command, "--json"); err != nil || !json.Valid([]byte(out)) {
			k.t.Fatalf("round %d: %s: %v\n%s", k.round, command, err, out)
		}
	}
	if out, err := k.try("", "logs", "verify"); err != nil {
		k.t.Fatalf("round %d: logs verify: %v\n%s", k.round, err, out)
	}
}

// opened opens every sealed value, and finds the generations of config.yaml whole: the last three,
// and one more for each rotation that was killed between keeping the old file and writing the new
// one.
func (k *killing) opened() {
	k.t.Helper()
	out, err := k.try("", "doctor", "--json")
	var report struct {
		Checks []struct{ Check, Result, Detail string }
	}
	if json.Unmarshal([]byte(out), &report) != nil {
		k.t.Fatalf("round %d: doctor: %v\n%s", k.round, err, out)
	}
	for _, c := range report.Checks {
		if c.Check == "credentials" && c.Result == "fail" {
			k.t.Fatalf("round %d: %s", k.round, c.Detail)
		}
	}
	kept, _ := filepath.Glob(filepath.Join(k.home, "backups", "config.yaml.*"))
	for _, path := range kept {
		if text, err := os.ReadFile(path); err != nil ||
			!strings.Contains(string(text), "janee:v1:") {
			k.t.Fatalf("round %d: %s: %v", k.round, path, err)
		}
	}
}

// swept finds that what killed processes left is gone once it is older than any write takes and
// somebody writes there.
func (k *killing) swept() {
	k.t.Helper()
	left := k.temporary()
	for _, path := range left {
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			k.t.Fatal(err)
		}
	}
	k.run("", "reopen", "--all", "--yes")
	k.run("", "key", "rotate")
	s := k.serve("another agent")
	s.get("base", "/to-open-a-session")
	s.get("asked", "/to-be-asked")
	if now := k.temporary(); len(now) > 0 {
		k.t.Errorf("%d temporary files were left, these still are: %v", len(left), now)
	}
	k.t.Logf("%d temporary files were left and swept", len(left))
}

func (k *killing) temporary() (paths []string) {
	for _, dir := range []string{".", "sessions", "approvals", "logs", "backups"} {
		found, _ := filepath.Glob(filepath.Join(k.home, dir, ".tmp-*"))
		paths = append(paths, found...)
	}
	return paths
}
