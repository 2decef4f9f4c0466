//go:build !race

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The users of these tests need not be in /etc/passwd: their names are then their numbers.
const (
	aliceUID  = 64101
	bobUID    = 64102
	daemonUID = 64100
	clientGID = 64100
)

// separated is a daemon under a user of its own, and a directory for its clients.
type separated struct {
	*place
	socket string
	daemon *exec.Cmd
	stderr lockedBuffer
}

func newSeparated(t *testing.T) *separated {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can run a daemon and clients as several users")
	}
	dir := t.TempDir()
	for at := dir; at != filepath.Clean(os.TempDir()) && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil { // t.TempDir makes what others cannot enter
			t.Fatal(err)
		}
	}
	if err := os.Chmod(binDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	s := &separated{place: placeIn(t, dir), socket: filepath.Join(dir, "run", "janee.sock")}
	for name, mode := range map[string]os.FileMode{"home": 0o700, "key": 0o700, "run": 0o750} {
		path := filepath.Join(dir, name)
		err := errors.Join(os.Mkdir(path, mode), os.Chown(path, daemonUID, clientGID))
		if err != nil {
			t.Fatal(err)
		}
	}
	s.owner("", "init")
	s.start()
	return s
}

// owner runs a command as the user of the daemon, who owns the home.
func (s *separated) owner(stdin string, args ...string) string {
	s.t.Helper()
	cmd := asUser(exec.Command(filepath.Join(binDir(), "janee"), args...), daemonUID, clientGID)
	cmd.Env, cmd.Stdin = s.env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	_, _ = s.Write(out)
	if err != nil {
		s.t.Fatalf("janee %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (s *separated) base(api *testAPI) {
	s.t.Helper()
	s.secret(keyBehindDaemon)
	s.owner(keyBehindDaemon+"\n", "add", "base", "-u", api.url, "--auth-type", "bearer", "-k", "-")
}

const keyBehindDaemon = "key_behind_the_daemon"

func asUser(cmd *exec.Cmd, uid, gid uint32) *exec.Cmd {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{}}}
	return cmd
}

// start starts the daemon and waits until it answers.
func (s *separated) start() {
	s.t.Helper()
	s.daemon = asUser(exec.Command(filepath.Join(binDir(), "janee"), "daemon", "run", "--socket",
		s.socket), daemonUID, clientGID)
	s.daemon.Env, s.daemon.Stderr = s.env, &s.stderr
	if err := s.daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process(s.daemon.Process.Pid)
	daemon := s.daemon
	s.t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	before := strings.Count(s.stderr.String(), "running on")
	eventually(s.t, "the start of the daemon", func() bool {
		return strings.Count(s.stderr.String(), "running on") > before
	})
}

// client starts `janee serve` as a user of the group of clients, who has neither home nor key.
func (s *separated) client(uid int, agent string, args ...string) *server {
	s.t.Helper()
	command := append([]string{"setpriv", fmt.Sprintf("--reuid=%d", uid),
		fmt.Sprintf("--regid=%d", clientGID), "--clear-groups", "env", "-u", "JANEE_HOME", "-u",
		"JANEE_KEY_FILE", "JANEE_SOCKET=" + s.socket, filepath.Join(binDir(), "janee"), "serve"},
		args...)
	return s.serve(agent, command...)
}

