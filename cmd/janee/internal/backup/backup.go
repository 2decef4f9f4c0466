// Package backup writes what a home cannot do without into one file, and takes such a file apart
// with suspicion: a tar, compressed by gzip, of config.yaml, logs, and what keeps sessions closed,
// with a signed manifest at its end. Use Gather and Write for `janee backup`, Extract for `janee
// restore`. It holds no root key, no session and no approval: what was open then must not come
// back. It decides nothing about what it restores.
package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/backup"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
)

const (
	configName   = "config.yaml"
	manifestName = "manifest.json"
)

// What one file may hold; the first three are each at their own kind.
const (
	maxState    = 1 << 20
	maxLog      = 1 << 30
	maxManifest = 32 << 20
	maxFiles    = 100_000
	maxTotal    = 16 << 30
)

// limit is how large a file of that name may be, and whether a backup has any of that name.
func limit(name string) (size int64, ok bool) {
	switch {
	case name == configName:
		return config.MaxSize, true
	case name == manifestName:
		return maxManifest, true
	case session.IsOrder(name):
		return maxState, true
	case auditlog.IsName(name):
		return maxLog, true
	}
	return 0, false
}

// Source is a file to be stored: the first Size bytes of what Open gives.
type Source struct {
	Name string
	Size int64
	Open func() (io.ReadCloser, error)
}

// Gather lists what a backup of h holds beside config.yaml, which is given as it is to be stored.
// foreign names files of the log directory that stay out.
func Gather(h *home.Home, text []byte) (files []Source, foreign []string, err error) {
	stored := func(name string, data []byte) {
		files = append(files, Source{name, int64(len(data)), func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(data)), nil
		}})
	}
	stored(configName, text)
	closings, err := state.Orders(h)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range closings {
		data, err := h.Read(name)
		if err != nil {
			return nil, nil, err
		}
		stored(name, data)
	}
	parts, foreign, err := auditlog.Snapshot(h)
	for _, p := range parts {
		files = append(files, Source{p.Name, p.Size, func() (io.ReadCloser, error) {
			f, _, err := h.Guard().OpenFile(h.Path(p.Name), os.O_RDONLY)
			return f, err
		}})
	}
	return files, foreign, err
}

// Write stores the files, and at the end the manifest m, signed with key, in which it lists them.
func Write(w io.Writer, key []byte, m backup.Manifest, files []Source) error {
	packed := gzip.NewWriter(w)
	out := &writer{tar: tar.NewWriter(packed), manifest: m}
	for _, f := range files {
		if err := out.file(f); err != nil {
			return fmt.Errorf("store %s: %w", f.Name, err)
		}
	}
	data := out.manifest.Encode(key)
	if err := out.header(manifestName, int64(len(data))); err != nil {
		return err
	}
	if _, err := out.tar.Write(data); err != nil {
		return err
	}
	return errors.Join(out.tar.Close(), packed.Close())
}

type writer struct {
	tar      *tar.Writer
	manifest backup.Manifest
	total    int64
}

// header names nobody: neither user nor group of this machine.
func (w *writer) header(name string, size int64) error {
	most, ok := limit(name)
	if w.total += size; !ok || size > most || w.total > maxTotal ||
		len(w.manifest.Files) >= maxFiles {
		return errors.New("a backup does not hold files of that name, that size or that number")
	}
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600,
		ModTime: time.UnixMilli(w.manifest.At).Truncate(time.Second)})
}

func (w *writer) file(f Source) error {
	if err := w.header(f.Name, f.Size); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, sum), in, f.Size); err != nil {
		return err
	}
	w.manifest.Files = append(w.manifest.Files, backup.File{
		Name:   f.Name,
		Bytes:  f.Size,
		SHA256: hex.EncodeToString(sum.Sum(nil)),
	})
	return nil
}
