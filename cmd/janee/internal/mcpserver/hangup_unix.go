//go:build linux || darwin

package mcpserver

import (
	"io"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// pollRdHup is POLLRDHUP of Linux, poll(2): the other end of a socket writes nothing more. It is
// needed because clients in Node use sockets for stdio.
const pollRdHup = 0x2000

// hungUp reports whether all writers to in are gone. The end of input is behind the data that they
// left, so while nothing is read, only this tells. It is false if in cannot be polled.
func hungUp(in io.Reader) bool {
	f, ok := in.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	gone, asked := int16(unix.POLLHUP), int16(unix.POLLIN)
	if runtime.GOOS == "linux" {
		gone, asked = gone|pollRdHup, asked|pollRdHup
	}
	ended := false
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: asked}}
		n, err := unix.Poll(p, 0)
		ended = err == nil && n == 1 && p[0].Revents&gone != 0
	})
	return err == nil && ended
}
