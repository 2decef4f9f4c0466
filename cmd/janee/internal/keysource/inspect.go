package keysource

import (
	"errors"
	"io/fs"
	"os"

	"github.com/true-and-useful/janee/core/config"
)

// The values of State.Check.
const (
	OK         = "ok"
	Missing    = "missing"
	Wrong      = "wrong"
	Locked     = "locked"     // the place that holds it does not return it
	Unreadable = "unreadable" // wrong mode or owner, or not a key
)

// Environment is the Source of a key that an environment variable holds or names.
const Environment = "environment"

// State describes a root key without showing it.
type State struct {
	Source string      // one of config.Sources, or Environment
	Where  string      // as Load returns it, for a status line
	File   string      // the key file, "" if there is none
	Mode   fs.FileMode // permission bits of File, 0 if there is none
	Check  string      // OK, Missing, Wrong, Locked or Unreadable
	// Left is a key file in Janee's own directory that holds the key in plaintext although
	// config.yaml names another place. An interrupted move leaves such a file. "" for none.
	Left string
}

// Inspect examines the root key of vault v. It returns the error of Load together with what it
// could find out.
func (k *Keys) Inspect(v config.Vault) (State, error) {
	s := State{Check: OK, Source: v.Kept()}
	root, where, err := k.Load(v)
	s.Where = where
	switch {
	case errors.Is(err, ErrMissing):
		s.Check = Missing
	case errors.Is(err, ErrWrong):
		s.Check = Wrong
	case errors.Is(err, ErrLocked):
		s.Check = Locked
	case err != nil:
		s.Check = Unreadable
	}
	if k.Getenv(MasterKeyEnv) != "" || k.Getenv(KeyFileEnv) != "" {
		s.Source = Environment
	}
	if at, bad := k.source(v); bad == nil {
		if f, ok := at.(file); ok {
			s.File = f.path
		}
	}
	if fi, bad := os.Lstat(s.File); s.File != "" && bad == nil {
		s.Mode = fi.Mode().Perm()
	}
	if err == nil && v.Kept() != config.SourceFile {
		s.Left = k.left(v, line(root))
	}
	return s, err
}

// left returns the key file if it holds want, in plaintext.
func (k *Keys) left(v config.Vault, want string) string {
	f, err := k.configured().file(v.ID)
	if err != nil {
		return ""
	}
	if text, err := f.text(); err == nil && text == want {
		return f.path
	}
	return ""
}
