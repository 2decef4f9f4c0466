//go:build !race

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/ptytest"
)

// TestInitOffersSetup has a person at a terminal, with one client on the machine, answer what
// `janee init` asks.
func TestInitOffersSetup(t *testing.T) {
	const question = "Connect the MCP clients found here (Cursor)? [Y/n]: "
	for name, c := range map[string]struct {
		answer    string
		connected bool
		next      string
	}{
		"Enter":  {"\n", true, "janee add github"},
		"no":     {"n\n", false, "janee setup"},
		"Ctrl-C": {"\x03", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			user := userWithCursor(t)
			cmd := exec.Command("sh", "-c", "exec janee init </dev/tty >/dev/tty 2>&1")
			cmd.Env = userEnv(user)
			tty := ptytest.Start(t, cmd)
			tty.Expect(question)
			tty.Type(c.answer)
			if err := cmd.Wait(); (err == nil) != (c.next != "") {
				t.Error(err)
			}
			out := tty.Rest()
			if next := strings.Contains(out, "Next:"); next != (c.next != "") ||
				!strings.Contains(out, c.next) {
				t.Errorf("it does not say that %q is next", c.next)
			}
			entry, _ := os.ReadFile(filepath.Join(user, ".cursor", "mcp.json"))
			if got := strings.Contains(string(entry), filepath.Join(binDir(), "janee")); got !=
				c.connected || strings.Count(out, "[Y/n]") != 1 {
				t.Errorf("connected: %v\n%s", got, out)
			}
			if _, err := os.Stat(filepath.Join(user, ".janee", "config.yaml")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInitAsksNobodyInAPipe has a terminal that could be asked, and output that a program reads.
func TestInitAsksNobodyInAPipe(t *testing.T) {
	for name, command := range map[string]string{
		"output": "janee init 2>&1 </dev/tty",
		"input":  "janee init 2>&1 </dev/null >/dev/tty",
		"json":   "janee init --json </dev/tty >/dev/tty 2>&1",
	} {
		t.Run(name, func(t *testing.T) {
			user := userWithCursor(t)
			var piped strings.Builder
			cmd := exec.Command("sh", "-c", "exec "+command)
			cmd.Env, cmd.Stdout = userEnv(user), &piped
			tty := ptytest.Start(t, cmd)
			tooLong := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: it waits for an answer, or fails", err)
			}
			tooLong.Stop()
			if name != "output" {
				tty.Expect(`"mcpServers"`)
			}
			out := piped.String() + tty.Rest()
			if strings.Contains(out, "[Y/n]") || !strings.Contains(out, `"mcpServers"`) ||
				name != "json" && !strings.Contains(out, "run `janee setup`") {
				t.Errorf("%s", out)
			}
			if _, err := os.Stat(filepath.Join(user, ".cursor", "mcp.json")); err == nil {
				t.Error("it changed the client")
			}
		})
	}
}

func userWithCursor(t *testing.T) string {
	t.Helper()
	user := t.TempDir()
	if err := os.Mkdir(filepath.Join(user, ".cursor"), 0o700); err != nil {
		t.Fatal(err)
	}
	return user
}

func userEnv(user string) []string {
	return []string{"HOME=" + user, "PATH=" + binDir() + ":/usr/bin:/bin"}
}
