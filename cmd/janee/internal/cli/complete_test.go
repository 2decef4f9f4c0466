package cli

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/sign"
)

const locked = `vault: {id: abc, key: k1, check: 0123456789abcdef, source: file}
services:
  stripe: {baseUrl: https://api.stripe.com, auth: {type: bearer, key: sk_live_0123456789}}
  github: {baseUrl: https://api.github.com, auth: {type: bearer, key: ghp_0123456789}}
capabilities:
  stripe_readonly: {service: stripe}
`

// TestCompletions asks as the script of a shell does, in a home whose root key is lost.
func TestCompletions(t *testing.T) {
	for line, want := range map[string]string{
		"logs --service ":       "stripe\thttps://api.stripe.com github\thttps://api.github.com",
		"logs -s g":             "github\thttps://api.github.com",
		"logs --capability ":    "stripe_readonly\tof service stripe",
		"logs --decision ":      "allow deny",
		"logs export --format ": "jsonl csv",
		"logs v":                "verify\tCheck that nobody has edited, cut or reordered the log",
		"add x --auth-type b":   strings.Join(sign.Types(), " "),
		"list ":                 "",
		"help logs ": "anchor\tPrint a signed line that tells how far the log has come " +
			"export\tExport the log for a collector or a spreadsheet verify\tCheck that " +
			"nobody has edited, cut or reordered the log",
		"completion f": "fish\tPrint the completions of fish",
	} {
		m := newMachine(t)
		m.write(t, locked)
		words := strings.Split(line, " ")
		code, out, _ := m.run(append([]string{"__complete"}, words...)...)
		got := strings.Split(strings.TrimSpace(out), "\n")
		if code != 0 || strings.Join(got[:len(got)-1], " ") != want || got[len(got)-1] != ":4" {
			t.Errorf("janee %s: exit %d, %q, want %q", line, code, got, want)
		}
	}
}

func TestCompletionsWithoutConfig(t *testing.T) {
	for name, text := range map[string]string{"absent": "", "broken": "services: [\n"} {
		m := newMachine(t)
		if text != "" {
			m.write(t, text)
		}
		if code, out, _ := m.run("__complete", "logs", "--service", ""); code != 0 ||
			out != ":4\n" {
			t.Errorf("%s: exit %d, %q", name, code, out)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, _ := newMachine(t).run("completion", shell); code != 0 ||
			!strings.Contains(out, "__complete") {
			t.Errorf("%s: exit %d, %d bytes", shell, code, len(out))
		}
	}
}

// TestArgumentsComplete finds a command that takes arguments and says nothing of how they complete,
// and a completion without a command.
func TestArgumentsComplete(t *testing.T) {
	all := commands(t)
	env := newMachine(t).Env
	for path := range argumentCompleters(env) {
		if all[path] == nil {
			t.Errorf("%q completes arguments, and there is no such command", path)
		}
	}
}
