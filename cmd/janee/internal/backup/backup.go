// Package backup writes the essential files of a home into one file, and reads such a file without
// trusting it. The file is a tar archive compressed with gzip: config.yaml, the audit log, the
// files that keep sessions closed, and at the end a signed manifest. `janee backup` calls Gather
// and Write, `janee restore` calls Extract.
//
// A backup holds no root key, and neither sessions nor approvals, because what was open when it was
// made must not be open again. This package does not decide what to restore, and does not replace
// the home: package cli and home.Install do. Package core/backup defines the manifest.
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

// The limits of a backup, in bytes except for maxFiles.
const (
	maxState    = 1 << 20
	maxLog      = 1 << 30
	maxManifest = 32 << 20
	maxFiles    = 100_000
	maxTotal    = 16 << 30
)

// limit returns how large the file with this name may be, and whether a backup may hold it.
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

// Source is a file to store: the first Size bytes of what Open returns.
type Source struct {
	Name string
	Size int64
	Open func() (io.ReadCloser, error)
}

// Gather lists the files of a backup of h. text is the config.yaml to store. foreign names files of
// the log directory that are left out.
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

// Write writes the files to w and, at the end, the manifest m with a list of them, signed with key.
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

// header leaves out the user and the group, which mean nothing on another machine.
func (w *writer) header(name string, size int64) error {
	most, ok := limit(name)
	if w.total += size; !ok || size > most || w.total > maxTotal ||
		len(w.manifest.Files) >= maxFiles {
		return errors.New("a backup does not hold files of that name, that size or that number")
	}
	return w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     size,
		Mode:     0o600,
		ModTime:  time.UnixMilli(w.manifest.At).Truncate(time.Second),
	})
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
