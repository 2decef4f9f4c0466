// Command janee keeps API keys and makes requests with them on behalf of AI agents, which never see a key.
package main

import (
	"os"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.System())) }
