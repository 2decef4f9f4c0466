package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// Remedy is the hint that command has to be run on path. In a container, whose image has no shell,
// the command is for the host.
func (g Guard) Remedy(command, path string) string {
	if g.Container {
		return fmt.Sprintf("on the host, run `%s` on what this container has as %s", command,
			Quote(path))
	}
	return command + " " + Quote(path)
}

// Follow returns the file that path leads to. Only a container has links to follow: engines mount
// Secrets as links to the directory of the version that counts. This user or root has to own each
// of them, and others must not be able to put another in its place. If path does not exist, the
// error is fs.ErrNotExist; a link that leads nowhere is another error, so that nothing is made in
// its place.
func (g Guard) Follow(path string) (string, error) {
	if !g.Container {
		return path, nil
	}
	target, err := g.followOwn(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := os.Lstat(path); linkErr == nil {
			return "", hint.Errorf(hint.Failed, "mount what it leads to, too",
				"%q is a link that leads nowhere", path)
		}
	}
	return target, err
}

// ReadShared returns a file that Janee shares with other users of its volume, which CreateShared
// made or somebody mounted. In a container everyone may read it, but only this user and root may
// own it and write to it; elsewhere it is like any other file of Janee.
func (g Guard) ReadShared(path string) ([]byte, error) {
	if !g.Container {
		return g.ReadFile(path)
	}
	target, err := g.Follow(path)
	if err != nil {
		return nil, g.Explain(path, err)
	}
	text, err := g.readTrusted(target, maxCredential)
	return text, g.Explain(path, err)
}

// CreateShared is CreateFile for such a file. In a container everyone may read what it makes: the
// containers that mount the same volume run as users that this one cannot know.
func (g Guard) CreateShared(path string, data []byte) (created bool, err error) {
	perm := fs.FileMode(0o600)
	if g.Container {
		perm = 0o644
		g.Tighten(filepath.Dir(path), 0o022)
	}
	created, err = createFile(path, data, perm)
	return created, g.Explain(path, err)
}
