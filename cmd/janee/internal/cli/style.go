package cli

import (
	"io"
	"runtime"

	"golang.org/x/term"
)

// style colours words for a person. The zero value leaves every word as it is.
type style struct{ on bool }

// newStyle colours only what a terminal shows, and nothing where NO_COLOR is set (no-color.org) or
// the terminal is dumb.
func newStyle(w io.Writer, getenv func(string) string) style {
	if !isTerminal(w) || getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return style{}
	}
	// The old console of Windows prints the escape codes as they are; Windows Terminal says who it
	// is.
	return style{on: runtime.GOOS != "windows" || getenv("WT_SESSION") != ""}
}

// isTerminal reports whether a stream is one that a person sees or types into.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

func (s style) good(text string) string { return s.paint("32", text) }
func (s style) bad(text string) string  { return s.paint("31", text) }
func (s style) warn(text string) string { return s.paint("33", text) }
func (s style) dim(text string) string  { return s.paint("2", text) }

func (s style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
