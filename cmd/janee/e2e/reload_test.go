//go:build !race

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const reloadConfig = `
services:
  api:
    baseUrl: $API
    auth: {type: bearer, key: key_of_the_reload_test}
capabilities:
  api:
    service: api
    rules: {allow: [GET *]}
`

func TestReload(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	config := strings.ReplaceAll(reloadConfig, "$API", api.url)
	p.configure(config)
	s := p.serve("reloader")
	wants(t, s.get("api", "/one"), `"status":200`)

	// A tightened rule holds from the next call on.
	p.configure(strings.Replace(config, "GET *", "GET /other", 1))
	wants(t, s.get("api", "/one"), "RULE_DENY")
	if note := <-s.notes; note != "notifications/tools/list_changed" {
		t.Errorf("notified of %q", note)
	}

	// A broken edit leaves the old in force and says so, here and in the tool's answer.
	p.configure(strings.Replace(config, "allow", "alow", 1))
	wants(t, s.get("api", "/one"), "RULE_DENY")
	wants(t, s.get("api", "/other"), `"status":200`)
	wants(t, s.stderr.String(), "alow", "config.yaml:")
	wants(t, s.call("reload_config", nil), `"success":false`, "alow", "stays in force")
	if n := strings.Count(s.stderr.String(), "alow"); n != 1 {
		t.Errorf("the same fault was reported %d times", n)
	}
	if err := os.Rename(filepath.Join(p.home, "config.yaml"),
		filepath.Join(p.home, "config.away")); err != nil {
		t.Fatal(err)
	}
	wants(t, s.get("api", "/other"), `"status":200`)
	if err := os.Rename(filepath.Join(p.home, "config.away"),
		filepath.Join(p.home, "config.yaml")); err != nil {
		t.Fatal(err)
	}

	// A new capability is there at once; reload_config names what changed.
	p.configure(config + "  more: {service: api}\n")
	wants(t, s.call("reload_config", nil), `"success":true`, `"added":["more"]`)
	wants(t, s.call("list_services", nil), `"name":"more"`)

	// The hangup signal reloads without a call.
	p.configure(config)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a reload by signal", func() bool {
		return strings.Contains(s.stderr.String(), "-more")
	})
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestRotatedUnderARunningServer changes the sealing key: the next call opens what was sealed anew,
// in the session that it began in.
func TestRotatedUnderARunningServer(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	p.configure(strings.ReplaceAll(reloadConfig, "$API", api.url))
	p.run("", "list") // seals
	s := p.serve("reloader")
	wants(t, s.get("api", "/one"), `"status":200`)
	grants := func() string {
		names, err := filepath.Glob(filepath.Join(p.home, "sessions", "*.json"))
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		text, _ := os.ReadFile(names[0])
		return string(text)
	}
	before := grants()
	for _, key := range []string{"k2", "k3"} {
		p.run("", "key", "rotate")
		wants(t, s.get("api", "/"+key), `"status":200`)
		if text, _ := os.ReadFile(filepath.Join(p.home,
			"config.yaml")); !strings.Contains(string(text), "janee:v1:"+key+":api:key:") {
			t.Errorf("not sealed under %s:\n%s", key, text)
		}
	}
	if grants() != before {
		t.Error("the session is another one")
	}
	wants(t, p.run("", "logs", "verify"), "the log is whole")
}

// TestCallsInFlightKeepWhatTheyBeganWith changes the configuration under a slow call.
func TestCallsInFlightKeepWhatTheyBeganWith(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	config := strings.ReplaceAll(reloadConfig, "$API", api.url)
	p.configure(config)
	s := p.serve("reloader")
	slow := s.start("execute",
		map[string]any{"capability": "api", "method": "GET", "path": "/slow"})
	eventually(t, "the slow call's arrival", func() bool { return api.count("GET /slow") == 1 })
	p.configure(strings.Replace(config, "GET *", "POST *", 1))
	wants(t, s.get("api", "/one"), "RULE_DENY")
	wants(t, (<-slow).text(), `"status":200`)
}

// TestTypedSecretIsSealedOnceTheFileStandsStill types a key into the file of a running server.
func TestTypedSecretIsSealedOnceTheFileStandsStill(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	s := p.serve("reloader")
	p.configure(strings.ReplaceAll(reloadConfig, "$API", api.url))
	path := filepath.Join(p.home, "config.yaml")
	wants(t, s.get("api", "/one"), `"status":200`) // used before it is sealed
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), "key_of_the_reload_test") {
		t.Error("sealed under the editor's hands")
	}
	began := time.Now()
	eventually(t, "sealing", func() bool {
		text, _ := os.ReadFile(path)
		return strings.Contains(string(text), "janee:v1:k1:api:key:") &&
			!strings.Contains(string(text), "key_of_the_reload_test")
	})
	if time.Since(began) < time.Second {
		t.Error("sealed while the file was young")
	}
	wants(t, s.get("api", "/one"), `"status":200`)
}
