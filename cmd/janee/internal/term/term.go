// Package term asks questions on the controlling terminal, even where standard input and output are pipes. Questions go to
// the terminal, never to standard output, which belongs to data. A secret is read without echo and is never printed.
package term

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/true-and-useful/janee/core/secret"
)

// ErrNone says that the process has no terminal to ask on.
var ErrNone = errors.New("there is no terminal to ask on")

// Terminal is an open controlling terminal. Close it when the questions are over.
type Terminal struct {
	in, out *os.File
	lines   *bufio.Reader
}

// Open opens the controlling terminal, or returns ErrNone.
func Open() (*Terminal, error) {
	in, out, err := openTTY()
	if err != nil || !term.IsTerminal(int(in.Fd())) {
		return nil, ErrNone
	}
	return &Terminal{in: in, out: out, lines: bufio.NewReader(in)}, nil
}

// Close closes the terminal's files.
func (t *Terminal) Close() error {
	if t.in == t.out {
		return t.in.Close()
	}
	return errors.Join(t.in.Close(), t.out.Close())
}

// Print writes to the terminal.
func (t *Terminal) Print(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// Line asks for one line. An empty answer stands for fallback.
func (t *Terminal) Line(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	t.Print("%s: ", question)
	line, err := t.lines.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return fallback, nil
	}
	return line, nil
}

// Secret asks for a secret without echo.
func (t *Terminal) Secret(question string) (secret.Text, error) {
	t.Print("%s (not shown): ", question)
	defer t.Print("\n")
	b, err := term.ReadPassword(int(t.in.Fd()))
	if err != nil {
		return secret.Text{}, fmt.Errorf("reading the secret: %w", err)
	}
	return secret.New(strings.TrimSpace(string(b))), nil
}
