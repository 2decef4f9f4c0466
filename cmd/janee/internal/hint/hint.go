// Package hint lets an error carry a hint, which says what to do next, and the exit code of the
// command, both apart from its message. Return hint.New where the cause is known and the next step
// is certain; the message stays "what was being done: cause", in lower case, with input quoted by
// %q. Only package cli prints hints, and only its caller ends the process. No other package may
// look at the text of either.
package hint

import (
	"errors"
	"fmt"
)

// The exit codes of every command.
const (
	OK     = 0
	Failed = 1 // an error
	Usage  = 2 // the command line is wrong
	Denied = 3 // refused by policy
	Locked = 4 // the root key is missing or wrong
)

// Error is Err with a hint for the person and an exit code. Hint may be empty; Code 0 means Failed.
type Error struct {
	Err  error
	Hint string
	Code int
}

// New adds a hint and an exit code to err. It returns nil for a nil err, so that it may wrap the
// last call of a function.
func New(code int, hint string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Err: err, Hint: hint, Code: code}
}

// Errorf is New over fmt.Errorf.
func Errorf(code int, hint, format string, args ...any) error {
	return New(code, hint, fmt.Errorf(format, args...))
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Of returns the outermost hint in the chain of err that is not empty, or "".
func Of(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}

// ExitCode returns OK for nil, the outermost code in the chain of err that is not 0, and else
// Failed.
func ExitCode(err error) int {
	if err == nil {
		return OK
	}
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Code != 0 {
			return e.Code
		}
	}
	return Failed
}
