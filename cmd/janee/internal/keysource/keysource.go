// Package keysource finds the root key of a home, which never lies in the home: a copy of ~/.janee must not open itself.
// Use Load wherever sealed values are opened, and Create only from `janee init` or while nothing is sealed yet; Path says what a backup needs.
// It never prints a key, never overwrites one, and never makes one up where one is missing.
package keysource

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// The variables that take the place of the key file, in this order.
const (
	MasterKeyEnv = "JANEE_MASTER_KEY" // the key itself: a janee-key-v1 line or 64 hex digits
	KeyFileEnv   = "JANEE_KEY_FILE"   // path of another key file
)

// Both carry exit code 4 and a hint; the broker answers VAULT_LOCKED for either.
var (
	ErrMissing = errors.New("vault locked: root key missing")
	ErrWrong   = errors.New("wrong root key")
)

// Load returns the root key that vault v was sealed with, and where it came from as text for a status line.
// configDir is os.UserConfigDir. Errors have exit code 4 and wrap ErrMissing or ErrWrong where that is the cause.
func Load(getenv func(string) string, configDir func() (string, error), v config.Vault) (root vault.Root, where string, err error) {
	if v.ID == "" || v.Check == "" {
		return vault.Root{}, "", hint.Errorf(hint.Locked, "run `janee init`", "%w: config.yaml names no vault", ErrMissing)
	}
	root, where, err = read(getenv, configDir, v.ID)
	if err != nil {
		return vault.Root{}, where, err
	}
	if subtle.ConstantTimeCompare([]byte(vault.New(root, v.ID).Check()), []byte(v.Check)) != 1 {
		return vault.Root{}, where, hint.Errorf(hint.Locked, "restore the key that `janee init` made for this home, from a backup, to "+where,
			"%w: the one from %s does not fit vault %s of config.yaml", ErrWrong, where, v.ID)
	}
	return root, where, nil
}

// Create makes the root key for a new vault called id and returns it with where it is now. A key given by the environment is used
// as it is: JANEE_MASTER_KEY, or the file that JANEE_KEY_FILE names if it is there already. The caller stores the vault's Check.
func Create(getenv func(string) string, configDir func() (string, error), id string) (root vault.Root, where string, err error) {
	root, where, err = read(getenv, configDir, id)
	if !errors.Is(err, ErrMissing) {
		if err == nil && getenv(MasterKeyEnv) == "" && getenv(KeyFileEnv) == "" {
			return vault.Root{}, where, hint.Errorf(hint.Failed, "move "+where+" away if nothing is sealed with it", "create root key: %q exists, and keys are never overwritten", where)
		}
		return root, where, err
	}
	path, _, err := Path(getenv, configDir, id)
	if err != nil {
		return vault.Root{}, "", err
	}
	root, err = write(path)
	return root, where, err
}

// Path returns the key file of the vault called id, and whether it lies in janee's own directory rather than where JANEE_KEY_FILE says.
// It checks id, which becomes a file name, and ignores JANEE_MASTER_KEY.
func Path(getenv func(string) string, configDir func() (string, error), id string) (path string, own bool, err error) {
	if path = getenv(KeyFileEnv); path != "" {
		path, err = filepath.Abs(path)
		return path, false, hint.New(hint.Locked, "", err)
	}
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return "", false, hint.Errorf(hint.Locked, "restore vault.id in config.yaml", "find root key: %q cannot be the id of a vault", id)
	}
	base, err := configDir()
	if err != nil {
		return "", false, hint.New(hint.Locked, "export "+KeyFileEnv+"=/path/to/the/key", fmt.Errorf("find root key: %w", err))
	}
	return filepath.Join(base, "janee", id+".key"), true, nil
}

func read(getenv func(string) string, configDir func() (string, error), id string) (vault.Root, string, error) {
	if text := getenv(MasterKeyEnv); text != "" {
		root, err := vault.ParseRoot(text)
		return root, MasterKeyEnv, hint.New(hint.Locked, "set "+MasterKeyEnv+" to the line of the key file or to 64 hex digits", wrap(MasterKeyEnv, err))
	}
	path, own, err := Path(getenv, configDir, id)
	if err != nil {
		return vault.Root{}, "", err
	}
	where := path
	if !own {
		where = KeyFileEnv + " (" + path + ")"
	}
	root, err := readFile(path, own, home.GuardFromEnv(getenv))
	return root, where, err
}

func readFile(path string, own bool, guard home.Guard) (vault.Root, error) {
	// A directory that others can write would let them lay down a key of theirs before the first one is made, or move ours away.
	check := guard.CheckPlace
	if own {
		check = guard.CheckDir
	}
	if err := check(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return vault.Root{}, locked(path, err)
	}
	text, err := guard.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return vault.Root{}, hint.Errorf(hint.Locked, "restore the key file from a backup, or name it by "+KeyFileEnv, "%w: %q", ErrMissing, path)
	}
	if err != nil {
		return vault.Root{}, locked(path, err)
	}
	root, err := vault.ParseRoot(string(text))
	return root, hint.New(hint.Locked, "restore the key file from a backup", wrap(path, err))
}

// write makes the key where read has found none, in a directory that read has checked or that is made here.
func write(path string) (vault.Root, error) {
	if err := home.MakeDir(filepath.Dir(path)); err != nil {
		return vault.Root{}, locked(path, err)
	}
	var key [32]byte
	rand.Read(key[:]) // never fails: the program ends instead (crypto/rand, Go 1.24)
	root := vault.NewRoot(key)
	created, err := home.CreateFile(path, []byte(root.Line().Reveal()+"\n"))
	if err == nil && !created {
		err = errors.New("another process has just made it")
	}
	if err != nil {
		return vault.Root{}, locked(path, err)
	}
	return root, nil
}

// locked keeps the hint of err, the line that mends the file, and sets the exit code.
func locked(path string, err error) error { return hint.New(hint.Locked, "", wrap(path, err)) }

func wrap(source string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("root key from %s: %w", source, err)
}
