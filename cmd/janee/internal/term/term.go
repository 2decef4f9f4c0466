// Package term asks questions on the controlling terminal, even if standard input and output are
// pipes. Open returns a Terminal, whose Line, Confirm, Agree and Secret ask one question each.
// Questions go to the terminal and never to standard output, which is for data. A secret is read
// without echo.
//
// After an interrupted question the terminal is as it was, but what a command has already written
// is not: ask before you write anything. The package does not escape what it prints; use package
// plain for text from agents.
package term

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/secret"
)

// ErrNone means that the process has no terminal to ask on.
var ErrNone = errors.New("there is no terminal to ask on")

// ErrInterrupted means that a signal came instead of an answer. It carries the exit code that a
// shell expects: 128 plus the number of the signal, which is 130 for Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

// Terminal is an open controlling terminal. Close it after the last question.
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

// Line asks for one line, and returns fallback for an empty answer.
func (t *Terminal) Line(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	line, err := t.ask(question, false)
	if line == "" {
		line = fallback
	}
	return line, err
}

// Confirm asks a question, and returns true only for "y" or "yes".
func (t *Terminal) Confirm(question string) (bool, error) {
	answer, err := t.ask(question+" [y/N]", false)
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// Agree asks a question, and returns true for an empty answer too. It is for what is harmless.
func (t *Terminal) Agree(question string) (bool, error) {
	answer, err := t.ask(question+" [Y/n]", false)
	answer = strings.ToLower(answer)
	return err == nil && (answer == "" || answer == "y" || answer == "yes"), err
}

// Secret asks for a secret without echo.
func (t *Terminal) Secret(question string) (secret.Text, error) {
	line, err := t.ask(question+" (not shown)", true)
	return secret.New(line), err
}

// interrupts are the signals that end a question. They are more than Ctrl-C, because a process that
// is terminated or hung up must not leave the echo off either.
var interrupts = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// ask returns the answer without white space around it. After ErrInterrupted only Close may be
// called, because the read cannot be interrupted and goes on.
func (t *Terminal) ask(question string, hidden bool) (string, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, interrupts...) // before the echo is turned off
	defer signal.Stop(signals)
	if hidden {
		restore, err := hide(int(t.in.Fd()))
		if err != nil {
			return "", fmt.Errorf("turning off the echo of the terminal: %w", err)
		}
		defer restore()
	}
	t.Print("%s: ", question)
	answers := make(chan answer, 1)
	go func() { answers <- t.read() }()
	select {
	case a := <-answers:
		if hidden {
			t.Print("\n")
		}
		return a.line, a.err
	case s := <-signals:
		t.Print("\n")
		return "", hint.New(exitCode(s), "", ErrInterrupted)
	}
}

type answer struct {
	line string
	err  error
}

func (t *Terminal) read() answer {
	line, err := t.lines.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return answer{err: fmt.Errorf("reading the answer: %w", err)}
	}
	return answer{line: strings.TrimSpace(line)}
}

func exitCode(s os.Signal) int {
	n, _ := s.(syscall.Signal)
	return 128 + int(n)
}
