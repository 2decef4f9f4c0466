package keysource

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/vault"
)

// file is a key file. Its content, not config.yaml, decides whether it needs a passphrase, so that
// the home can be opened at every moment of a move between the two.
type file struct {
	keys  *Keys
	id    string
	path  string
	own   bool // in janee's own directory
	guard home.Guard
}

func (k *Keys) file(id string) (file, error) {
	path, own, err := k.Path(id)
	return file{k, id, path, own, k.guard()}, err
}

func (f file) where() string {
	text := f.path
	if !f.own {
		text = KeyFileEnv + " (" + f.path + ")"
	}
	if data, err := f.text(); err == nil && isWrapped(data) {
		text += ", locked by a passphrase"
	}
	return text
}

func (f file) cheap() bool {
	text, err := f.text()
	return err != nil || !isWrapped(text)
}

func (f file) read() (vault.Root, error) {
	text, err := f.text()
	if errors.Is(err, fs.ErrNotExist) {
		return vault.Root{}, hint.Errorf(hint.Locked,
			"restore the key file from a backup, or set "+KeyFileEnv+" to its path", "%w: %q",
			ErrMissing, f.path)
	}
	if err != nil {
		return vault.Root{}, locked(f.path, err)
	}
	if isWrapped(text) {
		return f.unlock(text)
	}
	root, err := vault.ParseRoot(text)
	return root, hint.New(hint.Locked, "restore the key file from a backup", wrapError(f.path, err))
}

func (f file) text() (string, error) {
	// others who can write to the directory could put their own key there before the first one is
	// made, or move the right one away
	dir, check := filepath.Dir(f.path), f.guard.CheckPlace
	if f.own {
		check = f.guard.CheckDir
	}
	f.guard.Tighten(dir, 0o077)
	if err := check(dir); err != nil {
		return "", err
	}
	path, err := f.guard.Follow(f.path)
	if err != nil {
		return "", f.guard.Explain(f.path, err)
	}
	text, err := f.guard.ReadFile(path)
	return string(text), f.guard.Explain(f.path, err)
}

// create writes a new key file after read has found none. It makes the directory if read could not
// check it because it did not exist.
func (f file) create(root vault.Root) error {
	if err := home.MakeDir(filepath.Dir(f.path)); err != nil {
		return locked(f.path, f.guard.Explain(f.path, err))
	}
	created, err := home.CreateFile(f.path, []byte(line(root)))
	if err == nil && !created {
		err = errors.New("another process has just created it")
	}
	if err != nil {
		return locked(f.path, f.guard.Explain(f.path, err))
	}
	return nil
}

// line is the root key as a key file holds it.
func line(root vault.Root) string { return root.Line().Reveal() + "\n" }

// put replaces the content of the file, even if that is another key: the caller has the right one.
func (f file) put(text string) error {
	if err := home.MakeDir(filepath.Dir(f.path)); err != nil {
		return err
	}
	if err := f.guard.CheckDir(filepath.Dir(f.path)); err != nil {
		return err
	}
	return home.ReplaceFile(f.path, []byte(text))
}

func (f file) remove() error { return home.RemoveFile(f.path) }
