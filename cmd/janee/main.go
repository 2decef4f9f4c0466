// Command janee keeps API keys, and makes requests with them on behalf of AI agents, which never
// see a key. main hardens the process and calls package cli, which has the commands; package core
// decides what an agent may do.
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

func main() {
	if err := harden(); err != nil {
		fmt.Fprintf(os.Stderr, "janee: warning: %v\n", err)
	}
	// net/http logs bytes from upstreams to the standard logger, and with GODEBUG=http2debug=2 also
	// the headers that it sends, which hold credentials
	log.SetOutput(io.Discard)
	os.Exit(cli.Main(os.Args[1:], cli.System()))
}
