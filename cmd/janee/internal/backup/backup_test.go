package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/backup"
)

var key = []byte("0123456789abcdef0123456789abcdef")

const (
	logName     = "logs/2026-11-23.q7m2k4xa.jsonl"
	revokedName = "sessions/ca9f3933a70920b4b9e924466b460071.revoked"
)

// entry is one file of an archive made by hand.
type entry struct {
	name, text string
	kind       byte
	size       int64 // 0: of text
}

// archive packs entries and then a manifest that lists the regular ones, unless they have their
// own.
func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	m := backup.Manifest{Vault: "v", Check: "c", At: 1}
	for _, e := range entries {
		if e.name == manifestName {
			return packed(t, entries...)
		}
		sum := sha256.Sum256([]byte(e.text))
		m.Files = append(m.Files, backup.File{
			Name:   e.name,
			Bytes:  int64(len(e.text)),
			SHA256: hex.EncodeToString(sum[:]),
		})
	}
	return packed(t, append(entries, entry{name: manifestName, text: string(m.Encode(key))})...)
}

func packed(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.text)), Mode: 0o600}
		switch {
		case e.kind == 0:
			h.Typeflag = tar.TypeReg
		case e.kind != tar.TypeReg:
			h.Size, h.Linkname = 0, e.text
		}
		if e.size > 0 {
			h.Size = e.size
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 && e.size == 0 {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
		if e.size > 0 { // the header is all that there is
			_ = z.Close()
			return out.Bytes()
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func source(name, text string) Source {
	return Source{name, int64(len(text)), func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text + "written meanwhile")), nil
	}}
}

func TestWriteExtract(t *testing.T) {
	files := []Source{
		source(configName, "version: 1\n"), source("LOCKED", ""), source(revokedName, "{}\n"),
		source("sessions/closed.json", "{}\n"), source(logName, strings.Repeat("line\n", 100000)),
		source("logs/2026-11-23.q7m2k4xa.p0002.jsonl", "x\n"),
		source("logs/2026-11-23.cli.jsonl.torn", "torn\n"),
	}
	var out bytes.Buffer
	if err := Write(&out, key, backup.Manifest{
		Vault: "v",
		Check: "c",
		At:    1795426425000,
	}, files); err != nil {
		t.Fatal(err)
	}
	into := t.TempDir()
	m, signed, err := Extract(&out, into)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := backup.Decode(key, signed); err != nil || len(got.Files) != len(files) ||
		m.Vault != "v" || m.At != 1795426425000 {
		t.Errorf("%+v, %v", m, err)
	}
	for _, f := range files {
		in, _ := f.Open()
		want, _ := io.ReadAll(io.LimitReader(in, f.Size))
		path := filepath.Join(into, f.Name)
		got, err := os.ReadFile(path)
		fi, statErr := os.Stat(path)
		if err != nil || statErr != nil || !bytes.Equal(got, want) || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes of %d, %v", f.Name, len(got), len(want), err)
		}
	}
}

