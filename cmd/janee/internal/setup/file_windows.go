package setup

import (
	"io/fs"
	"os"
)

func openRegular(path string) (*os.File, error) { return os.Open(path) }

// owned accepts every file: what others may write to is up to the access list of its directory.
func owned(fs.FileInfo) error { return nil }
