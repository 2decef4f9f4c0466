//go:build unix

package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"golang.org/x/sys/unix"
)

// mounted reports whether fi is something that the engine has mounted for this container. Engines
// mount volumes and Secrets as root, open to everyone in the container: Kubernetes writes the files
// of a Secret 0644, and an empty volume has mode 0777.
func (g Guard) mounted(fi fs.FileInfo) bool {
	return g.Container && ownerOf(fi) == 0 && os.Geteuid() != 0
}

// Tighten takes the permission bits of mask away from dir, if that is a directory of this user in a
// container. Volumes come with modes that nobody chose, and the image has no chmod. On a machine
// that others use too, a wide mode is refused instead, because they may have used it already. What
// goes wrong here is found by the check that follows.
func (g Guard) Tighten(dir string, mask fs.FileMode) {
	fi, err := os.Lstat(dir)
	if g.Container && err == nil && fi.IsDir() && ownerOf(fi) == os.Geteuid() &&
		fi.Mode()&mask != 0 {
		_ = os.Chmod(dir, fi.Mode()&^mask)
	}
}

// Explain adds to err, with which reading or writing path failed, what has to be done about the
// volume that path is in. Outside of containers it returns err.
func (g Guard) Explain(path string, err error) error {
	if !g.Container || err == nil {
		return err
	}
	dir := filepath.Dir(filepath.Clean(path))
	for dir != "/" && !exists(dir) {
		dir = filepath.Dir(dir)
	}
	switch fi, statErr := os.Stat(dir); {
	case statErr != nil:
		return err
	case errors.Is(err, unix.EROFS):
		return hint.New(hint.Failed, "mount a volume that can be written to at "+Quote(dir), err)
	case errors.Is(err, unix.EBUSY):
		return hint.New(hint.Failed, "change what is mounted there, outside of the container", err)
	case errors.Is(err, fs.ErrPermission):
		me := os.Geteuid()
		return hint.New(hint.Failed, g.Remedy(fmt.Sprintf("chown %d", me), dir),
			fmt.Errorf("%w: %q belongs to user %d, and janee runs as user %d", err, dir,
				ownerOf(fi), me))
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
