package keysource

import (
	"errors"
	"io/fs"
	"os"

	"github.com/true-and-useful/janee/core/config"
)

// What Inspect finds out about a key.
const (
	OK         = "ok"
	Missing    = "missing"
	Wrong      = "wrong"
	Locked     = "locked"     // what holds it does not give it
	Unreadable = "unreadable" // wrong mode or owner, or not a key
)

// Environment is the Source of a key that a variable gives or names.
const Environment = "environment"

// State is what can be told about a root key without showing it.
type State struct {
	Source string      // one of config.Sources, or Environment
	Where  string      // as Load says it, for a status line
	File   string      // the key file, "" where it is in none
	Mode   fs.FileMode // permission bits of File, 0 where there is none
	Check  string
	// Left is a key file in janee's own directory that holds this key itself, while config.yaml
	// keeps it elsewhere: what a move that was cut off leaves behind. "" for none.
	Left string
}

// Inspect looks at the root key of vault v. The error is that of Load, and comes together with what
// could be found out.
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

// left is the key file that holds want itself.
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
