//go:build linux || darwin

package localsock

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core"
)

// place is a directory that nobody else can write. Paths of sockets are short, t.TempDir's are not.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func listenAt(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestListenTakesOverWhatNobodyAnswers(t *testing.T) {
	path := filepath.Join(place(t), Name)
	first := listenAt(t, path)
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "already answers") ||
		hint.Of(err) == "" {
		t.Fatalf("a second daemon: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Lstat(path); err != nil || fi.Mode() != os.ModeSocket|0o660 {
		t.Fatalf("what the first one left: %v, %v", fi, err)
	}
	_ = listenAt(t, path).Close()
	for _, tt := range []struct {
		what string
		put  func() error
	}{
		{"file", func() error { return os.WriteFile(path, nil, 0o600) }},
		{"directory", func() error { return os.Mkdir(path, 0o700) }},
		{"link", func() error { return os.Symlink("/nowhere", path) }},
	} {
		_ = os.Remove(path)
		if err := tt.put(); err != nil {
			t.Fatal(err)
		}
		if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "not a socket") {
			t.Errorf("a %s: %v", tt.what, err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("the %s is removed", tt.what)
		}
	}
}

func TestListenRefusesPlaces(t *testing.T) {
	dir := place(t)
	open := filepath.Join(dir, "open")
	below := filepath.Join(open, "below")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o770, 0o702, 0o777} {
		if err := os.Chmod(open, mode); err != nil {
			t.Fatal(err)
		}
		for _, in := range []string{open, below} {
			if _, err := Listen(filepath.Join(in, Name)); err == nil ||
				!strings.Contains(err.Error(), "others can change") || hint.Of(err) == "" {
				t.Errorf("%s in a directory of mode %o: %v", in, mode, err)
			}
		}
	}
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	listenAt(t, filepath.Join(below, Name))
	if _, err := Listen(filepath.Join(open, Name)); err == nil {
		t.Error("a socket beside those of others")
	}
	if _, err := Listen(filepath.Join(dir, strings.Repeat("n", maxPath), Name)); err == nil ||
		hint.ExitCode(err) != hint.Usage {
		t.Errorf("a long path: %v", err)
	}
}

func TestPeerIsThisProcess(t *testing.T) {
	path := filepath.Join(place(t), Name)
	l := listenAt(t, path)
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := PeerOf(conn)
	me, _ := os.Executable()
	want := core.Peer{UID: strconv.Itoa(os.Getuid()), PID: strconv.Itoa(os.Getpid()),
		Executable: me}
	if u, err := user.Current(); err == nil {
		want.User = u.Username
	}
	if runtime.GOOS != "linux" { // the path as it was executed, which may be a link
		want.Executable = peer.Executable
	}
	if err != nil || peer != want {
		t.Errorf("%+v, %v; want %+v", peer, err, want)
	}
	if got := nameOf("4000000000"); got != "4000000000" {
		t.Errorf("a user without a name is %q", got)
	}
}

// TestUserFillsTheDaemon: one user gets half of the connections, is told so beyond that, and gets a
// place again when one is free.
func TestUserFillsTheDaemon(t *testing.T) {
	path := filepath.Join(place(t), Name)
	l := listenAt(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	server := Server{Log: func(line string) { t.Error(line) },
		Handle: func(_ context.Context, conn *net.UnixConn, _ core.Peer) {
			_, _ = io.WriteString(conn, "served\n")
			_, _ = io.Copy(io.Discard, conn)
		}}
	go func() { done <- server.Serve(ctx, l) }()
	connect := func() (net.Conn, string) {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return conn, line
	}
	first, _ := connect()
	for i := range maxConnections/2 - 1 {
		if _, line := connect(); line != "served\n" {
			t.Fatalf("connection %d: %q", i+2, line)
		}
	}
	if _, line := connect(); line != Full {
		t.Errorf("one too many: %q", line)
	}
	_ = first.Close()
	for until := time.Now().Add(5 * time.Second); ; {
		if _, line := connect(); line == "served\n" {
			break
		}
		if time.Now().After(until) {
			t.Fatal("no place becomes free")
		}
	}
	cancel()
	if _, err := net.Dial("unix", path); err == nil {
		time.Sleep(100 * time.Millisecond) // the listener closes on another goroutine
		if _, err := net.Dial("unix", path); err == nil {
			t.Error("it accepts after its end")
		}
	}
	select {
	case <-done:
		t.Error("it does not wait for its connections")
	default:
	}
}

// TestActivated runs itself with a socket as descriptor 3 or 4, as systemd does.
func TestActivated(t *testing.T) {
	if os.Getenv("LISTEN_FDNAMES") != "" {
		l, err := Activated(os.Getenv)
		if err != nil || l == nil {
			t.Fatalf("%v, %v", l, err)
		}
		conn, err := l.AcceptUnix()
		if err == nil {
			_, err = io.WriteString(conn, "hello")
			_ = conn.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	path := filepath.Join(place(t), Name)
	l := listenAt(t, path)
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// sh knows the process id that it will have after exec
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run '^TestActivated$'`,
		os.Args[0])
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=owner.sock:"+Name)
	cmd.ExtraFiles = []*os.File{os.Stdin, f}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if said, _ := io.ReadAll(conn); string(said) != "hello" {
		t.Errorf("%q", said)
	}
}

func TestActivatedIsForThisProcess(t *testing.T) {
	me := strconv.Itoa(os.Getpid())
	for _, tt := range []struct{ pid, fds, names, err string }{
		{"1", "1", Name, ""}, {"", "1", Name, ""}, {me, "1", "other", ""}, {me, "0", Name, ""},
		{me, "1", "a:" + Name, ""}, {me, "many", Name, `"many" is not a number`},
	} {
		l, err := Activated(func(name string) string {
			return map[string]string{"LISTEN_PID": tt.pid, "LISTEN_FDS": tt.fds,
				"LISTEN_FDNAMES": tt.names}[name]
		})
		if l != nil || (err == nil) != (tt.err == "") ||
			err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v: %v, %v", tt, l, err)
		}
	}
}

func TestPath(t *testing.T) {
	if path, named := Path(func(string) string { return "/x" }); path != "/x" || !named {
		t.Errorf("%q, %v", path, named)
	}
	path, named := Path(func(string) string { return "" })
	if !filepath.IsAbs(path) || filepath.Base(path) != Name || named {
		t.Errorf("%q, %v", path, named)
	}
}
