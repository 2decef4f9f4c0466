package anchor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testVault = vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001")

// rig is a log and its Keeper, with what the Keeper has told and warned of.
type rig struct {
	t      *testing.T
	home   *home.Home
	log    *auditlog.Log
	keeper *Keeper

	mu       sync.Mutex
	config   config.Anchor
	warnings []string
}

func newRig(t *testing.T, a config.Anchor) *rig {
	t.Helper()
	r := &rig{t: t, config: a}
	var err error
	if r.home, err = home.Create(filepath.Join(t.TempDir(), "home")); err != nil {
		t.Fatal(err)
	}
	rolled := NewBell()
	r.log, err = auditlog.Open(r.home, testVault,
		auditlog.Options{MaxFile: 2000, Rolled: rolled.Ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.log.Close() })
	r.keeper = New(Parts{Rolled: rolled, Home: r.home, Vault: testVault,
		Config: func() *config.Anchor {
			r.mu.Lock()
			defer r.mu.Unlock()
			a := r.config
			return &a
		},
		Warn: func(line string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warnings = append(r.warnings, line)
		}})
	return r
}

func (r *rig) write(n int) {
	r.t.Helper()
	for range n {
		if err := r.log.Append([]audit.Record{{TS: time.Now().UnixMilli(), Event: "intent",
			Reason: strings.Repeat("x", 400)}}, true); err != nil {
			r.t.Fatal(err)
		}
	}
}

// toFile is a command that appends its input to a file.
func toFile(t *testing.T) (words []string, read func() []audit.Anchor) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a command of Unix")
	}
	path := filepath.Join(t.TempDir(), "anchors")
	return []string{"/bin/sh", "-c", `cat >>"$0"`, path}, func() (list []audit.Anchor) {
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			a, found, err := audit.FindAnchor(testVault.Key("anchor"),
				[]byte(strings.TrimSuffix(line, "\n")))
			if !found || err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			list = append(list, a)
		}
		return list
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// TestWhenAnchored: at the period if there is anything new, when a file is full, and at the end.
func TestWhenAnchored(t *testing.T) {
	command, told := toFile(t)
	r := newRig(t, config.Anchor{Every: time.Second, Command: command})
	r.write(1)
	eventually(t, "not told at the period", func() bool { return len(told()) == 1 })
	if got := told()[0]; len(got.Heads) != 1 || got.Heads[0].Seq != 2 ||
		time.Since(time.UnixMilli(got.At)) > time.Minute {
		t.Errorf("told %+v", got)
	}
	time.Sleep(2 * look)
	if n := len(told()); n != 1 {
		t.Errorf("told %d times of the same", n)
	}
	r.mu.Lock()
	r.config.Every = time.Hour
	r.mu.Unlock()
	r.write(5) // more than a file holds
	eventually(t, "not told of the full file", func() bool { return len(told()) > 1 })
	r.write(1)
	_ = r.log.Close()
	r.keeper.Close()
	list := told()
	if last := list[len(list)-1]; len(last.Heads) != 1 || last.Heads[0].Seq != 8 {
		t.Errorf("told at the end: %+v", last)
	}
	if state, err := Last(r.home); err != nil || state.Error != "" ||
		time.Since(state.At) > time.Minute || len(r.warnings) != 0 {
		t.Errorf("%+v, %v, %q", state, err, r.warnings)
	}
}

// TestAnchoringFails: it is said once, kept for `janee status`, and tried again; no call waits for
// it.
func TestAnchoringFails(t *testing.T) {
	command, told := toFile(t)
	command[2] = `test -e "$0.ok" || { printf 'no room \033[2J\n' >&2; exit 3; }; ` + command[2]
	r := newRig(t, config.Anchor{Every: time.Second, Command: command})
	r.write(1)
	eventually(t, "no failure is kept", func() bool { s, _ := Last(r.home); return s.Error != "" })
	time.Sleep(2 * look)
	r.mu.Lock()
	if len(r.warnings) != 1 ||
		r.warnings[0] !=
			`anchoring the log: telling the command: exit status 3: no room \u001b[2J` {
		t.Errorf("said %q", r.warnings)
	}
	r.mu.Unlock()
	if err := os.WriteFile(command[3]+".ok", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "not tried again", func() bool { return len(told()) == 1 })
	eventually(t, "the failure stays", func() bool { s, _ := Last(r.home); return s.Error == "" })
	r.keeper.Close()
}

