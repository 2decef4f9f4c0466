// Package localsock is the Unix socket of the daemon: where it is, how it is opened, and who is at
// the other end of a connection according to the kernel.
//
// The package carries no protocol: package mcpserver speaks on the connections of the daemon's
// side, and package relay on those of a client.
package localsock

import "runtime"

// Env is the variable that names the socket, for the daemon and for its clients.
const Env = "JANEE_SOCKET"

// Name is what the socket is called among those that systemd passes (FileDescriptorName= in
// systemd.socket(5)).
const Name = "janee.sock"

// Path returns $JANEE_SOCKET, or where the socket is without it: in a directory that only root or
// the daemon can write. named reports whether the variable names it.
func Path(getenv func(string) string) (path string, named bool) {
	if path = getenv(Env); path != "" {
		return path, true
	}
	if runtime.GOOS == "darwin" { // /var/run is emptied at each start of macOS
		return "/var/db/janee/" + Name, false
	}
	return "/run/janee/" + Name, false
}
