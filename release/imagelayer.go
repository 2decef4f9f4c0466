package main

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// nobody is the user of the image, by convention of images without a shell: no system has an
// account of this number.
const nobody = 65532

// inode is a file of the image, or a directory if its name ends in "/".
type inode struct {
	name  string
	mode  int64
	owner int
	data  []byte
}

// imageFiles are the whole root of the image: the program, the certificates that it trusts, and the
// directories that it writes to, with the licences. A new volume takes its owner and mode from the
// directory that it is mounted over.
func (r *Release) imageFiles(program []byte, volumes []string) []inode {
	all := []inode{
		{"etc/", 0o755, 0, nil},
		{"etc/ssl/", 0o755, 0, nil},
		{"etc/ssl/certs/", 0o755, 0, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, 0, roots()},
		{"tmp/", 0o1777, 0, nil},
		{"usr/", 0o755, 0, nil},
		{"usr/local/", 0o755, 0, nil},
		{"usr/local/bin/", 0o755, 0, nil},
		{"usr/local/bin/janee", 0o755, 0, program},
		{"usr/share/", 0o755, 0, nil},
		{"usr/share/licenses/", 0o755, 0, nil},
		{"usr/share/licenses/janee/", 0o755, 0, nil},
	}
	for _, f := range r.named("LICENSE", noticesName) {
		all = append(all, inode{"usr/share/licenses/janee/" + f.Name, 0o644, 0, f.Data})
	}
	for _, volume := range volumes {
		all = append(all, inode{strings.Trim(volume, "/") + "/", 0o755, nobody, nil})
	}
	return all
}

// imageLayer packs the files, all of one time.
func imageLayer(all []inode, at time.Time) (v1.Layer, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, f := range all {
		// by the "/" the writer sees that it is a directory
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Uid: f.owner,
			Gid: f.owner, Size: int64(len(f.data)), ModTime: at,
			Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b.Bytes())), nil
	})
}
