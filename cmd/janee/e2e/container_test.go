//go:build unix && !race

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// container stands in for .ci/Dockerfile where no Docker engine runs: the same environment and
// command, the volumes as plain directories, and another user where the test may become one.
type container struct {
	t    *testing.T
	dir  string
	env  []string
	cmd  []string
	user *syscall.Credential
}

func newContainer(t *testing.T) *container {
	t.Helper()
	c := &container{t: t, dir: t.TempDir()}
	if os.Geteuid() == 0 {
		c.user = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	for dir := c.dir; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // others cannot look into what t.TempDir makes
	}
	c.copyBinary()
	for _, volume := range []string{"data", "key"} {
		path := filepath.Join(c.dir, volume)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if c.user != nil {
			if err := os.Chown(path, int(c.user.Uid), int(c.user.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.read("../../../.ci/Dockerfile")
	return c
}

func (c *container) copyBinary() {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(binDir(), "janee"))
	if err == nil {
		err = os.WriteFile(filepath.Join(c.dir, "janee"), b, 0o755)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

var (
	envLine = regexp.MustCompile(`(?m)^ENV (\w+)=(.*)$`)
	cmdLine = regexp.MustCompile(`(?m)^CMD \[(.*)\]$`)
)

// read takes ENV and CMD from the Dockerfile, with its volumes moved into the test's directory.
func (c *container) read(dockerfile string) {
	c.t.Helper()
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range envLine.FindAllStringSubmatch(string(text), -1) {
		value := m[2]
		if volume, ok := strings.CutPrefix(value, "/"); ok &&
			(strings.HasPrefix(volume, "data") || strings.HasPrefix(volume, "key")) {
			value = filepath.Join(c.dir, volume)
		}
		c.env = append(c.env, m[1]+"="+value)
	}
	cmd := cmdLine.FindStringSubmatch(string(text))
	if len(c.env) < 5 || cmd == nil || !strings.Contains(string(text), "\nUSER 65532:65532\n") {
		c.t.Fatalf("%s: %q, %q", dockerfile, c.env, cmd)
	}
	c.cmd = strings.Split(strings.ReplaceAll(cmd[1], `"`, ""), ", ")
}

func (c *container) command(args []string, env ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.dir, args[0]), args[1:]...)
	cmd.Dir, cmd.Env = "/", append(append([]string{}, c.env...), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	return cmd
}

func (c *container) run(stdin string, env []string, args ...string) string {
	c.t.Helper()
	cmd := c.command(args, env...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// freePort asks for one and gives it back: a container has all ports to itself, a test has not.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// The two sides of .ci/compose.yaml: the broker, and an agent that knows JANEE_HTTP_URL and
// JANEE_TOKEN.
func TestContainer(t *testing.T) {
	c, api := newContainer(t), startAPI(t)
	const token = "JANEE_TOKEN=token_of_both_sides_of_compose"
	c.run("", nil, "janee", "init")
	c.run("key_of_the_container", nil, "janee", "add", "bank", "-u", api.url, "--auth-type",
		"bearer", "-k", "-", "--no-capability")
	c.run("", nil, "janee", "cap", "add", "bank", "-s", "bank", "--allow", "GET *")

	port := freePort(t)
	args := append([]string{}, c.cmd...)
	for i, arg := range args {
		if arg == "9100" {
			args[i] = port
		}
	}
	s, err := startSite(c.command(append(args, "--allowed-host", "janee"), token))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopSite(s.url); err != nil {
			t.Error(err)
		}
	})
	wants(t, s.stderr.String(), "running on http://0.0.0.0:"+port+"/mcp", "does not use TLS")
	if strings.Contains(s.stderr.String(), "token_of") {
		t.Errorf("it says the token: %s", s.stderr.String())
	}

	agentURL := "JANEE_HTTP_URL=http://127.0.0.1:" + port
	if out := c.run("", []string{agentURL}, "janee", "health"); out != "ok\n" {
		t.Errorf("health: %q", out)
	}
	_, address, _ := strings.Cut(agentURL, "=")
	_, secret, _ := strings.Cut(token, "=")
	agent := (&running{url: address}).client(t, secret, "agent in a container")
	wants(t, agent.call("execute", getBalance), `"status":200`)
	wants(t, agent.call("whoami", nil), `"agentId":"default"`)
	if err := agentWith(address, "another_token_of_an_agent"); err == nil ||
		!strings.HasPrefix(err.Error(), "401") {
		t.Errorf("another token: %v", err)
	}
	c.checkVolumes()
}

func agentWith(address, token string) error {
	_, err := (&webClient{url: address, token: token}).post(`{}`)
	return err
}

// checkVolumes: no key beside what it seals, nothing for other users.
func (c *container) checkVolumes() {
	c.t.Helper()
	for volume, want := range map[string]string{"data": "config.yaml", "key": "root.key"} {
		if _, err := os.Stat(filepath.Join(c.dir, volume, want)); err != nil {
			c.t.Error(err)
		}
	}
	_ = filepath.Walk(filepath.Join(c.dir, "data"),
		func(path string, info os.FileInfo, err error) error {
			if err != nil || info.Mode().Perm()&0o077 != 0 {
				c.t.Errorf("%s: %v %v", path, info.Mode(), err)
			}
			if !info.IsDir() {
				b, _ := os.ReadFile(path)
				if strings.Contains(string(b), "key_of_the_container") ||
					strings.Contains(string(b), "token_of_both") {
					c.t.Errorf("a secret in %s", path)
				}
			}
			return nil
		})
}

// A container that has not been set up says what to do, and does not begin with an empty vault.
func TestContainerWithEmptyVolumes(t *testing.T) {
	c := newContainer(t)
	cmd := c.command(c.cmd, "JANEE_TOKEN=token_of_both_sides_of_compose")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "janee init") {
		t.Errorf("%v: %s", err, out)
	}
}

// The compose file and the document name the variables that are read.
func TestComposeNamesWhatIsRead(t *testing.T) {
	for _, path := range []string{"../../../.ci/compose.yaml", "../../../docs/containers.md"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, string(b), "JANEE_HTTP_URL", "JANEE_TOKEN",
			"janee serve --transport http --port 9100", "http://janee:9100")
	}
}
