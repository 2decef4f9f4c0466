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
	Unreadable = "unreadable" // wrong mode or owner, or not a key
)

// State is what can be told about a root key without showing it.
type State struct {
	Where string      // as Load says it, for a status line
	File  string      // the key file, "" where the environment holds the key itself
	Mode  fs.FileMode // permission bits of File, 0 where there is none
	Check string
}

// Inspect looks at the root key of vault v. The error is that of Load, and comes together with what could be found out.
func Inspect(getenv func(string) string, configDir func() (string, error), v config.Vault) (State, error) {
	s := State{Check: OK}
	_, where, err := Load(getenv, configDir, v)
	s.Where = where
	switch {
	case errors.Is(err, ErrMissing):
		s.Check = Missing
	case errors.Is(err, ErrWrong):
		s.Check = Wrong
	case err != nil:
		s.Check = Unreadable
	}
	if getenv(MasterKeyEnv) != "" {
		return s, err
	}
	if path, _, bad := Path(getenv, configDir, v.ID); bad == nil {
		s.File = path
	}
	if fi, bad := os.Lstat(s.File); s.File != "" && bad == nil {
		s.Mode = fi.Mode().Perm()
	}
	return s, err
}
