package keysource

import (
	"os"
	"testing"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

func TestInspect(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	v := config.Vault{ID: id, Check: vault.New(root, id).Check()}
	inspect := func(name string, v config.Vault, want State) {
		t.Helper()
		got, err := p.keys().Inspect(v)
		if got != want || (err == nil) != (want.Check == OK) {
			t.Errorf("%s: %+v, %v, not %+v", name, got, err, want)
		}
	}
	inspect("right", v, State{config.SourceFile, p.path(), p.path(), 0o600, OK, ""})
	inspect("wrong", config.Vault{ID: id, Check: vault.New(fresh(9), id).Check()},
		State{config.SourceFile, p.path(), p.path(), 0o600, Wrong, ""})
	if err := os.Chmod(p.path(), 0o640); err != nil {
		t.Fatal(err)
	}
	inspect("open to others", v,
		State{config.SourceFile, p.path(), p.path(), 0o640, Unreadable, ""})
	if err := os.Remove(p.path()); err != nil {
		t.Fatal(err)
	}
	inspect("missing", v, State{config.SourceFile, p.path(), p.path(), 0, Missing, ""})
	p.env[MasterKeyEnv] = root.Line().Reveal()
	inspect("in the environment", v, State{Environment, MasterKeyEnv, "", 0, OK, ""})
	p.env[MasterKeyEnv] = "no key"
	inspect("no key", v, State{Environment, MasterKeyEnv, "", 0, Unreadable, ""})
}
