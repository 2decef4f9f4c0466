// Package legacy reads a home of the TypeScript Janee, the program that this one replaces. Read
// decrypts its config.yaml, credentials.json or config.json into a Store, and Store.Plan says what
// that becomes here: services and capabilities, what changes, and what cannot be carried over.
// `janee import` shows the plan or writes it.
//
// The package writes nothing and keeps no master key. Its errors name service and field, never a
// value. Package home opens homes of this program.
package legacy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/core/secret"
)

// The files of a home that hold configuration and credentials.
const (
	configYAML      = "config.yaml"
	configJSON      = "config.json" // before 0.1
	credentialsJSON = "credentials.json"
)

// maxFile is the size of the largest file that is read, in bytes.
const maxFile = 16 << 20

// The reasons why a home cannot be read.
var (
	ErrNone    = errors.New("there is no configuration of the TypeScript Janee")
	ErrParse   = errors.New("it cannot be parsed")
	ErrKey     = errors.New("the master key is not 32 bytes in base64")
	ErrDecrypt = errors.New("it is damaged, or was encrypted with another master key")
	ErrMissing = errors.New("credentials.json is missing")
)

// Layout is the generation of the files of a home.
type Layout string

// The layouts, with the versions that wrote them.
const (
	split   Layout = "0.3 (config.yaml and credentials.json)"
	inlined Layout = "0.2 (keys in config.yaml)"
	JSON    Layout = "0.1 (config.json)"
)

// Store is the decrypted content of a home, in the order of its files.
type Store struct {
	Layout        Layout
	Text          []byte // of the file that names the services
	services      []oldService
	capabilities  []oldCapability
	defaultAccess string   // as written; "" if the file has none
	notes         []string // what the owner should know about the files themselves
	unused        []string // keys that have no counterpart here
}

// oldService is one service as the files define it.
type oldService struct {
	Name, BaseURL, Type, TestPath string
	Secrets                       map[string]secret.Text // by path: "key", "headers.X-Api-Key"
	// Plain are the other fields of auth: appId, region, scopes joined by blanks.
	Plain     map[string]string
	Ownership *oldOwnership
	Unused    []string
}

// oldOwnership is the ownership of a service, as written.
type oldOwnership struct {
	AccessPolicy, CreatedBy, CreatedAt string
	SharedWith                         []string
}

// oldCapability is one capability as the files define it. AutoApprove and RequiresReason are as
// written.
type oldCapability struct {
	Name, Service, TTL, Mode, Access string
	AutoApprove, RequiresReason      string
	Rules                            oldRules
	AllowedAgents                    []string
	Unused                           []string
}

// Read reads the home in dir. Errors wrap ErrNone, ErrParse, ErrKey, ErrDecrypt or ErrMissing if
// that is the cause.
func Read(dir string) (*Store, error) {
	text, err := readFile(dir, configYAML)
	switch {
	case err == nil && written(text):
		return readYAML(dir, text)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	text, err = readFile(dir, configJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %q: %w", dir, ErrNone)
	}
	if err != nil {
		return nil, err
	}
	return readJSON(text)
}

// Found reports whether dir holds a home that was not imported yet. It decrypts nothing.
func Found(dir string) bool {
	text, err := readFile(dir, configYAML)
	if err == nil {
		return written(text)
	}
	_, err = os.Lstat(filepath.Join(dir, configJSON))
	return err == nil
}

// written reports whether the TypeScript Janee wrote a config.yaml. It looks at lines in order to
// recognise a file that does not parse, too.
func written(text []byte) bool {
	for line := range bytes.Lines(text) {
		version, found := bytes.CutPrefix(line, []byte("version:"))
		if found && bytes.HasPrefix(bytes.TrimLeft(version, ` '"`), []byte("0.")) ||
			bytes.HasPrefix(line, []byte("masterKey:")) {
			return true
		}
	}
	return false
}

func readFile(dir, name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("reading the old home: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%w: larger than %d MiB", ErrParse, maxFile>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}
