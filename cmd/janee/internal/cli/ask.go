package cli

import (
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// asker asks on the terminal for what no flag gives. Where it must not or cannot ask, the error
// names the flag.
type asker struct {
	env   *Env
	quiet bool
	tty   *term.Terminal
}

func (a *asker) terminal(flag string) (*term.Terminal, error) {
	return a.terminalOr(flag, "add "+flag)
}

// terminalOr is the terminal, or an error that says what else gives the value of the flag.
func (a *asker) terminalOr(flag, instead string) (*term.Terminal, error) {
	if a.tty != nil {
		return a.tty, nil
	}
	missing := hint.Errorf(hint.Usage, instead+", or run the command in a terminal",
		"%s is missing", strings.TrimPrefix(flag, "--"))
	if a.quiet {
		return nil, missing
	}
	t, err := a.env.Terminal()
	if err != nil {
		return nil, missing
	}
	a.tty = t
	return t, nil
}

// can reports whether the person can be asked.
func (a *asker) can() bool {
	_, err := a.terminal("")
	return err == nil
}

func (a *asker) close() {
	if a.tty != nil {
		_ = a.tty.Close()
	}
}

// line returns have, or asks until something is answered.
func (a *asker) line(question, have, flag string) (string, error) {
	if have != "" {
		return have, nil
	}
	t, err := a.terminal(flag)
	for err == nil && have == "" {
		have, err = t.Line(question, "")
	}
	return have, err
}

// choice asks for one of the options, by name or number. title says what an option is.
func (a *asker) choice(
	question, have, flag string, options []string, title func(option string) string,
) (string, error) {
	if have != "" {
		return have, nil
	}
	t, err := a.terminal(flag)
	if err != nil {
		return "", err
	}
	width := 0
	for _, o := range options {
		width = max(width, len(o))
	}
	for i, o := range options {
		t.Print("  %2d) %-*s  %s\n", i+1, width, o, title(o))
	}
	answer, err := t.Line(question, options[0])
	if n, bad := strconv.Atoi(answer); bad == nil && n >= 1 && n <= len(options) {
		answer = options[n-1]
	}
	return answer, err
}

// template has the person pick one of the APIs that a search has found, or none.
func (a *asker) template(
	found []directory.Template,
) (t directory.Template, agreed bool, err error) {
	tty, err := a.terminal("")
	if err != nil {
		return t, false, err
	}
	if len(found) == 1 {
		agreed, err := tty.Agree("Found " + found[0].Name + " (" + found[0].BaseURL + "). Use it?")
		return found[0], agreed, err
	}
	for i, t := range found {
		tty.Print("  %d) %s: %s\n", i+1, t.Name, t.Description)
	}
	answer, err := tty.Line("Which one? (Enter for none)", "")
	if err != nil {
		return t, false, err
	}
	for i, t := range found {
		if answer == strconv.Itoa(i+1) || strings.EqualFold(answer, t.Name) {
			return t, true, nil
		}
	}
	return t, false, nil
}

func (a *asker) secret(question, flag string) (secret.Text, error) {
	instead := "add " + flag
	if !strings.Contains(flag, " ") { // an argument would show the secret to other processes
		instead = "pipe it in with `" + flag + " -`"
	}
	t, err := a.terminalOr(flag, instead)
	if err != nil {
		return secret.Text{}, err
	}
	return t.Secret(question)
}

func (a *asker) field(f sign.Field, flag string) (secret.Text, error) {
	if f.Secret {
		return a.secret(f.Label, flag)
	}
	v, err := a.line(f.Label, "", flag)
	return secret.New(v), err
}
