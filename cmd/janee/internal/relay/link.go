package relay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// greeting is how long a daemon may take to answer the initialize that is repeated.
const greeting = 5 * time.Second

// Conn is a line connection to a server. CloseWrite tells the server that nothing more comes; it
// then ends the connection once it has answered.
type Conn interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// link is one connection to a server. The mutex of its Relay guards what changes.
type link struct {
	conn    Conn
	in      *bufio.Reader
	standIn bool
	over    chan struct{} // closed when all that came from the server has been passed on

	gone    bool               // nothing more comes from the server
	waiting map[string]request // which it has not answered, by id
	asked   map[string]bool    // the ids of its own requests, which the client has not answered
}

// request is what is kept of a request in flight.
type request struct {
	line []byte // of initialize, to be repeated; nil for all others
	lost []byte // what the client is told if no answer comes
}

func newLink(conn Conn, standIn bool) *link {
	return &link{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), standIn: standIn,
		over: make(chan struct{}), waiting: map[string]request{}, asked: map[string]bool{}}
}

// greet repeats what the client said to an earlier server. The answer is not passed on: the client
// has one.
func (l *link) greet(agent string, initialize, initialized []byte) error {
	if agent != "" {
		if _, err := l.conn.Write(hello(agent)); err != nil {
			return err
		}
	}
	if initialize == nil {
		return nil
	}
	late := time.AfterFunc(greeting, func() { _ = l.conn.Close() })
	defer late.Stop()
	if _, err := l.conn.Write(initialize); err != nil {
		return err
	}
	line, err := l.in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("waiting for its first answer: %w", err)
	}
	e := open(line)
	if !e.answers() || e.Error != nil || !bytes.Equal(e.ID, open(initialize).ID) {
		return errors.New("it refuses the connection")
	}
	_, err = l.conn.Write(initialized)
	return err
}
