package upstream

import "golang.org/x/sys/windows"

// socketErrors are those of Winsock. The syscall package gives ECONNREFUSED and its like numbers of
// its own on Windows, which no call returns.
var socketErrors = []systemError{
	{windows.WSAECONNREFUSED, "connection refused"},
	{windows.WSAECONNRESET, "connection reset by the server"},
	{windows.WSAECONNABORTED, "the server closed the connection without a reply"},
	{windows.WSAEHOSTUNREACH, "no route to the host"},
	{windows.WSAENETUNREACH, "the network is unreachable"},
}