// TestACommandAddedLater: config.yaml is reloaded while a server runs, and changing it must not be
// a way to run a program.
func TestACommandAddedLater(t *testing.T) {
	command, told := toFile(t)
	other, toldOther := toFile(t)
	r := newRig(t, config.Anchor{Every: time.Hour, Command: command})
	r.mu.Lock()
	r.config.Command = other
	r.mu.Unlock()
	r.write(1)
	r.keeper.Close()
	if len(toldOther()) != 0 || len(told()) != 1 || len(r.warnings) != 1 ||
		!strings.Contains(r.warnings[0], "restart this server") {
		t.Errorf("told %d and %d times; %q", len(told()), len(toldOther()), r.warnings)
	}
	r = newRig(t, config.Anchor{Every: time.Hour, Syslog: false})
	r.mu.Lock()
	r.config.Command = other
	r.mu.Unlock()
	r.write(1)
	r.keeper.Close()
	if len(toldOther()) != 0 {
		t.Error("a command that was added is run")
	}
}

func TestACommandThatHangs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a command of Unix")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := toCommand(ctx, t.TempDir(), []string{"/bin/sh", "-c", "sleep 600 & wait"},
		nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestACommandGetsNothing: no variable of the server, which may hold the root key, reaches the
// command.
func TestACommandGetsNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a command of Unix")
	}
	t.Setenv("JANEE_MASTER_KEY", "secret_of_the_server")
	out := filepath.Join(t.TempDir(), "env")
	if err := toCommand(context.Background(), t.TempDir(),
		[]string{"/bin/sh", "-c", `env >"$0"`, out}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil || strings.Contains(string(text), "JANEE") ||
		strings.Contains(string(text), "secret_of") || strings.Contains(string(text), "HOME=") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestAnchorByWebhook(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	var signature string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies, signature = append(bodies, string(body)), q.Header.Get("Janee-Signature")
	}))
	defer server.Close()
	sealed := testVault.Seal("k1", config.AnchorBinding(), [12]byte{},
		secret.New("sixteen_or_more_1"))
	r := newRig(t,
		config.Anchor{Every: time.Hour, Webhook: &config.Webhook{URL: server.URL + "/secret_path",
			Secret: config.Value{Sealed: sealed}}})
	r.write(1)
	r.keeper.Close()
	if len(bodies) != 1 || !json.Valid([]byte(bodies[0])) || !strings.HasPrefix(signature, "t=") {
		t.Fatalf("posted %q, signed %q", bodies, signature)
	}
	if _, found, err := audit.FindAnchor(testVault.Key("anchor"),
		[]byte(strings.TrimSpace(bodies[0]))); !found || err != nil {
		t.Errorf("posted %q: %v", bodies[0], err)
	}
	// the secret of the other webhook is not accepted here
	wrong := testVault.Seal("k1", config.WebhookBinding(), [12]byte{},
		secret.New("sixteen_or_more_1"))
	r = newRig(t,
		config.Anchor{Every: time.Hour, Webhook: &config.Webhook{URL: server.URL + "/secret_path",
			Secret: config.Value{Sealed: wrong}}})
	r.write(1)
	r.keeper.Close()
	if len(bodies) != 1 || len(r.warnings) != 1 ||
		!strings.Contains(r.warnings[0], "sealed for another place") ||
		strings.Contains(r.warnings[0], "secret_path") {
		t.Errorf("posted %d times; %q", len(bodies), r.warnings)
	}
}
