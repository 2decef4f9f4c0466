package relay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"

	"github.com/true-and-useful/janee/core/config"
)

// A relay that was given --agent begins with a notification, which a server that does not know it
// ignores (JSON-RPC 2.0 §4.1). It asks for a name and proves nothing.
const (
	helloStart = `{"jsonrpc":"2.0","method":"janee/agent","params":{"name":"`
	helloEnd   = `"}}` + "\n"
	helloSize  = 64 << 10 // bytes; a first line that is longer is no hello
)

// hello asks for a name, which config.ValidName has accepted: nothing in it needs escaping.
func hello(agent string) []byte { return []byte(helloStart + agent + helloEnd) }

// Accepted is a connection on the daemon's side, whose hello has been read.
type Accepted struct {
	*net.UnixConn
	Agent string // that it asks for, "" if it asks for none
	rest  io.Reader
}

// Accept waits for the first line, and takes it if it is a hello. Everything else stays to be read.
func Accept(conn *net.UnixConn) (*Accepted, error) {
	in := bufio.NewReaderSize(conn, helloSize)
	line, err := in.ReadSlice('\n')
	if err != nil && err != bufio.ErrBufferFull && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	a := &Accepted{UnixConn: conn, rest: in}
	name, ok := bytes.CutPrefix(line, []byte(helloStart))
	if name, whole := bytes.CutSuffix(name, []byte(helloEnd)); ok && whole &&
		config.ValidName(string(name)) {
		a.Agent = string(name)
		return a, nil
	}
	a.rest = io.MultiReader(bytes.NewReader(bytes.Clone(line)), in)
	return a, nil
}

// Read reads what comes after the hello.
func (a *Accepted) Read(p []byte) (int, error) { return a.rest.Read(p) }

// envelope is what a relay looks at in a message.
type envelope struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Error  json.RawMessage `json:"error"`
	Params struct {
		RequestID json.RawMessage `json:"requestId"`
	} `json:"params"`
}

// open reads an envelope. One that cannot be read is empty: whoever gets the line says so.
func open(line []byte) (e envelope) {
	if json.Unmarshal(line, &e) != nil {
		return envelope{}
	}
	return e
}

func (e envelope) asks() bool    { return e.Method != "" && e.ID != nil }
func (e envelope) answers() bool { return e.Method == "" && e.ID != nil }
