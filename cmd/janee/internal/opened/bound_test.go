package opened

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
)

// TestBindIsAboutWhatTheOwnerSaw swaps the caFile after its owner was asked and before the line is
// written.
func TestBindIsAboutWhatTheOwnerSaw(t *testing.T) {
	dir := t.TempDir()
	vars := map[string]string{"JANEE_HOME": filepath.Join(dir, "home"),
		"JANEE_KEY_FILE": filepath.Join(dir, "key", "root.key")}
	keys := &keysource.Keys{Getenv: func(name string) string { return vars[name] }}
	ca := filepath.Join(dir, "ca.pem")
	put := func(content string) {
		t.Helper()
		if err := os.WriteFile(ca, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("good")
	s, err := Init(keys, vars["JANEE_HOME"])
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func([]byte) ([]byte, error)) *config.Service {
		t.Helper()
		if err := s.Edit(keys, change); err != nil {
			t.Fatal(err)
		}
		return s.Config.Services["x"]
	}
	service := edit(func(text []byte) ([]byte, error) {
		text = append(text, "\nservices:\n  x:\n    baseUrl: https://x.example\n    caFile: "+ca+
			"\n    auth: {type: bearer, key: a_key_of_the_owner}\n"...)
		text, _, err := config.Seal(text, s.Seal)
		return text, err
	})
	asked, err := s.Destination(service)
	if err != nil {
		t.Fatal(err)
	}
	put("evil")
	service = edit(func(text []byte) ([]byte, error) { return s.Bind(text, "x", asked.CA) })
	if err := s.Agreed(service); !errors.As(err, new(*config.UnagreedError)) {
		t.Errorf("the other authorities are agreed to: %v", err)
	}
	put("good")
	if err := s.Agreed(service); err != nil {
		t.Error(err)
	}
}
