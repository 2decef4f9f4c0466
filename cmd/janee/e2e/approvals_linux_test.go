//go:build !race

package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/ptytest"
)

const askedConfig = `
services:
  api:
    baseUrl: %s
    auth: {type: bearer, key: key_of_the_approvals}
capabilities:
  asked: {service: api, ttl: 1h, autoApprove: false}
approvals:
  wait: %s
%s`

// terminal starts a janee command on a terminal of its own.
func (p *place) terminal(stderr io.Writer, args ...string) (*exec.Cmd, *ptytest.Terminal) {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(binDir(), "janee"), args...)
	cmd.Env, cmd.Stderr = p.env, stderr
	return cmd, ptytest.Start(p.t, cmd)
}

// ends fails the test unless the command ends in time with the exit code.
func ends(t *testing.T, cmd *exec.Cmd, code int) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("%v ended with %d, not %d", cmd.Args[1:], got, code)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%v does not end", cmd.Args[1:])
	}
}

func TestWatchingApprovals(t *testing.T) {
	api, p := startAPI(t), newPlace(t)
	p.configure(fmt.Sprintf(askedConfig, api.url, "30s", ""))
	s := p.serve("claude-ai")
	cmd, tty := p.terminal(nil, "approvals", "--watch")
	tty.Expect("Waiting for requests")
	get := func(path string) <-chan reply {
		return s.start("execute", map[string]any{"capability": "asked", "method": "GET",
			"path": path, "reason": "why \x1b[2J not"})
	}

	first := get("/first")
	tty.Expect("\a")
	tty.Expect("/first")
	tty.Expect(`“why \u001b[2J not” (in the agent's words)`)
	if strings.Contains(tty.Output(), "\x1b") {
		t.Error("an agent's reason steers the terminal")
	}
	tty.Expect("y approve once, s approve a session, n deny, Enter decide later: ")
	tty.Type("maybe\ny\n")
	tty.Expect("Approved once")
	wants(t, (<-first).text(), `"status":200`)

	second := get("/second")
	tty.Expect("/second")
	tty.Type("n\n")
	tty.Expect("Denied")
	wants(t, (<-second).text(), "APPROVAL_DENIED")

	// Somebody else is faster: the person at the terminal is told.
	third := get("/third")
	tty.Expect("/third")
	var id string
	eventually(t, "the third question", func() bool {
		_, after, found := strings.Cut(p.run("", "approvals", "--json"), `"id": "`)
		if found {
			id = after[:8]
		}
		return found
	})
	p.run("", "deny", id)
	wants(t, (<-third).text(), "APPROVAL_DENIED")
	tty.Type("y\n")
	tty.Expect("it was already denied, by cli")

	fourth := get("/fourth")
	tty.Expect("/fourth")
	tty.Type("\n")
	tty.Expect("It still waits; run `janee approve ")
	fifth := get("/fifth")
	tty.Expect("/fifth")
	tty.Type("s\n")
	tty.Expect("claude-ai may make every request that the rules of asked allow, " +
		"for 60 min from its next call on.")
	wants(t, (<-fifth).text(), `"status":200`)
	wants(t, (<-fourth).text(), `"status":200`) // the session serves it too
	wants(t, s.get("asked", "/sixth"), `"status":200`)
	tty.Type("\x03")
	ends(t, cmd, 0)
}

func TestClientsThatAskAreToldThatACallWaits(t *testing.T) {
	api, p := startAPI(t), newPlace(t)
	p.configure(fmt.Sprintf(askedConfig, api.url, "7s", ""))
	s := p.serve("claude-ai")
	answer := s.request("tools/call",
		map[string]any{"name": "execute", "_meta": map[string]any{"progressToken": "p1"},
			"arguments": map[string]any{"capability": "asked", "method": "GET", "path": "/x"}})
	select {
	case method := <-s.notes:
		if method != "notifications/progress" {
			t.Errorf("told %s", method)
		}
	case r := <-answer:
		t.Fatalf("answered before any progress: %s", r.text())
	case <-time.After(10 * time.Second):
		t.Fatal("no progress")
	}
	wants(t, (<-answer).text(), "APPROVAL_PENDING")
}

