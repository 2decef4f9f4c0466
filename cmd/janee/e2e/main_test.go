//go:build !race

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

// built is the folder of the binary under test.
var built string

// binDir holds the janee that the stories are told to: built as it ships, not the test binary in
// disguise. `go test` gives the result that it remembers unless the bytes of the test have changed,
// or a file that it opened. So the tests hold on to cli.Main, which brings what the binary is made
// of, and open the folder of package main, which nothing can import.
func binDir() string {
	_, _ = os.ReadDir("..")
	return built
}

// soaking reports whether `make soak` runs: tests then take minutes where they otherwise take
// seconds.
func soaking() bool { return os.Getenv("JANEE_SOAK") != "" }

func TestMain(m *testing.M) {
	testscript.Main(building{m}, map[string]func(){"mcp": mcpMain, "ask": askMain})
}

// insideEnv is set in the process that TestContainers starts in namespaces of its own.
const insideEnv = "JANEE_TEST_INSIDE"

func inside() bool { return os.Getenv(insideEnv) != "" }

// building builds the binary before the tests run. Sub-processes of a story never get here.
type building struct{ m *testing.M }

func (b building) Run() int {
	if inside() {
		return b.m.Run() // what is tested is built, and is in containers
	}
	dir, err := os.MkdirTemp("", "janee-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	runtime.KeepAlive(cli.Main) // see binDir
	// A folder, not a file, for then go adds the .exe without which Windows starts nothing.
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building janee: %v\n%s", err, out)
		return 1
	}
	return b.m.Run()
}

// TestStories tells every story of testscripts/ to the real binary.
func TestStories(t *testing.T) {
	p := params()
	p.Dir = "../../../testscripts"
	runStories(t, p)
}

// runStories tells stories and searches all that each has seen, and left behind, for its secrets.
func runStories(t *testing.T, p testscript.Params) { testscript.RunT(watched{T: t}, p) }

// params is what stories may use: the custom commands, and a home of their own.
func params() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"upstream": cmdUpstream,
			"requests": cmdRequests,
			"subst":    cmdSubst,
			"mode":     cmdMode,
			"pem":      cmdPEM,
			"await":    cmdAwait,
			"site":     cmdSite,

			"plaintext": cmdPlaintext,
		},
		Condition: condition,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "user")
			env.Setenv("HOME", home)
			env.Setenv("USERPROFILE", home) // the HOME of Windows, and below it %AppData%
			env.Setenv("AppData", filepath.Join(home, "AppData", "Roaming"))
			env.Setenv("LOCALNAME", localName())
			env.Setenv("JANEE_HOME", filepath.Join(home, ".janee"))
			env.Setenv("JANEE_KEY_FILE", filepath.Join(home, "root.key"))
			env.Setenv("BIN", binDir())
			env.Setenv("PATH", binDir()+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("SEEN", filepath.Join(env.WorkDir, "seen-by-agents"))
			watch(env)
			return os.Mkdir(home, 0o700)
		},
	}
}

// cmdSubst replaces $NAME of the script's environment in files: `subst FILE…`.
func cmdSubst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: subst FILE…")
	}
	for _, name := range args {
		path := ts.MkAbs(name)
		ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// cmdMode fails unless each file has the permission bits: `mode 0600 FILE…`.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode OCTAL FILE…")
	}
	for _, name := range args[1:] {
		fi, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", fi.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, not %s", name, got, args[0])
		}
	}
}
