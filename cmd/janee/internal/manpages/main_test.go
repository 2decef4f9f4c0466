package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

func none(string) string { return "" }

// pages writes the pages and returns them by name.
func pages(t *testing.T, getenv func(string) string, args ...string) (string, map[string]string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "man1")
	if err := run(append(args, dir), getenv); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return dir, all
}

var referred = regexp.MustCompile(`\\fB([a-z\\-]+)\\fR\(1\)`)

// TestEveryCommandHasAPage wants one page for each command and no other, and that whatever a page
// refers to is there.
func TestEveryCommandHasAPage(t *testing.T) {
	_, all := pages(t, none, "-date", "2026-11-30", "-version", "1.2.0")
	commands := 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		commands++
		text := all[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"]
		for _, want := range []string{
			escape(c.Short), "\n.SH EXAMPLES\n", `\fB\-\-help\fR`, ` 2026-11-30 "Janee 1.2.0"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", c.CommandPath(), want, text)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(cli.Tree())
	if commands != len(all) || commands < 60 {
		t.Errorf("%d commands and %d pages", commands, len(all))
	}
	for name, text := range all {
		for _, found := range referred.FindAllStringSubmatch(text, -1) {
			if page := strings.ReplaceAll(found[1], `\-`, "-") + ".1"; all[page] == "" {
				t.Errorf("%s refers to %s, which is not there", name, page)
			}
		}
	}
}

// TestSameBytes writes the pages twice, once with the date from the environment.
func TestSameBytes(t *testing.T) {
	here := time.Local
	time.Local = time.FixedZone("Kiritimati", 14*60*60)
	t.Cleanup(func() { time.Local = here })
	_, one := pages(t, none, "-date", "2026-11-30")
	_, two := pages(t, func(name string) string {
		if name != "SOURCE_DATE_EPOCH" {
			return ""
		}
		return "1796083199" // the last second of that day in UTC
	})
	for name, text := range one {
		if two[name] != text {
			t.Errorf("%s differs:\n%s\n%s", name, text, two[name])
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{
		{t.TempDir()}, {"-date", "2026-11-30"}, {"-date", "30.11.2026", t.TempDir()},
		{"-date", "2026-11-30", t.TempDir(), "more"},
	} {
		if err := run(args, none); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// TestReadersAccept has the programs that show man pages look for faults in them.
func TestReadersAccept(t *testing.T) {
	dir, all := pages(t, none, "-date", "2026-11-30", "-version", "1.2.0")
	var files []string
	for name := range all {
		files = append(files, filepath.Join(dir, name))
	}
	for name, args := range map[string][]string{
		"man":    {"--warnings", "-l"},
		"mandoc": {"-T", "lint", "-W", "warning"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("%s is not installed", name)
			}
			cmd := exec.Command(name, append(args, files...)...)
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			out, err := cmd.Output()
			if name == "mandoc" { // it writes what it finds to standard output
				complaints.Write(out)
			}
			if err != nil || complaints.Len() > 0 {
				t.Errorf("%v\n%s", err, &complaints)
			}
		})
	}
}

// TestShown looks at what a person sees of characters that roff takes for something else.
func TestShown(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		t.Skip("man is not installed")
	}
	c := &cobra.Command{Use: "janee", Short: `It's a "test"`, Example: "  .dot `a` ~/x ^y --z",
		Long: "Say `janee list`, don't say \\n or …:\n\n.TH is text.\n\n'So is this.\n\n" +
			"\tindented\n"}
	path := filepath.Join(t.TempDir(), "janee.1")
	if err := os.WriteFile(path, page(c, edition{version: "1"}), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", path)
	cmd.Env = append(os.Environ(), "MANWIDTH=200")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`janee - It's a "test"`, `Say janee list, don't say \n or …:`, ".TH is text.",
		"'So is this.", "    indented", ".dot `a` ~/x ^y --z",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// TestEscape holds code to the characters that can be copied, which some readers show as others.
func TestEscape(t *testing.T) {
	if got, want := escape("--to '~/x^2' `\\n` …"),
		`\-\-to \(aq\(ti/x\(ha2\(aq \(ga\en\(ga \[u2026]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

var variable = regexp.MustCompile(`"(JANEE_[A-Z_]+)"`)

// TestEveryVariableIsListed reads which variables the sources name. The main page has those, and no
// others of Janee.
func TestEveryVariableIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, e := range variables {
		if strings.HasPrefix(e.name, "JANEE_") {
			listed[e.name] = false
		}
	}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "manpages" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
			if _, ok := listed[found[1]]; !ok {
				t.Errorf("%s: %s is not in the list of variables", path, found[1])
			}
			listed[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range listed {
		if !read {
			t.Errorf("nothing reads %s", name)
		}
	}
}
