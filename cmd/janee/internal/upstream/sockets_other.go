//go:build !windows

package upstream

import "syscall"

var socketErrors = []systemError{
	{syscall.ECONNREFUSED, "connection refused"},
	{syscall.ECONNRESET, "connection reset by the server"},
	{syscall.EPIPE, "the server closed the connection without a reply"},
	{syscall.EHOSTUNREACH, "no route to the host"},
	{syscall.ENETUNREACH, "the network is unreachable"},
}
