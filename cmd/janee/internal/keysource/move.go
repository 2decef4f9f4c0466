package keysource

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// errOther means that a place holds another key than the one that should be there.
var errOther = errors.New("it returns another key")

// Put stores the root key of v in the place that v names, and reads it back from there. It writes a
// file, with passphrase for SourcePassphrase, or the keyring. A command or a systemd credential
// must return the key already; if it returns another one, that is an error. Put ignores
// variables that override what v names. undo restores what was there before.
func (k *Keys) Put(
	v config.Vault, root vault.Root, passphrase secret.Text,
) (where string, undo func() error, err error) {
	s, err := k.configured().named(v)
	if err != nil {
		return "", nil, err
	}
	undo = func() error { return nil }
	switch at := s.(type) {
	case file:
		undo, err = at.replace(v.Kept(), root, passphrase)
	case keyringItem:
		undo, err = at.replace(root)
	}
	if err == nil {
		err = readBack(s, v, root, passphrase)
	}
	if err != nil {
		return s.where(), nil, errors.Join(err, undo())
	}
	return s.where(), undo, nil
}

// Try does the part of Put that changes nothing: it unlocks the keyring, or checks the key that a
// command or a systemd credential returns.
func (k *Keys) Try(v config.Vault, root vault.Root) error {
	s, err := k.configured().named(v)
	if err != nil {
		return err
	}
	switch s.(type) {
	case file:
		return nil
	case keyringItem:
		if _, err := s.read(); !errors.Is(err, ErrMissing) {
			return err
		}
		return nil
	}
	return readBack(s, v, root, secret.Text{})
}

func readBack(s source, v config.Vault, root vault.Root, passphrase secret.Text) error {
	if f, ok := s.(file); ok {
		f.keys = &Keys{Getenv: func(string) string { return "" },
			Ask: func(string) (secret.Text, error) { return passphrase, nil }}
		s = f
	}
	got, err := s.read()
	if err == nil && (line(got) != line(root) || !fits(got, v)) {
		err = fmt.Errorf("reading the root key back from %s: %w", s.where(), errOther)
	}
	return err
}

func (f file) replace(
	source string, root vault.Root, passphrase secret.Text,
) (undo func() error, err error) {
	undo = func() error { return nil }
	old, err := f.text()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing { // what cannot be read cannot be put back
		return undo, fmt.Errorf("writing the root key to %q: %w", f.path, err)
	}
	undo = func() error {
		switch now, err := f.text(); {
		case missing:
			return f.remove()
		case err == nil && now == old:
			return nil // it was not replaced
		}
		return f.put(old)
	}
	text := line(root)
	if source == config.SourcePassphrase {
		text = wrap(f.id, root, passphrase)
	}
	if err := f.put(text); err != nil {
		return undo, fmt.Errorf("writing the root key to %q: %w", f.path, err)
	}
	return undo, nil
}

func (k keyringItem) replace(root vault.Root) (undo func() error, err error) {
	_, err = k.read()
	missing := errors.Is(err, ErrMissing)
	undo = func() error {
		if missing {
			return k.remove()
		}
		return nil
	}
	return undo, k.write(root)
}

// Remove removes the root key from its old place after a move. left names the old place if only its
// owner can remove the key there (a command, a systemd credential), else it is "".
func (k *Keys) Remove(from, to config.Vault) (left string, err error) {
	s, err := k.configured().named(from)
	if err != nil {
		return "", err
	}
	switch at := s.(type) {
	case keyringItem:
		if to.Kept() != config.SourceKeyring {
			return "", at.remove()
		}
	case command:
		if to.Kept() != config.SourceCommand || Words(from.Command) != Words(to.Command) {
			left = at.where()
		}
	case credential:
		if to.Kept() != config.SourceSystemd {
			left = at.where()
		}
	}
	if inFile(to) {
		return left, nil
	}
	return left, k.removeFile(from)
}

func inFile(v config.Vault) bool {
	return v.Kept() == config.SourceFile || v.Kept() == config.SourcePassphrase
}

// removeFile removes the key file, also one that an interrupted move has left.
func (k *Keys) removeFile(from config.Vault) error {
	f, err := k.configured().file(from.ID)
	if err != nil {
		return err
	}
	text, err := f.text()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (inFile(from) || holds(text, from)) {
		return f.remove()
	}
	return err
}

// holds reports whether the file that is named after the key of v holds it. A file that a
// passphrase locks cannot be opened here, but only a move of that key writes one to this name.
func holds(text string, v config.Vault) bool {
	if _, err := parseWrapped(text); err == nil {
		return true
	}
	root, err := vault.ParseRoot(text)
	return err == nil && fits(root, v)
}

// configured returns a copy of k that ignores variables which override config.yaml and remembers no
// key.
func (k *Keys) configured() *Keys {
	getenv := func(name string) string {
		if name == MasterKeyEnv || name == KeyFileEnv {
			return ""
		}
		return k.Getenv(name)
	}
	return &Keys{Getenv: getenv, ConfigDir: k.ConfigDir, Ask: k.Ask}
}
