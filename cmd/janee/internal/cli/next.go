package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
	"github.com/true-and-useful/janee/core/session"
)

// step is a command that a person may run next, and a few words on what it does.
type step struct{ command, does string }

// setupStep comes until an agent can reach Janee.
var setupStep = step{"janee setup", "connect your MCP clients"}

// The last step, where something is known to be wrong and where nothing is.
var (
	doctorMore = step{"janee doctor", "find what else is wrong"}
	doctorStep = step{"janee doctor", "find what is wrong, and how to fix it"}
)

// runAlone is what `janee` without a command does: it says what is sensible next on this machine.
// It works whatever is wrong with the home, needs no root key and asks nothing.
func runAlone(env *Env) error {
	says, next := nextSteps(env)
	var b strings.Builder
	fmt.Fprintf(&b, "Janee %s lets AI agents call APIs without seeing your keys.\n\n", version())
	if says != "" {
		b.WriteString(says + "\n\n")
	}
	fmt.Fprintf(&b, "Next:\n%s\n`%s --help` lists all commands.\n", stepLines(next), called(env))
	_, err := io.WriteString(env.Stdout, b.String())
	return err
}

// called is how a person calls this program from a shell: by its name if that is on PATH, else by
// its path, or through the package runner that started it.
func called(env *Env) string {
	program, err := env.Executable()
	if err != nil {
		return "janee"
	}
	if runner := setup.Runner(program); runner != nil {
		return strings.Join(append(runner, setup.Package), " ")
	}
	if _, err := env.LookPath("janee"); err == nil {
		return "janee"
	}
	return home.Quote(program)
}

// nextSteps returns what to do next, and what the person should know first ("" for nothing).
func nextSteps(env *Env) (says string, next []step) {
	says, next = stepsFor(env)
	for i, s := range next {
		if args, ok := strings.CutPrefix(s.command, "janee "); ok {
			next[i].command = called(env) + " " + args
		}
	}
	return says, next
}

// stepsFor is nextSteps with the name janee in every command.
func stepsFor(env *Env) (says string, next []step) {
	v, err := glance(env)
	switch {
	case err != nil:
		return err.Error(), []step{{hint.Of(err), ""}, doctorMore}
	case legacy.Found(v.dir):
		return "The TypeScript Janee wrote the home " + printable(v.dir) + ".", []step{
			{"janee import", "show what it would import"},
			{"janee import --apply", "import it, and keep the old files"},
			{"janee demo", "see what Janee does, in a temporary home"},
		}
	case v.absent():
		return "", []step{
			{"janee init", "create a home and a root key"},
			{"janee add github", "store an API key, encrypted"},
			setupStep,
		}
	case v.err != nil:
		first, _, _ := strings.Cut(v.err.Error(), "\n") // one wrong line makes dozens
		return printable(first), []step{{v.fix(), ""}, doctorMore}
	case v.locked():
		return "Janee is locked: every call is refused.", []step{
			{"janee unlock", "let agents make calls again"},
			{"janee logs", "see what agents did before"},
			{"janee sessions", "see which agents have a session"},
		}
	}
	return "", v.daily(v.connected(env))
}

// fix is the command that opens the faulty line, or what the error says to do.
func (v *view) fix() string {
	if v.problems != nil && len(v.problems.Problems) > 0 {
		return home.EditLine(v.home.ConfigPath(), v.problems.Problems[0].Line)
	}
	return hint.Of(v.err)
}

// connected reports whether an agent can reach Janee: a client that setup knows has an entry for
// it, or any client has used it.
func (v *view) connected(env *Env) bool {
	names, err := v.home.List(session.Dir)
	if err == nil && slices.ContainsFunc(names, isGrant) {
		return true
	}
	r := setup.Request{Machine: clientMachine(env)}
	return slices.ContainsFunc(clients.Found(r.Machine), r.Has)
}

func isGrant(name string) bool {
	_, ok := session.PairOfFile(name)
	return ok
}

// daily is for a home that works.
func (v *view) daily(connected bool) []step {
	switch {
	case len(v.config.ServiceNames) == 0 && connected:
		return []step{
			{"janee add github", "store an API key, encrypted"},
			{"janee search payments", "find other APIs that Janee knows"},
			{"janee demo", "see what Janee does, in a temporary home"},
		}
	case len(v.config.ServiceNames) == 0:
		return []step{
			{"janee add github", "store an API key, encrypted"},
			setupStep,
			{"janee demo", "see what Janee does, in a temporary home"},
		}
	case len(v.config.CapabilityNames) == 0:
		service := v.config.ServiceNames[0]
		return []step{
			{"janee cap add " + service + " -s " + service + ` --allow "GET *"`,
				"let agents read with the key"},
			{"janee list", "see what is stored"},
			doctorStep,
		}
	case !connected:
		return []step{
			setupStep,
			{v.tryRule(), "see what agents may do"},
			{"janee list", "see what is stored"},
		}
	}
	return []step{
		{"janee logs -f", "watch what agents do"},
		{"janee sessions", "see which agents have a session"},
		doctorStep,
	}
}

// tryRule is a command that tries a rule of the first capability, on a path that is likely there.
func (v *view) tryRule() string {
	name := v.config.CapabilityNames[0]
	path := v.config.Services[v.config.Capabilities[name].Service].TestPath
	if path == "" {
		path = "/"
	}
	return "janee policy check " + name + " GET " + home.Quote(path)
}

// stepLines puts each step on a line, 80 columns wide: a command that is too long for that has its
// words on the next line, so that it can be copied.
func stepLines(steps []step) string {
	width := 0
	for _, s := range steps {
		if n := utf8.RuneCountInString(s.command); n < helpWidth/2 {
			width = max(width, n)
		}
	}
	var b strings.Builder
	for _, s := range steps {
		switch n := utf8.RuneCountInString(s.command); {
		case s.command == "":
		case s.does == "":
			fmt.Fprintf(&b, "  %s\n", s.command)
		case n > width:
			fmt.Fprintf(&b, "  %s\n  %*s  %s\n", s.command, width, "", s.does)
		default:
			fmt.Fprintf(&b, "  %-*s  %s\n", width, s.command, s.does)
		}
	}
	return b.String()
}
