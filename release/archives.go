package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path"
	"time"
)

// File is one file of an archive.
type File struct {
	Name string // with slashes
	Mode os.FileMode
	Data []byte
}

// archives packs each program with its documents into OUT/janee_VERSION_OS_ARCH.tar.gz, or .zip for
// Windows.
func archives(r *Release) error {
	for _, p := range r.Platforms {
		program, err := os.ReadFile(r.binary(p))
		if err != nil {
			return err
		}
		files := []File{{p.Program(), 0o755, program}}
		for _, d := range r.Documents {
			files = append(files, File{d.Name, 0o644, d.Data})
		}
		pack, extension := tarGz, ".tar.gz"
		if p.OS == "windows" {
			pack, extension = zipped, ".zip"
		}
		text, err := pack(inDirectory(r.name(p), files), r.Time)
		if err != nil {
			return err
		}
		if err := os.WriteFile(r.path(r.name(p)+extension), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func inDirectory(dir string, files []File) (placed []File) {
	for _, f := range files {
		f.Name = path.Join(dir, f.Name)
		placed = append(placed, f)
	}
	return placed
}

// tarGz packs files in their order, all of them of one time and of root.
func tarGz(files []File, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: int64(f.Mode.Perm()),
			Size: int64(len(f.Data)), ModTime: at, Uname: "root", Gname: "root",
			Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.Data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return gzipped(b.Bytes())
}

// gzipped has neither a time nor a name in its header, as Debian asks of man pages (gzip -9n).
func gzipped(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zipped packs files in their order, all of them of one time, with their modes.
func zipped(files []File, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: at.UTC()}
		h.SetMode(f.Mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
