// Command minio is the MinIO server without its gateways to other clouds. It is one of the last
// versions under the Apache licence, and has half as much to build as today's. Tests run it on
// loopback; nothing else should. It is a module of its own because it needs old versions of what it
// imports.
package main

import (
	"os"

	minio "github.com/minio/minio/cmd"
)

func main() { minio.Main(os.Args) }
