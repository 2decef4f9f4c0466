//go:build unix

package localsock

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// bind makes the socket 0660 from the start: with chmod afterwards, others could connect in
// between. The umask is that of the process, so nothing else may make files meanwhile.
func bind(path string) (*net.UnixListener, error) {
	defer unix.Umask(unix.Umask(0o117))
	return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
}

// lockDir keeps another daemon that starts at the same time from taking this one's new socket for
// one that was left behind.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %q: %w", dir, err)
	}
	return func() { _ = f.Close() }, nil
}

// Owner returns the names of the user and the group of a file, or their numbers if they have none.
func Owner(fi fs.FileInfo) (owner, group string) {
	stat := fi.Sys().(*syscall.Stat_t)
	owner = nameOf(strconv.FormatUint(uint64(stat.Uid), 10))
	group = strconv.FormatUint(uint64(stat.Gid), 10)
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group
}

func ownerOf(fi fs.FileInfo) int { return int(fi.Sys().(*syscall.Stat_t).Uid) }
