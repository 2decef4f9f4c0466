//go:build unix && !race

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// container stands in for the image where a test may not be root: the same environment, the volumes
// as plain directories, and another user where the test may become one. TestContainers has the real
// thing.
type container struct {
	t    *testing.T
	dir  string
	env  []string
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
	c.read()
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

// read takes the environment and the command of the image, with its volumes moved into the test's
// directory.
func (c *container) read() {
	c.t.Helper()
	img := readImage(c.t)
	for _, pair := range img.Env {
		name, value, _ := strings.Cut(pair, "=")
		for volume := range img.Volumes {
			if value == volume || strings.HasPrefix(value, volume+"/") {
				value = filepath.Join(c.dir, value)
			}
		}
		c.env = append(c.env, name+"="+value)
	}
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

func agentWith(address, token string) error {
	_, err := (&webClient{url: address, token: token}).post(`{}`)
	return err
}
