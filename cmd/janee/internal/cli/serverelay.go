package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/localsock"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/relay"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
	"github.com/true-and-useful/janee/core"
)

// daemonSocket finds the socket that serve uses in place of a home. JANEE_HOME wins over it. A
// socket that JANEE_SOCKET names need not exist yet, and one that this user may not see exists.
func daemonSocket(getenv func(string) string) (path string, found bool) {
	if getenv("JANEE_HOME") != "" || runtime.GOOS == "windows" {
		return "", false
	}
	path, named := localsock.Path(getenv)
	if named {
		return path, true
	}
	_, err := os.Lstat(path)
	return path, err == nil || errors.Is(err, fs.ErrPermission)
}

// serveRelay opens no home: it passes the lines of the client on to the daemon.
func serveRelay(s *serving, path, agent string) error {
	dial := func() (relay.Conn, error) { return dialDaemon(path) }
	late := toolcalls.NewLate(agent, s.env.warn,
		func() (*toolcalls.Broker, error) { return nil, unreachable(dial, s.env.Getenv, path) })
	server := mcpserver.New(late, s.options(late.Refuse))
	r := relay.New(s.env.Stdout, relay.Options{
		Agent:   agent,
		Dial:    dial,
		StandIn: func() relay.Conn { return standIn(s.ctx, server) },
		Lost: func(line []byte) []byte {
			return server.Unanswered(line, mcpserver.Refusal{Code: core.ReplyLost, Agent: agent})
		},
	})
	if conn, err := dial(); err != nil {
		s.report(unreachable(dial, s.env.Getenv, path))
		s.env.warn("the server keeps running and refuses calls until this is fixed; " +
			"you need not restart it")
	} else {
		_ = conn.Close()
		fmt.Fprintf(s.env.Stderr, "Janee MCP server running on stdio\nDaemon: %s\n", path)
	}
	return r.Serve(s.ctx, s.env.Stdin)
}

func dialDaemon(path string) (*net.UnixConn, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
}

// unreachable says why the daemon cannot be reached now, and what the person can do.
func unreachable(
	dial func() (relay.Conn, error), getenv func(string) string, path string,
) error {
	conn, err := dial()
	if err == nil {
		_ = conn.Close()
		return hint.Errorf(hint.Failed, "repeat the call", "the Janee daemon has just started")
	}
	fix := "start the daemon: `janee daemon run`, or `systemctl start janee` where systemd runs it"
	if errors.Is(err, fs.ErrPermission) {
		fix = mayConnect(path, getenv("USER"))
	}
	return hint.New(hint.Failed, fix, fmt.Errorf("connecting to the Janee daemon: %w", err))
}

// mayConnect says which group a user needs to be in.
func mayConnect(path, user string) string {
	at := path
	fi, err := os.Stat(at)
	if err != nil { // its directory is closed, and says as much
		at = filepath.Dir(path)
		fi, err = os.Stat(at)
	}
	if user == "" {
		user = "this user"
	}
	if err != nil {
		return fmt.Sprintf("an administrator has to give %s access to %q", user, path)
	}
	owner, group := localsock.Owner(fi)
	return fmt.Sprintf("%q belongs to user %s and group %s: an administrator has to add %s to "+
		"that group, and %s has to log in again", at, owner, group, user, user)
}

// standIn serves in this process, over pipes.
func standIn(ctx context.Context, server *mcpserver.Server) relay.Conn {
	requests, toServer := io.Pipe()
	fromServer, replies := io.Pipe()
	go func() {
		_ = server.Serve(ctx, requests, replies)
		_ = requests.Close()
		_ = replies.Close()
	}()
	return inProcess{fromServer, toServer}
}

type inProcess struct {
	*io.PipeReader
	toServer *io.PipeWriter
}

func (c inProcess) Write(p []byte) (int, error) { return c.toServer.Write(p) }
func (c inProcess) CloseWrite() error           { return c.toServer.Close() }

func (c inProcess) Close() error {
	return errors.Join(c.PipeReader.Close(), c.toServer.Close())
}
