package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/backup"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	manifest "github.com/true-and-useful/janee/core/backup"
)

// TestForgedBackup has somebody without the root key change a rule in a backup, and all its sums
// with it.
func TestForgedBackup(t *testing.T) {
	m := newMachine(t)
	m.run("init")
	m.write(t,
		strings.Replace(string(read(t, m.home, "config.yaml")),
			"\n## Services",
			"\nservices: {api: {baseUrl: https://api.example.com, auth: {type: bearer, key: "+
				"sk_live_0123456789}}}\n"+
				"capabilities: {api: {service: api, rules: {allow: [GET *]}}}\n## Services", 1))
	s, err := opened.Open(m.Keys())
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "forged")
	text, err := s.SealedConfig()
	if err != nil || !bytes.Contains(text, []byte("GET *")) {
		t.Fatalf("%v\n%s", err, text)
	}
	pack := func(key []byte, text []byte) {
		var out bytes.Buffer
		file := backup.Source{
			Name: "config.yaml",
			Size: int64(len(text)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		}
		if err := backup.Write(&out, key, manifest.Manifest{Vault: s.Config.Vault.ID,
			Check: s.Config.Vault.Check, At: 1}, []backup.Source{file}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(forged, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := read(t, m.home, "config.yaml")
	for name, c := range map[string]struct {
		key  []byte
		text string
		says string
	}{
		"another key": {make([]byte, 32), strings.Replace(string(text), "GET *", "POST *", 1),
			"the file was changed after it was written"},
		"in the clear": {s.Vault.Key(manifest.Label),
			strings.Replace(string(text),
				"services: {",
				"services: {x: {baseUrl: https://x.example, auth: {type: bearer, key: "+
					"sk_live_typed}}, ", 1), "contains plaintext"},
		"another vault": {s.Vault.Key(manifest.Label), strings.Replace(string(text),
			s.Config.Vault.ID, "other", 1), "belongs to another vault than it names"},
		"broken config": {s.Vault.Key(manifest.Label), "services: [", "config.yaml:1:"},
		"no vault": {s.Vault.Key(manifest.Label), "version: 1\n",
			"belongs to another vault than it names"},
		"command to run": {s.Vault.Key(manifest.Label),
			strings.Replace(string(text), "source: file", "source: tpm", 1), "is not known"},
		"another's check": {s.Vault.Key(manifest.Label), strings.Replace(string(text),
			s.Config.Vault.Check, "0011223344556677", 1), "belongs to another vault than it names"},
	} {
		pack(c.key, []byte(c.text))
		if code, _, stderr := m.run("restore", "--from", forged, "--yes"); code != 1 ||
			!strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, %s", name, code, stderr)
		}
	}
	if after := read(t, m.home, "config.yaml"); !bytes.Equal(after, before) {
		t.Errorf("config.yaml was changed:\n%s", after)
	}
	if left, _ := filepath.Glob(m.home + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	pack(s.Vault.Key(manifest.Label), text)
	if code, _, stderr := m.run("restore", "--from", forged, "--yes"); code != 0 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestRestoreRunsNoCommandUnasked: a backup names what is run for its root key, and anybody may
// have written it.
func TestRestoreRunsNoCommandUnasked(t *testing.T) {
	m := newMachine(t)
	getenv := m.Getenv
	m.Getenv = func(name string) string {
		if name == "JANEE_KEY_FILE" {
			return ""
		}
		return getenv(name)
	}
	mark, file := filepath.Join(t.TempDir(), "mark"), filepath.Join(t.TempDir(), "planted")
	text := "services: {}\nvault: {id: planted, key: k1, check: 0011223344556677, source: " +
		"command, command: [touch, " + mark + "]}\n"
	var out bytes.Buffer
	source := backup.Source{
		Name: "config.yaml",
		Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
	if err := backup.Write(&out, make([]byte, 32), manifest.Manifest{Vault: "planted",
		Check: "0011223344556677", At: 1}, []backup.Source{source}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := m.run("restore", "--from", file); code != 2 ||
		!strings.Contains(stderr, "there is no terminal to ask on") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, stdout, _ := m.run("restore", "--from", file, "--json"); code != 2 ||
		!strings.Contains(stdout, "running touch") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if _, err := os.Lstat(mark); err == nil {
		t.Error("the command was run")
	}
	if _, err := os.Lstat(m.home); err == nil {
		t.Error("a home was made")
	}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
