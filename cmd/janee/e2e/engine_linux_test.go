//go:build !race

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/true-and-useful/janee/internal/image"
)

// rootfsEnv names a directory with the files of an image, such as `crane export` writes. Without it
// the test lays out what the Dockerfile describes.
const rootfsEnv = "JANEE_ROOTFS"

// enterNamespaces runs the test that calls it again, as a process with mounts and a network of its
// own. There mounts end with it, port 9100 is free, and nothing reaches the machine.
func enterNamespaces(t *testing.T, rootfs string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"=1", rootfsEnv+"="+rootfs)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		t.Skipf("this machine has no namespaces: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
}

// prepareNamespaces switches the loopback interface on, on which every service is.
func prepareNamespaces(t *testing.T) {
	t.Helper()
	hosts := filepath.Join(t.TempDir(), "hosts")
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err == nil {
		lo.SetUint16(unix.IFF_UP)
		err = unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
	}
	if err := errors.Join(err, os.WriteFile(hosts, []byte("127.0.0.1 localhost janee\n"), 0o644),
		unix.Mount(hosts, "/etc/hosts", "", unix.MS_BIND, "")); err != nil {
		t.Fatal(err)
	}
}

// layOut makes a directory with what the Dockerfile puts into the image.
func layOut(t *testing.T, img *image.Config) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w",
		"-o", filepath.Join(dir, "usr/local/bin/janee"), "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	roots := filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt")
	if err := os.MkdirAll(filepath.Dir(roots), 0o755); err != nil {
		t.Fatal(err)
	}
	if pem, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		err = os.WriteFile(roots, pem, 0o644)
		if err != nil {
			t.Fatal(err)
		}
	}
	uid, gid := owner(t, img)
	for path := range img.Volumes {
		newDir(t, filepath.Join(dir, path), 0o755, uid, gid)
	}
	return dir
}

func newDir(t *testing.T, path string, mode uint32, uid, gid int) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(path, 0o755), os.Chown(path, uid, gid),
		unix.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

func owner(t *testing.T, img *image.Config) (uid, gid int) {
	t.Helper()
	u, g, _ := strings.Cut(img.User, ":")
	uid, err := strconv.Atoi(u)
	gid, err2 := strconv.Atoi(g)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return uid, gid
}

// box is a container: a root that is read-only, with volumes mounted over it, for one user.
type box struct {
	t         *testing.T
	root      string
	img       *image.Config
	env       []string
	args      []string // of the service, "" where it takes those of the image
	uid, gid  int
	stopGrace time.Duration
	stdin     string
	said      *running // while it serves
}

// bindMount is a directory or file of the host and where a container has it.
type bindMount struct {
	from, to string
	readOnly bool
}

// newBox makes a container from a directory, with /proc. A place to mount at is made in that
// directory, as engines do.
func newBox(t *testing.T, rootfs string, img *image.Config, mounts ...bindMount) *box {
	t.Helper()
	b := &box{t: t, root: t.TempDir(), img: img, env: img.Env, stopGrace: 10 * time.Second}
	b.uid, b.gid = owner(t, img)
	t.Cleanup(func() {
		if err := unix.Unmount(b.root, unix.MNT_DETACH); err != nil {
			t.Fatal(err) // before t.TempDir removes what is mounted there
		}
	})
	mounts = append(mounts, bindMount{"/proc", "/proc", false})
	for _, m := range mounts {
		mountPoint(t, m.from, filepath.Join(rootfs, m.to))
	}
	b.bind(bindMount{rootfs, "/", true})
	for _, m := range mounts {
		b.bind(m)
	}
	return b
}

