package home

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"golang.org/x/sys/windows"
)

const noFollow = 0

func openNoFollow(path string, flag int) (*os.File, error) {
	if fi, err := os.Lstat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("open %q: not a regular file", path)
	}
	return os.OpenFile(path, flag, 0o600)
}

// checkOwner replaces the checks of owner and mode: the inherited access list of a profile already
// keeps others out. Files of an elevated process belong to the administrators group, which may read
// everything anyway.
func (g Guard) checkOwner(path string, _ fs.FileInfo, _ bool) error {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read the owner of %q: %w", path, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("read the owner of %q: %w", path, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("read the user of this process: %w", err)
	}
	if owner.Equals(user.User.Sid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
		return nil
	}
	return hint.Errorf(hint.Failed, `takeown /f "`+path+`"`, "%q belongs to another user", path)
}

func (g Guard) checkPlaceOwner(string, fs.FileInfo) error { return nil }

func (g Guard) checkPlaceMode(string, fs.FileInfo) error { return nil }

func (g Guard) checkMode(string, fs.FileInfo, bool) error { return nil }

func inode(fs.FileInfo) uint64 { return 0 }

// SyncDir does nothing: NTFS journals names, and a directory handle cannot be flushed.
func SyncDir(string) error { return nil }

func checkCredentialMode(string, fs.FileInfo) error { return nil }
