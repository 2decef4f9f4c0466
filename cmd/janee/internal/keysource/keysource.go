// Package keysource finds the root key of a home, which never lies in the home: a copy of ~/.janee
// must not open itself. Use one Keys for a process: Load wherever sealed values are opened, Create
// only from `janee init` or while nothing is sealed yet, Put and Remove to move a key to another
// place. It asks for a passphrase and runs a command once, and remembers. It never prints a key,
// and never makes one up where one is missing.
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

// The variables that take the place of what config.yaml says, in this order.
const (
	MasterKeyEnv = "JANEE_MASTER_KEY" // the key itself: a janee-key-v1 line or 64 hex digits
	KeyFileEnv   = "JANEE_KEY_FILE"   // path of another key file
)

// All carry exit code 4 and a hint; the broker answers VAULT_LOCKED for any.
var (
	ErrMissing = errors.New("vault locked: root key missing")
	ErrWrong   = errors.New("wrong root key")
	ErrLocked  = errors.New("vault locked") // the key is there, and what holds it does not give it
)

// Keys finds root keys for one process. It is safe for concurrent use; the fields are not changed
// after the first call.
type Keys struct {
	Getenv    func(string) string
	ConfigDir func() (string, error) // os.UserConfigDir
	// Ask asks a person for a passphrase; nil where nobody may be asked. term.ErrNone where there
	// is no terminal.
	Ask func(question string) (secret.Text, error)

	mu    sync.Mutex
	found map[string]found // by vault
}

type found struct {
	root  vault.Root
	where string
}

// New returns Keys for the person's own configuration directory, with nobody to ask.
func New(getenv func(string) string) *Keys {
	return &Keys{Getenv: getenv, ConfigDir: os.UserConfigDir}
}

// Load returns the root key that vault v was sealed with, and where it came from as text for a
// status line. Errors have exit code 4 and wrap ErrMissing, ErrWrong or ErrLocked where that is the
// cause.
//
// A person is asked once: the key is remembered, and only what costs nothing is read anew. So a
// process that has the key runs no command and asks no keyring for this vault, whatever config.yaml
// comes to say while it runs.
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
			"restore the key that `janee init` made for this home, from a backup, to "+held.where,
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

// source is one place where a root key is.
type source interface {
	where() string
	read() (vault.Root, error) // exit code 4
	cheap() bool               // nobody is asked and nothing is run
}

// source is the place that the environment or config.yaml names for v.
func (k *Keys) source(v config.Vault) (source, error) {
	if k.Getenv(MasterKeyEnv) != "" {
		return variable(k.Getenv(MasterKeyEnv)), nil
	}
	if k.Getenv(KeyFileEnv) != "" {
		return k.file(v.ID)
	}
	return k.named(v)
}

// named is the place that config.yaml names for v.
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
	return nil, hint.Errorf(hint.Locked, "mend vault.source",
		"find root key: config.yaml keeps it in %q, which is not known", v.Source)
}

// Path returns the key file of the vault called id, and whether it lies in janee's own directory
// rather than where JANEE_KEY_FILE says. It checks id, which becomes a file name, and ignores
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

// Create makes the root key for a new vault called id and returns it with where it is now. A key
// given by the environment is used as it is: JANEE_MASTER_KEY, or the file that JANEE_KEY_FILE
// names if it is there already. The caller stores the vault's Check.
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

// locked keeps the hint of err, the line that mends the file, and sets the exit code.
func locked(path string, err error) error { return hint.New(hint.Locked, "", wrapError(path, err)) }

func wrapError(source string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("root key from %s: %w", source, err)
}

// guard is that of key files.
func (k *Keys) guard() home.Guard { return home.GuardFromEnv(k.Getenv) }
