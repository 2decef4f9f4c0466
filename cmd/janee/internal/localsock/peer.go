package localsock

import (
	"errors"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
)

var errNoPeer = errors.New("this system does not tell who is at the other end of a socket")

// maxUser is the longest name of a user that becomes part of an agent's name, in bytes.
const maxUser = 32

// PeerOf asks the kernel who has opened a connection: its effective user when it connected, which
// stays the same if the process changes its user or passes the connection on.
func PeerOf(conn *net.UnixConn) (core.Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return core.Peer{}, err
	}
	var uid uint32
	var pid int
	var failed error
	if err := raw.Control(func(fd uintptr) { uid, pid, failed = credentials(fd) }); err != nil {
		return core.Peer{}, err
	}
	if failed != nil {
		return core.Peer{}, fmt.Errorf("asking who has connected: %w", failed)
	}
	digits := strconv.FormatUint(uint64(uid), 10)
	return core.Peer{UID: digits, User: nameOf(digits), PID: strconv.Itoa(pid),
		Executable: executable(pid)}, nil
}

// nameOf is the name of a user, or its uid where the name cannot be part of an agent's name: with
// an @ in it, or of digits alone, it could be mistaken for another user.
func nameOf(uid string) string {
	u, err := user.LookupId(uid)
	if err != nil || !config.ValidName(u.Username) || len(u.Username) > maxUser ||
		strings.Contains(u.Username, "@") || strings.Trim(u.Username, "0123456789") == "" {
		return uid
	}
	return u.Username
}
