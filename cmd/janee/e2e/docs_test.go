//go:build !race

package e2e

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxNoRun bounds how many blocks of all documents may say "norun": each is a promise to readers
// that nothing keeps.
const maxNoRun = 3

const root = "../../.."

// block is a fenced block of a document. Info is what follows the fence: "sh", "sh norun", "json
// execute", ….
type block struct {
	info string
	line int // of the first line within
	text []string
}

// documents returns README.md and everything below docs/, by path.
func documents(t *testing.T) map[string][]string {
	t.Helper()
	texts := map[string][]string{}
	add := func(path string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(strings.TrimPrefix(path,
			root+string(filepath.Separator)))] = strings.Split(string(b), "\n")
	}
	add(filepath.Join(root, "README.md"))
	err := filepath.WalkDir(filepath.Join(root, "docs"),
		func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".md" {
				add(path)
			}
			return err
		})
	if err != nil || len(texts) < 10 {
		t.Fatalf("%d documents, %v", len(texts), err)
	}
	return texts
}

func blocks(lines []string) (found []block) {
	var open *block
	for i, line := range lines {
		info, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			found = append(found, block{info: info, line: i + 2})
			open = &found[len(found)-1]
		case fence:
			open = nil
		case open != nil:
			open.text = append(open.text, line)
		}
	}
	return found
}

// commands are the command lines of a shell block, continued lines joined. In a console block they
// stand behind "$ ".
func (b block) commands() (lines []string) {
	kind, _, _ := strings.Cut(b.info, " ")
	for i := 0; i < len(b.text); i++ {
		line := strings.TrimSpace(b.text[i])
		if kind == "console" {
			var prompt bool
			if line, prompt = strings.CutPrefix(line, "$ "); !prompt {
				continue
			}
		}
		for strings.HasSuffix(line, "\\") && i+1 < len(b.text) {
			i++
			line += "\n" + b.text[i]
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func (b block) isShell() bool {
	kind, _, _ := strings.Cut(b.info, " ")
	return kind == "sh" || kind == "console" || kind == "bash" || kind == "shell"
}

var (
	exitNote = regexp.MustCompile(`#\s*exit (\d)`)
	realAPI  = regexp.MustCompile(`https://api\.[a-z.]+\b`)
	piped    = regexp.MustCompile(`^(?s:echo|printf) .*\| janee `)
)

// runs tells janee's own lines from those of clients, build tools and package managers.
func runs(line string) bool { return strings.HasPrefix(line, "janee ") || piped.MatchString(line) }

// TestDocs runs every command line of README.md and docs/ in the order of its document, in a home
// that is new for each. Questions on the terminal are answered. Where a document does not begin
// with janee init, the home is as the quickstart leaves it.
func TestDocs(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	dir, lines, unrun := t.TempDir(), 0, 0
	for name, text := range documents(t) {
		script, n, skipped := story(text)
		lines, unrun = lines+n, unrun+skipped
		if n == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir,
			strings.NewReplacer("/", "_", ".md", ".txtar").Replace(name)),
			[]byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d command lines, %d blocks that are not run", lines, unrun)
	if lines < 40 || unrun > maxNoRun {
		t.Errorf("%d command lines were found, and %d blocks say norun: at most %d may",
			lines, unrun, maxNoRun)
	}
	p := params()
	p.Dir = dir
	runStories(t, p)
}

// story makes a test script of a document.
func story(text []string) (script string, lines, unrun int) {
	var steps, files strings.Builder
	all := strings.Join(text, "\n")
	file := func(line int, body string, exit string) {
		lines++
		name := fmt.Sprintf("line%d.sh", line)
		fmt.Fprintf(&steps, "ttyin %s\nexec sh %s\n", answers(body), name)
		fmt.Fprintf(&files,
			"-- %s --\n%s\ncode=$?\n"+
				"[ $code = %s ] || { echo \"exit $code, not %s\" >&2; exit 1; }\n",
			name, body, exit, exit)
	}
	for _, b := range blocks(text) {
		switch {
		case b.info == "json execute":
			file(b.line, "mcp -raw '"+strings.Join(b.text, " ")+"' execute", "0")
		case b.isShell() && strings.HasSuffix(b.info, " norun"):
			unrun++
		case b.isShell():
			for i, line := range b.commands() {
				if !runs(line) {
					continue
				}
				exit := "0"
				if note := exitNote.FindStringSubmatch(line); note != nil {
					exit = note[1]
				}
				file(b.line*100+i, realAPI.ReplaceAllString(line, "$$API"), exit)
			}
		}
	}
	return prelude(all) + steps.String() + files.String() +
		"-- keys --\nkey_typed_on_the_terminal\n-- yes --\ny\n", lines, unrun
}

// answers is the file that answers the questions of a command: a secret where one is stored, else
// consent.
func answers(line string) string {
	if strings.Contains(line, "janee add ") || strings.Contains(line, "janee service edit ") {
		return "keys"
	}
	return "yes"
}

// prelude is the home that a document takes for granted.
func prelude(text string) string {
	script := "upstream API\nenv GITHUB_TOKEN=ghp_of_the_documents " +
		"STRIPE_KEY=sk_live_of_the_documents\n"
	if strings.Contains(text, "janee init\n") {
		return script
	}
	script += "exec janee init\n"
	for _, service := range []string{"stripe", "github"} {
		script += "exec janee add " + service +
			" -u $API --auth-type bearer --key-from-env GITHUB_TOKEN --no-capability\n"
		if name := service + "_readonly"; !strings.Contains(text, "cap add "+name) {
			script += "exec janee cap add " + name + " -s " + service + " --allow 'GET *'\n"
		}
	}
	return script
}

var span = regexp.MustCompile("`(janee [^`]+)`")

// TestDocsNameRealCommands looks at the commands that stand within sentences: their words and flags
// must be in the help.
func TestDocsNameRealCommands(t *testing.T) {
	checked := map[string]bool{}
	for name, text := range documents(t) {
		for i, line := range text {
			for _, found := range span.FindAllStringSubmatch(line, -1) {
				if checked[found[1]] {
					continue
				}
				checked[found[1]] = true
				if err := realCommand(t, found[1]); err != nil {
					t.Errorf("%s:%d: `%s`: %v", name, i+1, found[1], err)
				}
			}
		}
	}
	if len(checked) < 15 {
		t.Errorf("only %d commands", len(checked))
	}
}

func realCommand(t *testing.T, line string) error {
	t.Helper()
	args := []string{}
	for _, word := range strings.Fields(line)[1:] {
		if !regexp.MustCompile(`^[a-z]+$`).MatchString(word) {
			break
		}
		args = append(args, word)
	}
	out, err := exec.Command(filepath.Join(binDir(), "janee"),
		append(args, "--help")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	help := string(out)
	_, usage, _ := strings.Cut(help, "Usage:\n  ")
	usage, _ = bufio.NewReader(strings.NewReader(usage)).ReadString('\n')
	if len(args) > 0 && !strings.HasPrefix(usage, "janee "+args[0]+" ") {
		return fmt.Errorf("there is no such command")
	}
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(line, -1) {
		if !strings.Contains(help, flag) && flag != "--version" {
			return fmt.Errorf("%s is no flag of it", flag)
		}
	}
	return nil
}
