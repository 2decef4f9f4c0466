package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/true-and-useful/janee/core/config"
)

// TestKeyLeftBehind finds the key file that a move to the keyring has left because the machine
// stopped.
func TestKeyLeftBehind(t *testing.T) {
	keyring.MockInit()
	m, s, vars := machine(t)
	text, err := os.ReadFile(vars["JANEE_KEY_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	vars["JANEE_KEY_FILE"] = ""
	id := s.Config.Vault.ID
	if err := keyring.Set("janee", id, strings.TrimSpace(string(text))); err != nil {
		t.Fatal(err)
	}
	if err := s.Home.EditConfig(func(old []byte) ([]byte, error) {
		return config.SetSource(old, config.SourceKeyring, nil)
	}); err != nil {
		t.Fatal(err)
	}
	found := find(Run(m), "root key")
	if len(found) != 1 || found[0].Result != Pass ||
		!strings.Contains(found[0].Detail, `the keyring (service "janee"`) {
		t.Fatalf("%+v", found)
	}
	dir, _ := m.ConfigDir()
	left := filepath.Join(dir, "janee", id+".key")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if found = find(Run(m), "root key"); len(found) != 2 || found[1].Result != Warn ||
		found[1].Fix != "rm "+left {
		t.Errorf("%+v", found)
	}
}
