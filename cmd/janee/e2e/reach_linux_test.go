//go:build !race

package e2e

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestReach has doctor look at a machine as a user that is not root: sudo asks for no password, an
// engine of root is open, the program can be replaced, and a process has a key.
func TestReach(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	c := newContainer(t)
	home := "JANEE_HOME=" + filepath.Join(c.dir, "data", "home")
	vars := []string{"JANEE_CONTAINER=0", "PATH=" + c.dir + ":" + os.Getenv("PATH"), home}
	c.run("", vars, "janee", "init")
	doctor := func(args ...string) string {
		t.Helper()
		return strings.Join(strings.Fields(c.run("", vars, append([]string{"janee", "doctor"},
			args...)...)), " ")
	}

	c.script("sudo", "exit 1")
	before := doctor()
	wants(t, before, "NOTE reach an agent that runs commands as you can get at the root key")
	for _, text := range []string{"sudo", "become root", "replace", "JANEE_PASSPHRASE", "FAIL"} {
		if strings.Contains(before, text) {
			t.Errorf("%q in %s", text, before)
		}
	}

	c.script("sudo", `[ "$*" = "-n true" ]`)
	socket := filepath.Join(c.dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	vars = append(vars, "DOCKER_HOST=unix://"+socket)
	if err := os.Chown(filepath.Join(c.dir, "janee"), int(c.user.Uid), -1); err != nil {
		t.Fatal(err)
	}
	disk, err := user.LookupGroup("disk")
	if err != nil {
		t.Skip(err)
	}
	gid, _ := strconv.ParseUint(disk.Gid, 10, 32)
	c.user.Groups = []uint32{uint32(gid)}
	holder := exec.Command("cat")
	holder.Env = []string{"JANEE_PASSPHRASE=correct horse battery"}
	holder.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	c.hold(holder)
	after := doctor()
	wants(t, after, "sudo asks for no password", "you are in group disk", socket+" is open to you",
		"an agent can replace this program, because you can write to",
		"JANEE_PASSPHRASE is in the environment of process")
	if strings.Contains(after, "correct horse") {
		t.Error("doctor shows a passphrase")
	}
	wants(t, doctor("--json"), `"overall": "warn"`, `"check": "reach", "result": "note"`)
}

// script puts a shell script beside janee.
func (c *container) script(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		c.t.Fatal(err)
	}
}
