package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/backup"
	"github.com/true-and-useful/janee/core/session"
)

// ErrBackup means that a file is not a complete backup.
var ErrBackup = errors.New("not a backup, or not a whole one")

// Extract writes the files of a backup into the empty directory into, and syncs them. It returns
// ErrBackup for names, types and sizes that Write does not write, for duplicate names, for anything
// after the manifest, and for any difference from it. It does not check the signature of the
// manifest: signed are its bytes, for the caller to check.
func Extract(r io.Reader, into string) (m backup.Manifest, signed []byte, err error) {
	in := bufio.NewReader(r)
	packed, err := gzip.NewReader(in)
	if err != nil {
		return m, nil, fmt.Errorf("%w: it is not compressed with gzip", ErrBackup)
	}
	packed.Multistream(false)
	x := &extractor{tar: tar.NewReader(packed), into: into, seen: map[string]bool{}}
	for signed == nil {
		if signed, err = x.next(); err != nil {
			return m, nil, err
		}
	}
	if err := x.end(packed, in); err != nil {
		return m, nil, err
	}
	if m, err = backup.Read(signed); err != nil {
		return m, nil, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if !slices.Equal(m.Files, x.files) || len(x.files) == 0 || x.files[0].Name != configName {
		return m, nil, fmt.Errorf("%w: its files differ from its manifest", ErrBackup)
	}
	return m, signed, x.sync()
}

type extractor struct {
	tar   *tar.Reader
	into  string
	seen  map[string]bool
	files []backup.File
	total int64
}

// next extracts the next file, or returns the manifest.
func (x *extractor) next() (manifest []byte, err error) {
	h, err := x.tar.Next()
	if err != nil {
		return nil, fmt.Errorf("%w: it ends too early, or is damaged", ErrBackup)
	}
	most, ok := limit(h.Name)
	seen := x.seen[h.Name]
	x.seen[h.Name] = true
	x.total += h.Size
	switch {
	case h.Typeflag != tar.TypeReg || !ok || seen:
		return nil, fmt.Errorf("%w: it holds %.80q, which does not belong in a backup",
			ErrBackup, h.Name)
	case h.Size > most || x.total > maxTotal || len(x.files) >= maxFiles:
		return nil, fmt.Errorf("%w: its file %s is larger than %d bytes, or it is too large",
			ErrBackup, h.Name, most)
	case h.Name == manifestName:
		if manifest, err = io.ReadAll(x.tar); err != nil {
			return nil, fmt.Errorf("%w: its manifest is damaged", ErrBackup)
		}
		return manifest, nil
	}
	return nil, x.file(h)
}

func (x *extractor) file(h *tar.Header) error {
	path := filepath.Join(x.into, filepath.FromSlash(h.Name)) // limit allows no other directories
	if err := home.MakeDir(filepath.Dir(path)); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	damaged := false
	_, err = io.Copy(io.MultiWriter(out, sum), readErrors{x.tar, &damaged})
	if damaged {
		err = fmt.Errorf("%w: its file %s is damaged", ErrBackup, h.Name)
	}
	if err == nil {
		err = out.Sync()
	}
	x.files = append(x.files, backup.File{
		Name:   h.Name,
		Bytes:  h.Size,
		SHA256: hex.EncodeToString(sum.Sum(nil)),
	})
	return errors.Join(err, out.Close())
}

// readErrors notes errors of the backup, to tell them from errors of the disk.
type readErrors struct {
	io.Reader
	failed *bool
}

func (r readErrors) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	*r.failed = *r.failed || err != nil && err != io.EOF
	return n, err
}

// end checks that nothing follows the manifest, in the archive, the compressed stream or the file.
func (x *extractor) end(packed, in io.Reader) error {
	if _, err := x.tar.Next(); err != io.EOF {
		return fmt.Errorf("%w: something follows its manifest", ErrBackup)
	}
	for _, r := range []io.Reader{packed, in} {
		if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); n != 0 || err != nil {
			return fmt.Errorf("%w: something follows its end, or its end is damaged", ErrBackup)
		}
	}
	return nil
}

func (x *extractor) sync() (err error) {
	for _, dir := range []string{"logs", session.Dir, "."} {
		if bad := home.SyncDir(filepath.Join(x.into, dir)); !errors.Is(bad, os.ErrNotExist) {
			err = errors.Join(err, bad)
		}
	}
	return err
}
