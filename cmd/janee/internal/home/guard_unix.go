//go:build unix

package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"golang.org/x/sys/unix"
)

// noFollow is O_NOFOLLOW, with which open refuses a link at the last step of the path.
const noFollow = unix.O_NOFOLLOW

// openNoFollow adds O_NONBLOCK, so that a FIFO in place of a file cannot block Janee before the
// check finds it.
func openNoFollow(path string, flag int) (*os.File, error) {
	return os.OpenFile(path, flag|noFollow|unix.O_NONBLOCK, 0o600)
}

func (g Guard) checkOwner(path string, fi fs.FileInfo, dir bool) error {
	owner, me := ownerOf(fi), os.Geteuid()
	if owner == me || g.Group && owner == 0 || g.mounted(fi) {
		return nil
	}
	if dir {
		return g.foreign(path, owner, me, "chown -R")
	}
	return g.foreign(path, owner, me, "chown")
}

// foreign is the error for a path that belongs to owner; chown is the command that changes that.
func (g Guard) foreign(path string, owner, me int, chown string) error {
	line := g.Remedy(fmt.Sprintf("%s %d", chown, me), path)
	// most likely someone ran `sudo janee`, and taking the files from their owner would only make
	// things worse
	if me == 0 {
		return hint.Errorf(hint.Failed,
			fmt.Sprintf("run janee as user %d, not as root; or, if root is to own it: %s",
				owner, line),
			"%q belongs to user %d, not to root", path, owner)
	}
	if !g.Container {
		line = "sudo " + line
	}
	return hint.Errorf(hint.Failed, line, "%q belongs to user %d, not to you (user %d)", path,
		owner, me)
}

// checkPlaceOwner checks what path leads to, or the link itself, whose owner can change its target.
func (g Guard) checkPlaceOwner(path string, fi fs.FileInfo) error {
	owner, me := ownerOf(fi), os.Geteuid()
	switch {
	case owner == me || owner == 0:
		return nil
	case fi.Mode()&fs.ModeSymlink != 0:
		return g.foreign(path, owner, me, "chown -h")
	}
	return g.foreign(path, owner, me, "chown")
}

// checkPlaceMode accepts a sticky directory, because others cannot remove this user's files there.
func (g Guard) checkPlaceMode(path string, fi fs.FileInfo) error {
	mask, change := fs.FileMode(0o022), "go-w"
	if g.Group {
		mask, change = 0o002, "o-w"
	}
	if fi.IsDir() && g.mounted(fi) {
		return nil
	}
	if mode := fi.Mode(); mode.Perm()&mask != 0 && mode&fs.ModeSticky == 0 {
		return hint.Errorf(hint.Failed, g.Remedy("chmod "+change, path),
			"%q can be written to by other users (mode %04o)", path, mode.Perm())
	}
	return nil
}

func ownerOf(fi fs.FileInfo) int { return int(fi.Sys().(*syscall.Stat_t).Uid) }

func (g Guard) checkMode(path string, fi fs.FileInfo, dir bool) error {
	mask, change := fs.FileMode(0o077), "600"
	if dir {
		change = "700"
	}
	switch {
	case dir && g.mounted(fi):
		return nil
	case g.mounted(fi):
		mask, change = 0o022, "go-w"
	case g.Group:
		mask, change = 0o007, "o="
	}
	if mode := fi.Mode().Perm(); mode&mask != 0 {
		return hint.Errorf(hint.Failed, g.Remedy("chmod "+change, path),
			"%q is open to other users (mode %04o)", path, mode)
	}
	return nil
}

func inode(fi fs.FileInfo) uint64 { return fi.Sys().(*syscall.Stat_t).Ino }

// SyncDir makes the names in dir durable: fsync of a file alone does not ensure that its name
// survives a crash (fsync(2)).
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) { // the file system does not support it
		err = nil
	}
	return errors.Join(err, d.Close())
}

func checkCredentialMode(path string, fi fs.FileInfo) error {
	if mode := fi.Mode().Perm(); mode&0o037 != 0 {
		return hint.Errorf(hint.Failed, "chmod u=r,go= "+Quote(path),
			"%q is open to other users (mode %04o)", path, mode)
	}
	return nil
}
