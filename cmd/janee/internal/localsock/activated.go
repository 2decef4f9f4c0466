package localsock

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// firstFD is the first descriptor that a service manager passes, sd_listen_fds(3).
const firstFD = 3

// Activated returns the socket that a service manager has opened and passed to this process under
// Name, or nil if there is none. The variables are those of sd_listen_fds(3): LISTEN_PID names the
// process that they are for, since children inherit them too.
func Activated(getenv func(string) string) (*net.UnixListener, error) {
	if getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil {
		return nil, fmt.Errorf("reading LISTEN_FDS: %q is not a number", getenv("LISTEN_FDS"))
	}
	for i, name := range strings.Split(getenv("LISTEN_FDNAMES"), ":") {
		if name == Name && i < count {
			return listenerOf(firstFD + i)
		}
	}
	return nil, nil
}

func listenerOf(fd int) (*net.UnixListener, error) {
	f := os.NewFile(uintptr(fd), Name)
	defer f.Close() // the listener has a descriptor of its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("taking the socket %q that was passed: %w", Name, err)
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		_ = l.Close()
		return nil, fmt.Errorf("taking the socket %q that was passed: it is no Unix socket", Name)
	}
	u.SetUnlinkOnClose(false)
	return u, nil
}
