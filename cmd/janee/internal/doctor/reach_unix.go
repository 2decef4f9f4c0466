//go:build unix

package doctor

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// sudoWait is how long sudo may take. It asks a directory server on some machines.
const sudoWait = 3 * time.Second

// CurrentUser returns the user of this process.
func CurrentUser(getenv func(string) string) User {
	sockets := []string{"/var/run/docker.sock", "/run/podman/podman.sock"}
	for _, name := range []string{"DOCKER_HOST", "CONTAINER_HOST"} {
		if path, ok := strings.CutPrefix(getenv(name), "unix://"); ok {
			sockets = append(sockets, path)
		}
	}
	return User{
		ID:       os.Geteuid(),
		Groups:   groupNames(),
		Sockets:  sockets,
		Proc:     "/proc",
		Sudo:     func() bool { return sudoIsFree("sudo", sudoWait) },
		CanWrite: func(path string) bool { return unix.Access(path, unix.W_OK) == nil },
	}
}

// groupNames returns the groups of this process. One that was added since the user logged in is
// missing.
func groupNames() (names []string) {
	ids, _ := os.Getgroups()
	for _, id := range append(ids, os.Getegid()) {
		g, err := user.LookupGroupId(strconv.Itoa(id))
		if err == nil && !slices.Contains(names, g.Name) {
			names = append(names, g.Name)
		}
	}
	return names
}

// sudoIsFree runs `sudo -n true`, which fails rather than asks. It gets no input and a session
// without a terminal, so that a password that was typed in this terminal does not count. It is not
// waited for longer than wait: sudo is root, so this process cannot kill it.
func sudoIsFree(sudo string, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	cmd := exec.CommandContext(ctx, sudo, "-n", "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	select {
	case err := <-done:
		return err == nil
	case <-ctx.Done():
		return false
	}
}

// openEngines looks for engines of root: one that the user runs does not make it root.
func (p *patient) openEngines() (found []Check) {
	var seen []string
	for _, path := range p.User.Sockets {
		real := resolved(path)
		fi, err := os.Stat(path)
		if err != nil || slices.Contains(seen, real) || fi.Mode().Type() != fs.ModeSocket ||
			ownerOf(fi) != 0 || !p.User.CanWrite(path) {
			continue
		}
		seen = append(seen, real)
		found = append(found, noted("use a rootless engine, or let only root write to "+
			home.Quote(path),
			"%s is open to you: an agent can become root by starting a container", path))
	}
	return found
}

// writableProgram looks for someone other than root who can replace this program, or a directory
// on the way to it. Another user is worse than this one, and is named first.
func (p *patient) writableProgram() []Check {
	var yours []Check
	for _, path := range steps(p.Program) {
		fi, err := os.Stat(path)
		if err != nil {
			continue
		}
		sticky := fi.IsDir() && fi.Mode()&fs.ModeSticky != 0
		switch owner := ownerOf(fi); {
		case owner != 0 && owner != p.User.ID:
			return []Check{warned("reach", "sudo chown root "+home.Quote(path),
				"user %d can replace this program, because %s is theirs", owner, path)}
		case fi.Mode().Perm()&0o002 != 0 && !sticky:
			return []Check{warned("reach", "chmod o-w "+home.Quote(path),
				"any user can replace this program, because %s is open to all", path)}
		case yours == nil && p.User.ID != 0 &&
			(owner == p.User.ID || !sticky && p.User.CanWrite(path)):
			yours = []Check{noted("install it where only root can write, for example in "+
				"/usr/local/bin",
				"an agent can replace this program, because you can write to %s", path)}
		}
	}
	return yours
}

// steps returns what path leads to and the directories above that, then the same for path itself.
func steps(path string) (all []string) {
	for _, at := range []string{resolved(path), path} {
		for ; !slices.Contains(all, at); at = filepath.Dir(at) {
			all = append(all, at)
		}
	}
	return all
}

func ownerOf(fi fs.FileInfo) int { return int(fi.Sys().(*syscall.Stat_t).Uid) }
