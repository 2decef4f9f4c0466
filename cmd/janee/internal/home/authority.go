package home

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// maxAuthority is the largest size of a file of certificate authorities, in bytes. The list of a
// whole system has some 250 KiB.
const maxAuthority = 4 << 20

// ReadAuthority returns the content of a file of certificate authorities, and its SHA-256 in hex.
// Anyone may read the file, but only this user and root may own it or write to it, to its directory
// and to the links that lead to it; Group also lets the group write. Anyone else who could change
// the file could read every credential that is sent because of it.
func (g Guard) ReadAuthority(path string) (content []byte, digest string, err error) {
	if content, err = g.readTrusted(path, maxAuthority); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(content)
	return content, hex.EncodeToString(sum[:]), nil
}

// readTrusted returns a file of at most limit bytes that anyone may read, but that only this user
// and root can change.
func (g Guard) readTrusted(path string, limit int64) ([]byte, error) {
	target, err := g.followOwn(path)
	if err != nil {
		return nil, err
	}
	f, err := openNoFollow(target, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	if err := cmp.Or(g.checkPlaceOwner(target, fi), g.checkPlaceMode(target, fi)); err != nil {
		return nil, openToOthers(err)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %q: %w", path, err)
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("read %q: larger than %s", path, size(limit))
	}
	return content, nil
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// ErrOpenToOthers means that someone other than this user and root can change a file.
var ErrOpenToOthers = errors.New("open to others")

type openError struct{ error }

func openToOthers(err error) error     { return openError{err} }
func (openError) Is(target error) bool { return target == ErrOpenToOthers }
func (e openError) Unwrap() error      { return e.error }

// maxLinks is how many links in a row are followed.
const maxLinks = 8

// followOwn follows links at the last step of path if they belong to this user or root and are in
// directories that no one else can write to.
func (g Guard) followOwn(path string) (string, error) {
	for range maxLinks {
		fi, err := os.Lstat(path)
		if err != nil {
			return "", err
		}
		err = cmp.Or(g.checkPlaceOwner(path, fi), g.CheckPlace(filepath.Dir(path)))
		if err != nil {
			return "", openToOthers(err)
		}
		if fi.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", hint.Errorf(hint.Failed, "name the file itself",
		"%q: too many links", path)
}
