package keysource

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/vault"
)

// credentialsEnv is the directory that systemd makes for one service (systemd.exec(5),
// LoadCredentialEncrypted=).
const credentialsEnv = "CREDENTIALS_DIRECTORY"

// credential is a file in that directory which is named after the vault and holds the key line.
type credential struct{ dir, id string }

func (c credential) where() string { return fmt.Sprintf("the systemd credential %q", c.id) }

// cheap is false so that a service keeps working when its credentials are gone.
func (c credential) cheap() bool { return false }

func (c credential) read() (vault.Root, error) {
	load := "put LoadCredentialEncrypted=" + c.id + ":/path/to/" + c.id +
		".cred into the unit that starts janee; to run a command in a terminal, set " +
		KeyFileEnv + " to the path of a copy"
	if c.dir == "" || !filepath.IsAbs(c.dir) {
		return vault.Root{}, hint.Errorf(hint.Locked, load,
			"%w: %s: %s is not set, so systemd has started this process without credentials",
			ErrLocked, c.where(), credentialsEnv)
	}
	text, err := home.ReadCredential(filepath.Join(c.dir, c.id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return vault.Root{}, hint.Errorf(hint.Locked, load, "%w: %q", ErrMissing,
			filepath.Join(c.dir, c.id))
	case err != nil:
		return vault.Root{}, locked(c.where(), err)
	}
	root, err := vault.ParseRoot(string(text))
	return root, hint.New(hint.Locked, "encrypt the line that `janee key export` shows",
		wrapError(c.where(), err))
}
