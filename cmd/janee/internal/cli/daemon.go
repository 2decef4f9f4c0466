package cli

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/localsock"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/relay"
	"github.com/true-and-useful/janee/cmd/janee/internal/toolcalls"
	"github.com/true-and-useful/janee/core"
)

func daemonCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Run Janee as a user of its own, out of reach of agents",
		Long: `Run one Janee for all users of a machine. Under a user of its own, it keeps the home
and the root key where an agent that runs commands as you cannot read or change them. Clients start
"janee serve" as before, which finds the daemon by its socket.`,
		Example: "  janee daemon run",
	}
	c.AddCommand(daemonRunCommand(env))
	return c
}

func daemonRunCommand(env *Env) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "run",
		Short: "Serve the tools over a Unix socket, as one process for a home",
		Long: `Serve the tools over a Unix socket until the process gets SIGTERM. Run the command as
the user that is to own the home and the root key. Who may open the socket may call the tools; the
kernel says which user that is, and "agents.NAME.user" in config.yaml binds the name of an agent to
a user. The socket is /run/janee/janee.sock (on macOS /var/db/janee/janee.sock), or the one that
JANEE_SOCKET or --socket names, or one that systemd passes under the name janee.sock.`,
		Example: "  janee daemon run\n  janee daemon run --socket /srv/janee/janee.sock",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDaemon(cmd, env, path) },
	}
	c.Flags().StringVar(&path, "socket", "",
		"`PATH` of the socket (default: JANEE_SOCKET, /run/janee/janee.sock)")
	return c
}

func runDaemon(cmd *cobra.Command, env *Env, path string) error {
	listener, err := listenAsDaemon(env.Getenv, path)
	if err != nil {
		return err
	}
	defer listener.Close()
	s := newServing(cmd, env)
	late := newLateHome(s, "", listener.Addr().String(), func(p *parts) *toolcalls.Broker {
		return p.broker(core.ViaSocket, "", "")
	})
	defer late.close()
	late.start(s)
	socket := toolcalls.NewSocket(late.Late)
	server := localsock.Server{Log: env.warn,
		Handle: func(ctx context.Context, conn *net.UnixConn, peer core.Peer) {
			s.connection(ctx, socket, conn, peer)
		}}
	return late.end(server.Serve(s.ctx, listener))
}

// listenAsDaemon takes the socket that a service manager has opened, or opens one.
func listenAsDaemon(getenv func(string) string, path string) (*net.UnixListener, error) {
	l, err := localsock.Activated(getenv)
	if l != nil || err != nil {
		return l, err
	}
	usual, _ := localsock.Path(getenv)
	return localsock.Listen(cmp.Or(path, usual))
}

// connection serves one connection. It has a server of its own, because the server passes calls on
// to the broker of its caller.
func (s *serving) connection(
	ctx context.Context, socket *toolcalls.Socket, conn *net.UnixConn, peer core.Peer,
) {
	ends := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	in, err := relay.Accept(conn)
	if !ends() || err != nil { // the daemon ends, or the client is gone
		return
	}
	broker := socket.For(peer, in.Agent)
	err = mcpserver.New(broker, s.options(broker.Refuse)).Serve(ctx, in, conn)
	if err != nil {
		s.env.warn(fmt.Sprintf("a client of user %s: %v", peer.User, err))
	}
}
