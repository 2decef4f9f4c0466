package clients_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

var update = flag.Bool("update", false, "write the table of docs/clients.md")

// TestDocuments holds the table of docs/clients.md to the table of this package.
func TestDocuments(t *testing.T) {
	const page, begin, end = "../../../../docs/clients.md",
		"<!-- generated: clients -->\n", "<!-- end -->"
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		t.Fatalf("no place for the table in %s", page)
	}
	want := slices.Concat(before, []byte(begin+table()+end), after)
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(old, want) {
		t.Errorf("%s does not say what the table says: "+
			"go test ./cmd/janee/internal/clients -run TestDocuments -update", page)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| client | name | settings | of a project | agent id | waits for a call " +
		"| over HTTP |\n|---|---|---|---|---|---|---|\n")
	for _, c := range clients.All() {
		project, http := "", "yes"
		if c.Project != "" {
			project = "`" + c.Project + "`"
		}
		if c.HTTP == nil {
			http = "no"
		}
		fmt.Fprintf(&b, "| [%s](%s) | `%s` | %s | %s | `%s` | %s | %s |\n", c.Title, c.Docs, c.Name,
			files(c), project, mcpserver.AgentID(c.Reports), wait(c.Wait), http)
	}
	return b.String()
}

// files names the usual file, and that of Windows where it is another.
func files(c clients.Client) string {
	paths := []string{}
	for _, os := range []string{"linux", "darwin", "windows"} {
		m := clients.Machine{OS: os, Home: "~", ConfigDir: "CONFIG",
			Exists: func(string) bool { return false }}
		m.LookPath = func(string) (string, error) { return "", errors.New("not found") }
		m.Getenv = func(name string) string {
			if os == "windows" && name == "LOCALAPPDATA" {
				return "%LOCALAPPDATA%"
			}
			return ""
		}
		path := "`" + strings.ReplaceAll(c.Places(m)[0].File, `\`, "/") + "`"
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return strings.Join(paths, ", on Windows ")
}

func wait(w clients.Wait) string {
	text := ""
	if w.For >= time.Minute {
		text = fmt.Sprintf("%g min", w.For.Minutes())
	}
	if w.Key != "" {
		text = strings.TrimPrefix(text+"; `"+w.Key+"` changes it", "; ")
	}
	return text
}
