package opened

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
)

// newHome makes a home whose key lies in a directory of the test. meanwhile is called as that
// directory is looked for.
func newHome(t *testing.T) (s *Home, keys *keysource.Keys, keyFile string, meanwhile *func()) {
	t.Helper()
	dir := t.TempDir()
	nothing := func() {}
	meanwhile = &nothing
	keys = &keysource.Keys{
		Getenv: func(string) string { return "" },
		ConfigDir: func() (string, error) {
			(*meanwhile)()
			return filepath.Join(dir, "config"), nil
		},
	}
	s, err := Init(keys, filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := s.Home.ReadConfig()
	if err == nil {
		err = s.load(keys, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, keys, filepath.Join(dir, "config", "janee", s.Config.Vault.ID+".key"), meanwhile
}

func to(s *Home, source string) config.Vault {
	v := s.Config.Vault
	v.Source, v.Command = source, nil
	return v
}

var phrase = secret.New("correct horse battery")

// TestMoveThatCannotBeWrittenDown has an editor save config.yaml while the key is put in its new
// place: the key stays where it was.
func TestMoveThatCannotBeWrittenDown(t *testing.T) {
	keyring.MockInit()
	for _, source := range []string{config.SourcePassphrase, config.SourceKeyring} {
		s, keys, path, meanwhile := newHome(t)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		root, _, err := keys.Load(s.Config.Vault)
		if err != nil {
			t.Fatal(err)
		}
		edits := 0
		*meanwhile = func() {
			edits++
			text, _ := os.ReadFile(s.Home.ConfigPath())
			if err := os.WriteFile(s.Home.ConfigPath(),
				append(text, "# typed\n"...), 0o600); err != nil {
				t.Error(err)
			}
		}
		_, _, err = s.MoveKey(keys, root, to(s, source), phrase)
		*meanwhile = func() {}
		if err == nil || edits == 0 {
			t.Fatalf("%s: moved, %d edits", source, edits)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s: the key file is not as it was: %v", source, err)
		}
		if _, err := keyring.Get("janee", s.Config.Vault.ID); err == nil {
			t.Errorf("%s: the keyring has a key", source)
		}
		fresh := &keysource.Keys{Getenv: keys.Getenv, ConfigDir: keys.ConfigDir}
		if _, err := Read(fresh, s.Home); err != nil {
			t.Errorf("%s: the home does not open: %v", source, err)
		}
	}
}

// TestMoveOfWhatHasMoved: two commands at once, of which the second has read what the first has
// changed since.
func TestMoveOfWhatHasMoved(t *testing.T) {
	keyring.MockInit()
	s, keys, path, _ := newHome(t)
	root, _, err := keys.Load(s.Config.Vault)
	if err != nil {
		t.Fatal(err)
	}
	other := &Home{Home: s.Home, Config: s.Config, Vault: s.Vault}
	where, left, err := s.MoveKey(keys, root, to(s, config.SourceKeyring), phrase)
	if err != nil || where == "" || left != "" {
		t.Fatalf("%q, %q, %v", where, left, err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the key is still in the file")
	}
	if _, _, err := other.MoveKey(keys, root,
		to(other, config.SourcePassphrase), phrase); !errors.Is(err, ErrMoved) {
		t.Errorf("the second move: %v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the second move has made a file")
	}
	if _, err := Read(&keysource.Keys{Getenv: keys.Getenv, ConfigDir: keys.ConfigDir},
		s.Home); err != nil {
		t.Errorf("the home does not open: %v", err)
	}
}