func TestThePINIsAskedOnTheTerminal(t *testing.T) {
	api, p := startAPI(t), newPlace(t)
	p.configure(fmt.Sprintf(askedConfig, api.url, "100ms", ""))
	stderr := &lockedBuffer{}
	set := func(args []string, typed ...string) (*exec.Cmd, *ptytest.Terminal) {
		cmd, tty := p.terminal(stderr, args...)
		for i := 0; i < len(typed); i += 2 {
			tty.Expect(typed[i])
			eventually(t, "the echo goes off", func() bool { return !tty.Echo() })
			tty.Type(typed[i+1] + "\n")
		}
		return cmd, tty
	}
	cmd, _ := set([]string{"approvals", "pin"}, "New PIN (not shown): ", "123")
	ends(t, cmd, 2)
	cmd, _ = set([]string{"approvals", "pin"}, "New PIN (not shown): ", "2468",
		"Repeat the PIN (not shown): ", "8642")
	ends(t, cmd, 2)
	cmd, _ = set([]string{"approvals", "pin"}, "New PIN (not shown): ", "2468",
		"Repeat the PIN (not shown): ", "2468")
	ends(t, cmd, 0)
	wants(t, p.run("", "config", "get", "approvals.pin"), "hashed")

	s := p.serve("claude-ai")
	pending := s.get("asked", "/x")
	_, after, _ := strings.Cut(pending, "janee approve ")
	id := after[:8]
	if _, err := p.try("", "approve", id); err == nil ||
		!strings.Contains(err.Error(), "asking for the PIN") ||
		!strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("without a terminal: %v", err)
	}
	if _, err := p.try("2468\n", "approve", id); err == nil {
		t.Error("a PIN on standard input counts")
	}
	cmd, _ = set([]string{"approve", id}, "PIN (not shown): ", "1357")
	ends(t, cmd, 3)
	wants(t, stderr.String(), "the PIN is wrong")
	wants(t, s.get("asked", "/x"), "APPROVAL_PENDING")
	cmd, tty := set([]string{"approve", id}, "PIN (not shown): ", "2468")
	ends(t, cmd, 0)
	if strings.Contains(tty.Rest(), "2468") {
		t.Error("the PIN is shown")
	}
	wants(t, s.get("asked", "/x"), `"status":200`)
	wants(t, tree(t, filepath.Join(p.home, "logs")), `"event":"pin.wrong"`)

	_, after, _ = strings.Cut(s.get("asked", "/y"), "janee approve ")
	p.run("", "deny", after[:8]) // this needs no PIN
	cmd, _ = set([]string{"approvals", "pin", "--remove"}, "PIN (not shown): ", "2468")
	ends(t, cmd, 0)
	_, after, _ = strings.Cut(s.get("asked", "/z"), "janee approve ")
	p.run("", "approve", after[:8])
}

func TestAWebhookIsToldAndHoldsUpNothing(t *testing.T) {
	api, p := startAPI(t), newPlace(t)
	type told struct{ signature, body string }
	heard := make(chan told, 4)
	bridge := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- told{r.Header.Get("Janee-Signature"), string(body)}
		time.Sleep(2 * time.Second)
	}))
	defer bridge.Close()
	const secret = "a_secret_for_the_bridge"
	p.configure(fmt.Sprintf(askedConfig, api.url, "100ms",
		"  webhook: {url: '"+bridge.URL+"/hook', secret: "+secret+"}\n"))
	s := p.serve("claude-ai")
	began := time.Now()
	wants(t, s.get("asked", "/x?to=me"), "APPROVAL_PENDING")
	if took := time.Since(began); took > time.Second {
		t.Errorf("the call was held up for %v", took)
	}
	got := <-heard
	at, sum, _ := strings.Cut(strings.TrimPrefix(got.signature, "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "." + got.body))
	if sum != hex.EncodeToString(mac.Sum(nil)) {
		t.Errorf("signature %q of %s", got.signature, got.body)
	}
	wants(t, got.body, `"path":"/x?to=*"`, `"approve":"janee approve `)
	if text := tree(t, p.home); strings.Contains(text, secret) {
		t.Error("the secret of the webhook stands in the home unsealed")
	}
}