// TestWriteRefuses: what could not be read back is not written.
func TestWriteRefuses(t *testing.T) {
	short := source(logName, "x")
	short.Size = 1000
	for name, files := range map[string][]Source{
		"a root key": {source(configName, ""), source("root.key", "x")},
		"a session": {source(configName, ""),
			source("sessions/ca9f3933a70920b4b9e924466b460071.json", "x")},
		"an approval":    {source(configName, ""), source("approvals/ca9f.json", "x")},
		"a log that was": {source(configName, ""), short}, // cut meanwhile
		"too large":      {{configName, 5 << 20, nil}},
	} {
		if err := Write(io.Discard, key, backup.Manifest{}, files); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func TestExtractRefuses(t *testing.T) {
	config := entry{name: configName, text: "version: 1\n"}
	good := archive(t, config, entry{name: logName, text: "line\n"})
	sum := sha256.Sum256([]byte(config.text))
	whole := entry{
		name: manifestName,
		text: string(backup.Manifest{
			Files: []backup.File{{Name: configName, Bytes: 11, SHA256: hex.EncodeToString(
				sum[:])}}}.Encode(key)),
	}
	other := []entry{
		config,
		{name: manifestName, text: string(backup.Manifest{
			Files: []backup.File{{Name: configName, Bytes: 11, SHA256: "00"}}}.Encode(key))},
	}
	for name, data := range map[string][]byte{
		"empty":          {},
		"no gzip":        []byte("version: 1\n"),
		"no manifest":    packed(t, config),
		"no config":      archive(t, entry{name: logName, text: "x"}),
		"config second":  archive(t, entry{name: logName, text: "x"}, config),
		"nothing":        archive(t),
		"upward":         archive(t, config, entry{name: "../evil", text: "x"}),
		"upward, empty":  archive(t, config, entry{name: "../evil"}),
		"upward in logs": archive(t, config, entry{name: "logs/../../evil", text: "x"}),
		"absolute":       archive(t, config, entry{name: "/tmp/evil", text: "x"}),
		"another name":   archive(t, config, entry{name: "evil", text: "x"}),
		"a key":          archive(t, config, entry{name: "v.key", text: "x"}),
		"a session": archive(t, config,
			entry{name: "sessions/ca9f3933a70920b4b9e924466b460071.json", text: "x"}),
		"an answer":     archive(t, config, entry{name: "approvals/ca9f.answer", text: "x"}),
		"a lock":        archive(t, config, entry{name: ".lock", text: "x"}),
		"log of no day": archive(t, config, entry{name: "logs/2026-13-99.cli.jsonl", text: "x"}),
		"a directory":   archive(t, config, entry{name: "logs/", kind: tar.TypeDir}),
		"a symbolic link": archive(t, config,
			entry{name: logName, text: "/etc/passwd", kind: tar.TypeSymlink}),
		"a hard link": archive(t, config,
			entry{name: logName, text: configName, kind: tar.TypeLink}),
		"a pipe":   archive(t, config, entry{name: logName, kind: tar.TypeFifo}),
		"a device": archive(t, config, entry{name: logName, kind: tar.TypeChar}),
		"twice": archive(t, config, entry{name: logName, text: "x"},
			entry{name: logName, text: "x"}),
		"too large": archive(t, entry{name: configName, text: strings.Repeat("#", 5<<20)}),
		"a large state": archive(t, config,
			entry{name: "LOCKED", text: strings.Repeat("#", 2<<20)}),
		"a log of a TiB":   packed(t, config, entry{name: logName, size: 1 << 40}),
		"another manifest": packed(t, other...),
		"other version": packed(t, config,
			entry{name: manifestName, text: `{"v":2,"kind":"backup"}`}),
		"after it":        packed(t, config, whole, entry{name: logName, text: "x"}),
		"two manifests":   packed(t, config, whole, whole),
		"a second stream": append(bytes.Clone(good), good...),
		"a tail":          append(bytes.Clone(good), 0),
	} {
		dir := t.TempDir()
		into := filepath.Join(dir, "into")
		if err := os.Mkdir(into, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, signed, err := Extract(bytes.NewReader(data), into); !errors.Is(err, ErrBackup) ||
			signed != nil && name != "another manifest" && name != "no config" &&
				name != "config second" && name != "nothing" {
			t.Errorf("%s: %v", name, err)
		}
		outside(t, name, dir)
	}
	for i := range good { // cut or damaged anywhere
		if _, _, err := Extract(bytes.NewReader(good[:i]), t.TempDir()); !errors.Is(err,
			ErrBackup) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
}

// outside fails if there is anything outside of the given directory.
func outside(t *testing.T, name, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		rel, _ := filepath.Rel(dir, path)
		if rel != "." && rel != "into" &&
			!strings.HasPrefix(rel, "into"+string(filepath.Separator)) ||
			d.Type()&fs.ModeSymlink != 0 {
			t.Errorf("%s: made %s", name, rel)
		}
		return nil
	})
}

func FuzzExtract(f *testing.F) {
	memory := "" // Extract syncs each file, which takes longest on a disk
	if _, err := os.Stat("/dev/shm"); err == nil {
		memory = "/dev/shm"
	}
	f.Add(archive(f, entry{name: configName, text: "version: 1\n"},
		entry{name: logName, text: "line\n"}, entry{name: "LOCKED"}))
	f.Add(archive(f, entry{name: "../evil", text: "x"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, err := os.MkdirTemp(memory, "janee-fuzz-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		into := filepath.Join(dir, "into")
		if err := os.Mkdir(into, 0o700); err != nil {
			t.Fatal(err)
		}
		m, _, err := Extract(bytes.NewReader(data), into)
		outside(t, "fuzz", dir)
		if err == nil && (len(m.Files) == 0 || m.Files[0].Name != configName) {
			t.Errorf("%+v", m)
		}
	})
}
