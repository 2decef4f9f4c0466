//go:build !windows

package term

import "golang.org/x/sys/unix"

// hide turns off the echo of the terminal fd. Input is still read by lines, and Ctrl-C is still a
// signal.
func hide(fd int) (restore func(), err error) {
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	during := *before
	during.Lflag &^= unix.ECHO
	during.Lflag |= unix.ICANON | unix.ISIG
	during.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &during); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}
