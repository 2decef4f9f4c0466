package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

const key = "sixteen_or_more_1"

func question() approval.Question {
	return approval.Question{
		ID:         strings.Repeat("a", 32),
		Agent:      "claude-ai",
		Via:        "stdio",
		Capability: "stripe",
		Service:    "stripe",
		Method:     "POST",
		Host:       "api.stripe.com",
		Path:       "/v1/refunds?to=me\u202e&x=1",
		BodyBytes:  3,
		Reason:     "<b>\x1b[2J",
		Digest:     strings.Repeat("b", 64),
		Asked:      1795426425000,
		Expires:    1795427025000,
		Code:       "k3x9q2",
	}
}

// told runs Asked to its end and returns the warnings.
func told(t *testing.T, a config.Approvals, getenv func(string) string) string {
	t.Helper()
	var mu sync.Mutex
	var warnings []string
	n := New(testVault(), getenv, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		warnings = append(warnings, line)
	})
	n.now = func() time.Time { return time.Unix(1795426430, 0) }
	began := time.Now()
	n.Asked(a, question())
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the call was held up for %v", took)
	}
	n.wg.Wait()
	n.Close()
	return strings.Join(warnings, "\n")
}

func testVault() *vault.Vault {
	return vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001")
}

func noEnv(string) string { return "" }

func TestWebhook(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	sealed := testVault().Seal("k1", config.WebhookBinding(), [12]byte{}, secret.New(key))
	for name, value := range map[string]config.Value{
		"sealed": {Sealed: sealed}, "not sealed yet": {Plain: secret.New(key)},
	} {
		if said := told(t, config.Approvals{Webhook: &config.Webhook{URL: server.URL + "/hook?a=b",
			Secret: value}}, noEnv); said != "" {
			t.Errorf("%s: %s", name, said)
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte("1795426430." + string(body)))
		want := "t=1795426430,v1=" + hex.EncodeToString(mac.Sum(nil))
		if got.Method != "POST" || got.URL.RequestURI() != "/hook?a=b" ||
			got.Header.Get("Janee-Signature") != want ||
			got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s %s %v", name, got.Method, got.URL, got.Header)
		}
	}
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil || m["path"] != "/v1/refunds?to=*&x=*" ||
		m["approve"] != "janee approve aaaaaaaa" || m["expiresAt"] != "2026-11-23T09:43:45.000Z" {
		t.Errorf("told %s", body)
	}
	if strings.Contains(string(body), key) {
		t.Error("the secret is told")
	}
	if strings.Contains(string(body), "k3x9q2") {
		t.Error("the code is told")
	}
}

func TestWebhookFailsAside(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	elsewhere := testVault().Seal("k1", vault.Binding{Service: "stripe", Field: "key",
		Type: "bearer", Origin: "https://api.stripe.com"}, [12]byte{}, secret.New(key))
	for name, c := range map[string]struct {
		webhook config.Webhook
		want    string
	}{
		"redirect": {config.Webhook{URL: server.URL + "/secret_path",
			Secret: config.Value{Plain: secret.New(key)}}, "it answered 307"},
		"nobody there": {config.Webhook{URL: "http://127.0.0.1:1/secret_path",
			Secret: config.Value{Plain: secret.New(key)}}, "refused"},
		"another's secret": {config.Webhook{URL: server.URL + "/secret_path",
			Secret: config.Value{Sealed: elsewhere}}, "sealed for another place"},
		"damaged": {config.Webhook{URL: server.URL + "/secret_path",
			Secret: config.Value{Sealed: elsewhere[:len(elsewhere)-4] + "AAAA"}}, "its secret: "},
	} {
		said := told(t, config.Approvals{Webhook: &c.webhook}, noEnv)
		if !strings.Contains(said, c.want) || !strings.Contains(said, "approval aaaaaaaa") ||
			strings.Contains(said, "secret_path") || strings.Contains(said, key) {
			t.Errorf("%s: %q", name, said)
		}
	}
}

func TestASlowWebhookHoldsUpNobody(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-release
	}))
	defer server.Close()
	defer close(release)
	var dropped []string
	n := New(testVault(), noEnv, func(line string) { dropped = append(dropped, line) })
	a := config.Approvals{Webhook: &config.Webhook{URL: server.URL,
		Secret: config.Value{Plain: secret.New(key)}}}
	for range maxAtOnce + 2 {
		n.Asked(a, question())
	}
	if len(dropped) != 2 {
		t.Errorf("dropped %q", dropped)
	}
	began := time.Now()
	if n.Close(); time.Since(began) > 5*time.Second {
		t.Error("the end of the server waits for the webhook")
	}
	n.Asked(a, question()) // after the end: nothing
}

func TestDesktop(t *testing.T) {
	display := func(name string) string { return map[string]string{"DISPLAY": ":0"}[name] }
	name, args := desktopCommand("linux", display, question())
	if name != "notify-send" || args[1] != "--" || args[2] != "Janee: claude-ai asks" ||
		args[3] != "POST api.stripe.com/v1/refunds?to=*&amp;x=*\njanee approve aaaaaaaa" {
		t.Errorf("%s %q", name, args)
	}
	q := question()
	q.Agent, q.Path = "-x", "/<i>\x1b\u202e"+strings.Repeat("a", 500)
	if _, args = desktopCommand("linux", display, q); strings.ContainsAny(args[3], "<\x1b\u202e") ||
		len(args[3]) > 300 {
		t.Errorf("%q", args)
	}
	if name, _ := desktopCommand("linux", noEnv, question()); name != "" {
		t.Error("a machine without a desktop")
	}
	name, args = desktopCommand("darwin", noEnv, q)
	if name != "osascript" || strings.Contains(strings.Join(args[:6], " "), "claude") ||
		args[6] != "Janee: -x asks" {
		t.Errorf("%s %q", name, args)
	}
	if name, _ := desktopCommand("windows", display, q); name != "" {
		t.Error("windows")
	}
}

// TestTheDesktopGetsArgumentsAndNoShell runs a replacement of notify-send.
func TestTheDesktopGetsArgumentsAndNoShell(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("notify-send is of Linux")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notify-send"),
		[]byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >"+dir+"/said\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if said := told(t, config.Approvals{Notify: true}, func(string) string {
		return ":0"
	}); said != "" {
		t.Error(said)
	}
	got, err := os.ReadFile(filepath.Join(dir, "said"))
	if err != nil ||
		string(got) != "--app-name=Janee\n--\nJanee: claude-ai asks\n"+
			"POST api.stripe.com/v1/refunds?to=*&amp;x=*\njanee approve aaaaaaaa\n" {
		t.Errorf("%q, %v", got, err)
	}
	// it gets none of Janee's variables: other processes of this user can read its environment
	t.Setenv("JANEE_PASSPHRASE", "correct horse battery")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	if err := os.WriteFile(filepath.Join(dir, "notify-send"),
		[]byte("#!/bin/sh\nenv >"+dir+"/environ\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	told(t, config.Approvals{Notify: true}, func(string) string { return ":0" })
	environ, err := os.ReadFile(filepath.Join(dir, "environ"))
	if err != nil || strings.Contains(string(environ), "JANEE_") ||
		!strings.Contains(string(environ), "DBUS_SESSION_BUS_ADDRESS=") {
		t.Errorf("%s, %v", environ, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notify-send"),
		[]byte("#!/bin/sh\nexit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if said := told(t, config.Approvals{Notify: true}, func(string) string {
		return ":0"
	}); !strings.Contains(said, "on the desktop") {
		t.Errorf("a desktop that fails: %q", said)
	}
}
