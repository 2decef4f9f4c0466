package term

import "golang.org/x/sys/windows"

// hide turns off the echo of the console fd. Input is still read by lines, and Ctrl-C is still a
// signal.
func hide(fd int) (restore func(), err error) {
	var before uint32
	console := windows.Handle(fd)
	if err := windows.GetConsoleMode(console, &before); err != nil {
		return nil, err
	}
	during := before&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_PROCESSED_INPUT |
		windows.ENABLE_LINE_INPUT
	if err := windows.SetConsoleMode(console, during); err != nil {
		return nil, err
	}
	return func() { _ = windows.SetConsoleMode(console, before) }, nil
}
