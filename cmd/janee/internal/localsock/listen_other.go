//go:build !unix

package localsock

import (
	"io/fs"
	"net"
)

// Listen refuses before it calls any of these: callers cannot be told apart here.
func bind(string) (*net.UnixListener, error) { return nil, errNoPeer }
func lockDir(string) (func(), error)         { return nil, errNoPeer }

// Owner is not known.
func Owner(fs.FileInfo) (owner, group string) { return "?", "?" }

func ownerOf(fs.FileInfo) int { return -1 }
