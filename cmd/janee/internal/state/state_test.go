package state_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

func newStore(t *testing.T) (state.Store, *home.Home) {
	t.Helper()
	h, err := home.Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h, h
}

func TestPutAndCreate(t *testing.T) {
	s, _ := newStore(t)
	name := session.File("0a")
	if existing, err := state.Create(s, name, []byte("one")); existing != nil || err != nil {
		t.Errorf("created where %q was: %v", existing, err)
	}
	existing, err := state.Create(s, name, []byte("two"))
	if string(existing) != "one" || err != nil {
		t.Errorf("a second one finds %q, %v", existing, err)
	}
	if err := state.Put(s, name, []byte{}); err != nil {
		t.Error(err)
	}
	existing, err = state.Create(s, name, []byte("three"))
	if existing == nil || len(existing) != 0 || err != nil {
		t.Errorf("an empty one is found as %v, %v", existing, err)
	}
	if _, err := state.Create(s, "../x.json", nil); err == nil {
		t.Error("a name that is none is written")
	}
}

func TestOrders(t *testing.T) {
	s, h := newStore(t)
	want := []string{session.LockFile, session.RevokedFile("0a"), session.ClosedFile}
	for _, name := range append(want, session.File("0a"), session.File("0b"),
		approval.UsedFile("0a")) {
		if err := state.Put(s, name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := state.Orders(s)
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.Remove(session.LockFile); err != nil {
		t.Fatal(err)
	}
	if got, err := state.Orders(s); !slices.Equal(got, want[1:]) || err != nil {
		t.Errorf("unlocked: %q, %v", got, err)
	}
	if err := os.Mkdir(h.Path(session.LockFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := state.Orders(s); err == nil {
		t.Errorf("what cannot be read is left out: %q", got)
	}
}
