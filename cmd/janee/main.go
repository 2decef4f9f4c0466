// Command janee keeps API keys and makes requests with them on behalf of AI agents, which never see
// a key.
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
	// net/http writes bytes of upstreams to the standard logger, with GODEBUG=http2debug=2 also the
	// headers it sends.
	log.SetOutput(io.Discard)
	os.Exit(cli.Main(os.Args[1:], cli.System()))
}
