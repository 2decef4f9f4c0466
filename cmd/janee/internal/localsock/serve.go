package localsock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
	"github.com/true-and-useful/janee/core"
)

// The connections of all users together. A single user may have half of them, and each has room for
// floor, whatever the others hold.
const (
	maxConnections  = 256
	connectionFloor = 8
)

// retry is how long the daemon waits when it has no descriptors left.
const retry = 50 * time.Millisecond

// Full is the line that a connection gets for which its user has no room, in JSON-RPC 2.0.
const Full = `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,` +
	`"message":"your user has too many connections to the Janee daemon"}}` + "\n"

// Server gives each connection to Handle, on a goroutine of its own, and closes it afterwards.
type Server struct {
	Handle func(context.Context, *net.UnixConn, core.Peer)
	Log    func(line string)
}

// Serve accepts connections until ctx ends, then closes l and waits for those that it has.
func (s *Server) Serve(ctx context.Context, l *net.UnixListener) error {
	var running sync.WaitGroup
	defer running.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	open := fair.New(maxConnections, connectionFloor)
	for {
		conn, err := l.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting connections: %w", err)
		case err != nil: // of one client, or of descriptors that others will free
			s.Log("accepting a connection: " + err.Error())
			time.Sleep(retry)
		default:
			s.start(ctx, &running, open, conn)
		}
	}
}

func (s *Server) start(
	ctx context.Context, running *sync.WaitGroup, open *fair.Pool, conn *net.UnixConn,
) {
	peer, err := PeerOf(conn)
	if err != nil {
		s.Log(err.Error())
		_ = conn.Close()
		return
	}
	place := open.Lease(peer.UID)
	if !place.Try(1) {
		_, _ = conn.Write([]byte(Full)) // a new socket has room for a line
		_ = conn.Close()
		return
	}
	running.Go(func() {
		defer place.Free()
		defer conn.Close()
		s.Handle(ctx, conn, peer)
	})
}
