package localsock

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// maxPath is what sockaddr_un has room for on macOS, in bytes; Linux has 4 more.
const maxPath = 103

// Listen opens the socket at path for the user and the group of the process. A file that an earlier
// daemon left is removed if nobody answers there, and nothing else ever is. The file stays when the
// listener is closed: it tells clients that there is a daemon, which is down.
func Listen(path string) (*net.UnixListener, error) {
	l, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("opening the socket %q: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	return l, nil
}

func listen(path string) (*net.UnixListener, error) {
	if !identifies {
		return nil, hint.New(hint.Failed, "run it on Linux or macOS", errNoPeer)
	}
	if len(path) > maxPath {
		return nil, hint.Errorf(hint.Usage, "choose a shorter path",
			"it has %d bytes, and a socket may have %d", len(path), maxPath)
	}
	dir, err := realDir(path)
	if err != nil {
		return nil, hint.New(hint.Failed,
			"make the directory, for the user of the daemon, or choose another with --socket", err)
	}
	if err := checkDirs(dir); err != nil {
		return nil, err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := clear(path); err != nil {
		return nil, err
	}
	return bind(path)
}

// realDir is the directory of path. The path itself may be relative, and so fit where the absolute
// one would not.
func realDir(path string) (string, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// checkDirs refuses a directory in which somebody else could put another socket, to which clients
// would then talk. In a directory above, the sticky bit is enough: nobody else can rename what is
// in it.
func checkDirs(dir string) error {
	for at, first := dir, true; ; at, first = filepath.Dir(at), false {
		fi, err := os.Stat(at)
		if err != nil {
			return err
		}
		shared := fi.Mode()&0o022 != 0 && (first || fi.Mode()&fs.ModeSticky == 0)
		if owner := ownerOf(fi); shared || owner != 0 && owner != os.Geteuid() {
			return hint.Errorf(hint.Failed, fmt.Sprintf("use a directory of your own, with "+
				"`chmod go-w`: `install -d -m 0750 %s`", filepath.Join(dir, "janee")),
				"others can change the directory %q", at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// clear removes the file of a daemon that has ended. The kernel refuses connections to it, and
// accepts them for as long as a process holds the socket.
func clear(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode()&fs.ModeSocket == 0 {
		return hint.Errorf(hint.Failed, "move the file away, or choose another path with --socket",
			"there is a file that is not a socket")
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		_ = conn.Close()
		return hint.Errorf(hint.Failed, "stop that process, or choose another path with --socket",
			"another process already answers there")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("asking whether another process has it: %w", err)
	}
	return os.Remove(path)
}
