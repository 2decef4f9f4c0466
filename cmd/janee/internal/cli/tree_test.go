package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// machine is an Env without a terminal, over a home of its own.
type machine struct {
	*Env
	home        string
	out, errors bytes.Buffer
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{home: filepath.Join(dir, "home")}
	vars := map[string]string{
		"HOME": dir, "JANEE_HOME": m.home, "JANEE_KEY_FILE": filepath.Join(dir, "key", "root.key"),
	}
	m.Env = &Env{
		Stdin: strings.NewReader(""), Stdout: &m.out, Stderr: &m.errors,
		Getenv:     func(name string) string { return vars[name] },
		Executable: func() (string, error) { return "/usr/local/bin/janee", nil },
		LookPath:   func(name string) (string, error) { return "/usr/local/bin/" + name, nil },
		Terminal:   func() (*term.Terminal, error) { return nil, term.ErrNone },
	}
	m.Keys().ConfigDir = func() (string, error) { return filepath.Join(dir, "config"), nil }
	return m
}

// run runs one command line and returns its exit code and what it wrote.
func (m *machine) run(args ...string) (code int, stdout, stderr string) {
	m.out.Reset()
	m.errors.Reset()
	code = Main(args, m.Env)
	return code, m.out.String(), m.errors.String()
}