func mountPoint(t *testing.T, from, at string) {
	t.Helper()
	fi, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(at); err == nil {
		return
	}
	if fi.IsDir() {
		err = os.MkdirAll(at, 0o755)
	} else {
		err = os.WriteFile(at, nil, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (b *box) bind(m bindMount) {
	b.t.Helper()
	at := filepath.Join(b.root, m.to)
	err := unix.Mount(m.from, at, "", unix.MS_BIND|unix.MS_REC, "")
	if err == nil && m.readOnly {
		err = unix.Mount("", at, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	if err != nil {
		b.t.Fatalf("mounting %s at %s: %v", m.from, m.to, err)
	}
}

// command is what `docker exec` starts: words, without the entry point, as the first process of a
// container.
func (b *box) command(words ...string) *exec.Cmd {
	path := words[0]
	for _, dir := range []string{"usr/local/bin", "usr/bin", "bin"} {
		if _, err := os.Stat(filepath.Join(b.root, dir, words[0])); err == nil {
			path = filepath.Join("/", dir, words[0])
			break
		}
	}
	cmd := &exec.Cmd{Path: path, Args: words, Dir: "/", Env: b.env,
		Stdin: strings.NewReader(b.stdin)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     b.root,
		Credential: &syscall.Credential{Uid: uint32(b.uid), Gid: uint32(b.gid)},
		Cloneflags: unix.CLONE_NEWPID,
	}
	return cmd
}

func (b *box) exec(words ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := b.command(words...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// run is `docker run IMAGE args`.
func (b *box) run(args ...string) (stdout, stderr string, err error) {
	return b.exec(append(append([]string{}, b.img.Entrypoint...), args...)...)
}

// does fails the test where a command does.
func (b *box) does(stdin string, words ...string) string {
	b.t.Helper()
	b.stdin = stdin
	stdout, stderr, err := b.exec(words...)
	if err != nil {
		b.t.Fatalf("%q: %v\n%s", words, err, stderr)
	}
	return stdout + stderr
}

// start starts the service, and waits until its health check passes.
func (b *box) start() *running {
	b.t.Helper()
	if b.healthy() {
		b.t.Fatal("the container is healthy before it is started")
	}
	args := b.args
	if args == nil {
		args = b.img.Cmd
	}
	s, err := startSite(b.command(append(append([]string{}, b.img.Entrypoint...), args...)...))
	if err != nil {
		b.t.Fatal(err)
	}
	b.said = s
	b.t.Cleanup(func() { _ = stopSite(s.url) })
	for range 100 {
		if b.healthy() {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("the container is not healthy: %s", s.stderr.String())
	return nil
}

func (b *box) healthy() bool {
	_, _, err := b.exec(b.img.Healthcheck.Test[1:]...)
	return err == nil
}

// stop sends SIGTERM, as `docker stop` does, and wants exit code 0 in the time that the engine
// gives.
func (b *box) stop() {
	b.t.Helper()
	began := time.Now()
	if err := stopSite(b.said.url); err != nil {
		b.t.Error(err)
	}
	if took := time.Since(began); took > b.stopGrace {
		b.t.Errorf("the container took %v to end, of %v", took, b.stopGrace)
	}
}

// fails wants a start that ends with an error, and each of wants in what it says.
func (b *box) fails(want ...string) {
	b.t.Helper()
	args := b.args
	if args == nil {
		args = b.img.Cmd
	}
	_, stderr, err := b.run(args...)
	if err == nil {
		b.t.Errorf("it starts: %s", stderr)
	}
	wants(b.t, stderr, want...)
	for _, missing := range []string{"sudo", "hint: ch"} { // commands that the image does not have
		if strings.Contains(stderr, missing) {
			b.t.Errorf("it says %q, which nobody can do here: %s", missing, stderr)
		}
	}
}

// inCompose makes a container for a service, with volumes by name.
func inCompose(
	t *testing.T, rootfs string, img *image.Config, s *service, volumes map[string]string,
) *box {
	t.Helper()
	var mounts []bindMount
	for _, volume := range s.Volumes {
		part := strings.Split(volume, ":")
		if from := volumes[part[0]]; from != "" {
			mounts = append(mounts, bindMount{from, part[1], len(part) == 3 && part[2] == "ro"})
		}
	}
	b := newBox(t, rootfs, img, mounts...)
	b.args = s.Command
	if s.StopGrace > 0 {
		b.stopGrace = s.StopGrace
	}
	b.env = append([]string{}, img.Env...)
	for name, value := range s.Environment {
		b.env = append(b.env, fmt.Sprintf("%s=%s", name, value))
	}
	return b
}
