// Package keysource finds the root key of a home. The key is never in the home, because a copy of
// ~/.janee must not be enough to open it. It is in a key file (with or without a passphrase), the
// keyring of the desktop, a systemd credential or an environment variable, or a command prints it.
//
// A process uses one Keys: Load wherever sealed values are opened, Create only from `janee init` or
// while nothing is sealed yet, and Put and Remove to move the key to another place. Keys asks for a
// passphrase or runs the command once, and remembers the key.
//
// It never prints a key, and never replaces a missing key by a new one. Package core/vault seals
// and opens values with the key; package opened puts key, home and configuration together.
package keysource

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// The variables that override what config.yaml says, the first before the second.
const (
	MasterKeyEnv = "JANEE_MASTER_KEY" // the key itself: a janee-key-v1 line or 64 hex digits
	KeyFileEnv   = "JANEE_KEY_FILE"   // path of another key file
)

// The causes of errors of this package. All errors have exit code 4 and a hint, and agents get
// VAULT_LOCKED for any of them.
var (
	ErrMissing = errors.New("vault locked: root key missing")
	ErrWrong   = errors.New("wrong root key")
	ErrLocked  = errors.New("vault locked") // the place that holds the key does not return it
)

// Keys finds root keys for one process. It is safe for concurrent use, but do not change its fields
// after the first call.
type Keys struct {
	Getenv    func(string) string
	ConfigDir func() (string, error) // os.UserConfigDir
	// Ask asks a person for a passphrase, and returns term.ErrNone if there is no terminal. It is
	// nil if nobody may be asked.
	Ask func(question string) (secret.Text, error)

	mu    sync.Mutex
	found map[string]found // by vault
}

type found struct {
	root  vault.Root
	where string
}

// New returns Keys for the user's own configuration directory, without Ask.
func New(getenv func(string) string) *Keys {
	return &Keys{Getenv: getenv, ConfigDir: os.UserConfigDir}
}

// Load returns the root key that vault v was sealed with, and where it came from as text for a
// status line. Errors have exit code 4, and wrap ErrMissing, ErrWrong or ErrLocked if that is the
// cause.
//
// Load remembers the key, and afterwards reads only places that cost nothing. So a process that has
// the key asks nobody, runs no command and uses no keyring for this vault, even if config.yaml
// changes while it runs.
func (k *Keys) Load(v config.Vault) (root vault.Root, where string, err error) {
	if v.ID == "" || v.Check == "" {
		return vault.Root{}, "", hint.Errorf(hint.Locked, "run `janee init`",
			"%w: config.yaml names no vault", ErrMissing)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.source(v)
	if err != nil {
		return vault.Root{}, "", err
	}
	held, known := k.found[v.ID]
	if !known || s.cheap() {
		held.where = s.where()
		if held.root, err = s.read(); err != nil {
			return vault.Root{}, held.where, err
		}
	}
	if !fits(held.root, v) {
		return vault.Root{}, held.where, hint.Errorf(hint.Locked,
			"restore the key that `janee init` made for this home from a backup to "+held.where,
			"%w: the one from %s does not fit vault %s of config.yaml", ErrWrong, held.where, v.ID)
	}
	if k.found == nil {
		k.found = map[string]found{}
	}
	k.found[v.ID] = held
	return held.root, held.where, nil
}

func fits(root vault.Root, v config.Vault) bool {
	return subtle.ConstantTimeCompare([]byte(vault.New(root, v.ID).Check()), []byte(v.Check)) == 1
}

// source is a place that holds a root key.
type source interface {
	where() string
	read() (vault.Root, error) // errors have exit code 4
	cheap() bool               // reading asks nobody and runs nothing
}

// source returns the place that the environment or config.yaml names for v.
func (k *Keys) source(v config.Vault) (source, error) {
	if k.Getenv(MasterKeyEnv) != "" {
		return variable(k.Getenv(MasterKeyEnv)), nil
	}
	if k.Getenv(KeyFileEnv) != "" {
		return k.file(v.ID)
	}
	return k.named(v)
}

// named returns the place that config.yaml names for v.
func (k *Keys) named(v config.Vault) (source, error) {
	if err := checkID(v.ID); err != nil {
		return nil, err
	}
	switch v.Kept() {
	case config.SourceKeyring:
		return keyringItem(v.ID), nil
	case config.SourceCommand:
		return command{v.Command, k.Getenv}, nil
	case config.SourceSystemd:
		return credential{k.Getenv(credentialsEnv), v.ID}, nil
	case config.SourceFile, config.SourcePassphrase:
		return k.file(v.ID)
	}
	return nil, hint.Errorf(hint.Locked, "correct vault.source",
		"find root key: vault.source of config.yaml is %q, which is not known", v.Source)
}

// Path returns the path of the key file of vault id, and whether it is in Janee's own directory
// rather than named by JANEE_KEY_FILE. It checks id, which becomes a file name, and ignores
// JANEE_MASTER_KEY.
func (k *Keys) Path(id string) (path string, own bool, err error) {
	if path = k.Getenv(KeyFileEnv); path != "" {
		path, err = filepath.Abs(path)
		return path, false, hint.New(hint.Locked, "", err)
	}
	if err := checkID(id); err != nil {
		return "", false, err
	}
	base, err := k.ConfigDir()
	if err != nil {
		return "", false, hint.New(hint.Locked, "export "+KeyFileEnv+"=/path/to/the/key",
			fmt.Errorf("find root key: %w", err))
	}
	return filepath.Join(base, "janee", id+".key"), true, nil
}

func checkID(id string) error {
	if id == "" || len(id) > 64 ||
		strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return hint.Errorf(hint.Locked, "restore vault.id in config.yaml",
			"find root key: %q cannot be the id of a vault", id)
	}
	return nil
}

// Create makes the root key for a new vault id and returns it and where it is now. It uses a key
// from the environment as it is: JANEE_MASTER_KEY, or the file that JANEE_KEY_FILE names if that
// exists. The caller stores the vault's Check.
func (k *Keys) Create(id string) (root vault.Root, where string, err error) {
	s, err := k.source(config.Vault{ID: id})
	if err != nil {
		return vault.Root{}, "", err
	}
	f, isFile := s.(file)
	switch root, err = s.read(); {
	case err == nil && isFile && f.own:
		return vault.Root{}, f.path, hint.Errorf(hint.Failed,
			"move "+f.path+" away if nothing is sealed with it",
			"create root key: %q exists, and keys are never overwritten", f.path)
	case !errors.Is(err, ErrMissing) || !isFile:
		return root, s.where(), err
	}
	var key [32]byte
	rand.Read(key[:]) // never fails: the program ends instead (crypto/rand, Go 1.24)
	root = vault.NewRoot(key)
	if err := f.create(root); err != nil {
		return vault.Root{}, f.where(), err
	}
	return root, f.where(), nil
}

// variable is JANEE_MASTER_KEY.
type variable string

func (v variable) where() string { return MasterKeyEnv }
func (v variable) cheap() bool   { return true }

func (v variable) read() (vault.Root, error) {
	root, err := vault.ParseRoot(string(v))
	return root, hint.New(hint.Locked,
		"set "+MasterKeyEnv+" to the line of the key file or to 64 hex digits",
		wrapError(MasterKeyEnv, err))
}

// locked sets the exit code and keeps the hint of err, which is the command that fixes the file.
func locked(path string, err error) error { return hint.New(hint.Locked, "", wrapError(path, err)) }

func wrapError(source string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("root key from %s: %w", source, err)
}

// guard is the guard of key files.
func (k *Keys) guard() home.Guard { return home.GuardFromEnv(k.Getenv) }