// bind makes agent deploy that of a user.
func (s *separated) bind(uid int) {
	s.t.Helper()
	path := filepath.Join(s.home, "config.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		text = fmt.Appendf(text, "\nagents: {deploy: {user: %d}}\n", uid)
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestUsersAreApart: the kernel says who calls. Two users share no name and no session, and nobody
// gets the name that is bound to another.
func TestUsersAreApart(t *testing.T) {
	s := newSeparated(t)
	api := startAPI(t)
	s.base(api)
	s.bind(aliceUID)
	alice, bob := s.client(aliceUID, "claude"), s.client(bobUID, "claude")
	claims := s.client(bobUID, "deploy", "--agent", "deploy")
	wants(t, alice.call("whoami", nil), `"agentId":"deploy"`, fmt.Sprintf("uid %d", aliceUID))
	wants(t, bob.call("whoami", nil), fmt.Sprintf(`"agentId":"claude@%d"`, bobUID))
	wants(t, claims.call("whoami", nil), fmt.Sprintf(`"agentId":"unnamed@%d"`, bobUID),
		"not bound to this user")

	for _, c := range []*server{alice, bob} {
		wants(t, c.get("base", "/x"), `"status":200`)
	}
	wants(t, s.owner("", "sessions", "--json"), `"agentId": "deploy"`,
		fmt.Sprintf(`"agentId": "claude@%d"`, bobUID))
	s.owner("", "cap", "edit", "base", "--allowed-agents", "deploy")
	eventually(t, "the new rule", func() bool {
		return strings.Contains(bob.get("base", "/x"), "AGENT_NOT_ALLOWED")
	})
	wants(t, claims.get("base", "/x"), "AGENT_NOT_ALLOWED", "agents.deploy.user")
	wants(t, alice.get("base", "/x"), `"status":200`)

	config := filepath.Join(s.home, "config.yaml")
	for _, file := range []string{config, s.getenv("JANEE_KEY_FILE")} {
		cat := asUser(exec.Command("cat", file), bobUID, clientGID)
		if out, err := cat.CombinedOutput(); err == nil ||
			!bytes.Contains(out, []byte("Permission denied")) {
			t.Errorf("a client reads %s: %s", file, out)
		}
	}
	wants(t, s.owner("", "logs", "--json"), fmt.Sprintf(`"uid": "%d"`, bobUID))
}

// TestNoAccessToTheSocket: a user outside the group is told which group it takes.
func TestNoAccessToTheSocket(t *testing.T) {
	s := newSeparated(t)
	stranger := s.serve("claude", "setpriv", fmt.Sprintf("--reuid=%d", bobUID), "--regid=64999",
		"--clear-groups", "env", "-u", "JANEE_HOME", "-u", "JANEE_KEY_FILE",
		"JANEE_SOCKET="+s.socket, filepath.Join(binDir(), "janee"), "serve")
	r := <-stranger.start("whoami", nil)
	wants(t, r.Result.Content[0].Text, "NOT_READY", "permission denied",
		fmt.Sprintf("group %d", clientGID))
}

// TestDaemonIsKilled: a client keeps its connection over kill -9 of the daemon. What was in flight
// is answered as lost and not sent again, and the log is whole.
func TestDaemonIsKilled(t *testing.T) {
	s := newSeparated(t)
	api := startAPI(t)
	s.base(api)
	alice := s.client(aliceUID, "claude")
	slow := func(round int) string { return fmt.Sprintf("POST /hang?n=%d", round) }
	for round := range 3 {
		wants(t, alice.get("base", fmt.Sprintf("/before/%d", round)), `"status":200`)
		inFlight := alice.start("execute", map[string]any{"capability": "base", "method": "POST",
			"path": fmt.Sprintf("/hang?n=%d", round)})
		eventually(t, "the call in flight", func() bool { return api.count(slow(round)) == 1 })
		if err := s.daemon.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.daemon.Wait()
		select {
		case r := <-inFlight:
			wants(t, r.text(), "REPLY_LOST", "may have been carried out")
		case <-time.After(5 * time.Second):
			t.Fatal("the call in flight is not answered")
		}
		next := alice.start("whoami", nil) // waits until the daemon is back
		s.start()
		wants(t, (<-next).text(), fmt.Sprintf(`"agentId":"claude@%d"`, aliceUID))
	}
	for round := range 3 {
		if n := api.count(slow(round)); n != 1 {
			t.Errorf("a call that was in flight was sent %d times", n)
		}
	}
	if err := s.daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.daemon.Wait(); err != nil {
		t.Errorf("the daemon ends with %v: %s", err, s.stderr.String())
	}
	wants(t, alice.call("whoami", nil), "NOT_READY", "start the daemon")
	s.owner("", "logs", "verify")
}