// write puts a config.yaml in place of the one that is there.
func (m *machine) write(t *testing.T, text string) {
	t.Helper()
	if err := os.MkdirAll(m.home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.home, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// commands returns the words of every command.
func commands(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	all := map[string]*cobra.Command{}
	walk(newRoot(newMachine(t).Env), func(c *cobra.Command) { all[c.CommandPath()] = c })
	if len(all) < 12 {
		t.Fatalf("only %d commands", len(all))
	}
	return all
}

func TestEveryCommandHasHelp(t *testing.T) {
	for path := range commands(t) {
		t.Run(path, func(t *testing.T) {
			code, text, _ := newMachine(t).run(append(strings.Fields(path)[1:], "--help")...)
			before, examples, found := strings.Cut(text, "\nExample")
			if code != 0 || !found || strings.Contains(examples, "\n\n") ||
				!strings.Contains(examples, "\n  janee") && !strings.Contains(examples, "| janee") {
				t.Errorf("exit %d; its help does not end with an example:\n%s", code, text)
			}
			for line := range strings.Lines(before) {
				if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > helpWidth {
					t.Errorf("wider than %d columns: %q", helpWidth, line)
				}
			}
		})
	}
}

// notOurs are words that the glossary replaces: again, fix, is in, return, approve, deny.
var notOurs = regexp.MustCompile(
	`(?i)\b(anew|mend(s|ed|ing)?|stands|of then|hands? over|an? (yes|no)|says so first)\b`)

// TestHelpTexts holds every command to a description and to the glossary.
func TestHelpTexts(t *testing.T) {
	for path, c := range commands(t) {
		if c.Short == "" || c.Long == "" || c.Long == c.Short {
			t.Errorf("%s: Short and Long are %q and %q", path, c.Short, c.Long)
		}
		texts := []string{c.Short, c.Long}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { texts = append(texts, f.Usage) })
		for _, text := range texts {
			if word := notOurs.FindString(text); word != "" {
				t.Errorf("%s: %q in %q", path, word, text)
			}
		}
	}
}

// placeholders are all that help puts in place of a value, for flags and arguments alike.
const placeholders = " ADDRESS AGENT BODY CAPABILITY CLIENT COMMAND DECISION DIGEST DIR DURATION " +
	"FILE FORMAT HEADER ID KEY METHOD N NAME NAME=VALUE ORIGIN PATH POLICY PORT QUERY RULE SCOPE " +
	"SECRET SERVICE SHELL SOURCE TEXT TIME TOKEN TYPE URL VALUE VARIABLE WORD "

// TestPlaceholders holds help to these words. A flag without one would show the name of its type.
func TestPlaceholders(t *testing.T) {
	used := map[string]bool{}
	check := func(where, word string) {
		used[word] = true
		if !strings.Contains(placeholders, " "+word+" ") {
			t.Errorf("%s: %q is not one of%s", where, word, placeholders)
		}
	}
	for path, c := range commands(t) {
		for _, word := range strings.Fields(c.Use)[1:] {
			if word = strings.Trim(word, "[]."); !strings.HasPrefix(word, "-") {
				check(path, word)
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() != "bool" {
				check(path+" --"+f.Name, placeholder(f))
			}
		})
	}
	for _, word := range strings.Fields(placeholders) {
		if !used[word] {
			t.Errorf("%s stands for nothing", word)
		}
	}
}

func TestHelpGolden(t *testing.T) {
	_, got, _ := newMachine(t).run("help")
	golden := filepath.Join("testdata", "help.txt")
	if *updateGolden {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || string(want) != got {
		t.Errorf("janee help has changed (go test ./cmd/janee/internal/cli -run TestHelpGolden "+
			"-update): %v\n%s", err, got)
	}
}

func TestUsageErrors(t *testing.T) {
	for line, want := range map[string]string{
		"lsit":                     "did you mean `janee list`?",
		"lsit --json":              "did you mean `janee list`?",
		"logs verfiy":              "did you mean `janee logs verify`?",
		"completion fihs":          "did you mean `janee completion fish`?",
		"help lgos":                "did you mean `janee logs`?",
		"nothing-like-it":          "`janee --help` lists the commands",
		"list one":                 "`janee list --help`",
		"list --bogus":             "`janee list --help`",
		"add a b":                  `unexpected argument "b"`,
		"serve stdio":              `unexpected argument "stdio"`,
		"serve --transport htp":    `unknown transport "htp": use stdio or http`,
		"serve --port 9":           "--port is for --transport http",
		"approve":                  "ID is missing",
		"policy check x":           "METHOD is missing",
		"sign --explain x":         "METHOD is missing",
		"logs -n many":             "`janee logs --help`",
		"logs --lines=-1":          "give 0 or more",
		"logs -f --json":           "leave one of them out",
		"logs -f --json --bogus":   "`janee logs --help`",
		"add x --auth-type bearer": "", // no terminal to ask for the rest
		"add x -u https://a.example --auth-type bearer": "pipe it in with `--key -`, or run",
		"logs --since yesterdayish":                     "write 2h, 2026-11-23",
		"logs --until 1h30m":                            "write 2h, 2026-11-23",
		"logs --since 1h --until 2h":                    "swap them",
		"logs --decision perhaps":                       "--decision allow",
		"completion bash --no-descs":                    "",
		"completion install":                            "name one: `janee completion",
		"completion install nu":                         `unknown shell "nu"`,
		"setup --list --remove":                         "--list and --remove cannot be combined",
		"setup cursor --token-env X":                    "--token-env is for --http",
		"setup cursor --http ftp://h.example":           "is not an http or https URL",
		"setup cursor --agent a/b":                      "is not a valid agent name",
	} {
		m := newMachine(t)
		m.run("init")
		code, out, stderr := m.run(strings.Fields(line)...)
		if code != hint.Usage || !strings.Contains(stderr+unquoted(out), want) {
			t.Errorf("janee %s: exit %d, want %d and %q\n%s%s", line, code,
				hint.Usage, want, out, stderr)
		}
	}
}

func unquoted(out string) string {
	var v struct{ Error, Hint string }
	_ = json.Unmarshal([]byte(out), &v)
	return v.Error + v.Hint
}

// brokenHomes are homes in which little works.
var brokenHomes = map[string]func(t *testing.T, m *machine){
	"absent":     func(*testing.T, *machine) {},
	"bad config": func(t *testing.T, m *machine) { m.write(t, "services: [\n") },
	"key lost": func(t *testing.T, m *machine) {
		m.write(t, "vault:\n  id: abc\n  key: k1\n  check: 0123456789abcdef\n  source: file\n")
	},
	"open to others": func(t *testing.T, m *machine) {
		m.run("init")
		if err := os.Chmod(m.home, 0o777); err != nil {
			t.Fatal(err)
		}
	},
	"home is a file": func(t *testing.T, m *machine) {
		if err := os.WriteFile(m.home, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	},
	"fresh": func(_ *testing.T, m *machine) { m.run("init") },
}

// TestJSONIsOneValue runs every command with --json, with too few and too many arguments, where it
// can hardly succeed: whoever reads standard output always finds one JSON value on it, and one with
// "ok": false where the command could not do its work.
func TestJSONIsOneValue(t *testing.T) {
	paths := commands(t)
	for name, breakIt := range brokenHomes {
		for path, c := range paths {
			if c.Flags().Lookup("json") == nil {
				continue
			}
			t.Run(name+"/"+path, func(t *testing.T) {
				for n := range 4 {
					m := newMachine(t)
					breakIt(t, m)
					args := append(strings.Fields(path)[1:], "--json")
					for range n {
						args = append(args, "name")
					}
					code, out, _ := m.run(args...)
					oneValue(t, args, code, out)
				}
			})
		}
	}
	for _, line := range []string{
		"--json", "init --json", "nothing --json", "logs -f --json", "list --json=1x",
		"list --wrong --json", "add --json --url",
	} {
		m := newMachine(t)
		code, out, _ := m.run(strings.Fields(line)...)
		if line != "list --json=1x" { // not asked for in a way that can be read
			oneValue(t, strings.Fields(line), code, out)
		}
	}
}

func oneValue(t *testing.T, args []string, code int, out string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(out))
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("janee %s: exit %d and no JSON on standard output: %v\n%s",
			strings.Join(args, " "), code, err, out)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		t.Errorf("janee %s: more than one value:\n%s", strings.Join(args, " "), out)
	}
	object, _ := v.(map[string]any)
	if _, said := object["error"]; (code == hint.Usage || code == hint.Locked || said) &&
		object["ok"] != false {
		t.Errorf("janee %s: exit %d without \"ok\": false:\n%s", strings.Join(args, " "), code, out)
	}
}
