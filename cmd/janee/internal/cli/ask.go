package cli

import (
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// asker asks on the terminal for what flags left out. Where it must not or cannot ask, the error names the flag.
type asker struct {
	env   *Env
	quiet bool
	tty   *term.Terminal
}

func (a *asker) terminal(flag string) (*term.Terminal, error) {
	if a.tty != nil {
		return a.tty, nil
	}
	missing := hint.Errorf(hint.Usage, "give "+flag+", or run the command in a terminal", "%s is missing", strings.TrimPrefix(flag, "--"))
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

// choice asks for one of the options, by name or number.
func (a *asker) choice(question, have, flag string, options []string) (string, error) {
	if have != "" {
		return have, nil
	}
	t, err := a.terminal(flag)
	if err != nil {
		return "", err
	}
	for i, o := range options {
		t.Print("  %d) %s\n", i+1, o)
	}
	answer, err := t.Line(question, options[0])
	if n, bad := strconv.Atoi(answer); bad == nil && n >= 1 && n <= len(options) {
		answer = options[n-1]
	}
	return answer, err
}

func (a *asker) secret(question, flag string) (secret.Text, error) {
	t, err := a.terminal(flag)
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
