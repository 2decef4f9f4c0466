package auditlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	dayLayout  = "2006-01-02"
	suffix     = ".jsonl"
	tornSuffix = ".torn"
	writerLen  = 8
	maxPart    = 9999
	maxLine    = 16 << 20 // bytes; no chain writes a line that long
)

var errLongLine = errors.New("a line without an end")

// file is one log file: the lines of one writer on one day (UTC). The parts of a day are numbered
// from 1; when one is full, the next one follows.
type file struct {
	day, writer, path string
	part              int
}

// fileName is DAY.WRITER.jsonl, and DAY.WRITER.p0002.jsonl for the second part. "p" sorts after
// "jsonl", so a listing is in the order of writing.
func fileName(day, writer string, part int) string {
	if part > 1 {
		writer += fmt.Sprintf(".p%04d", part)
	}
	return day + "." + writer + suffix
}

func dayOf(t time.Time) string { return t.UTC().Format(dayLayout) }

// list returns the log files of h by day, then by writer, then by part, and the names of other
// files in the directory that Janee did not write.
func list(h Dir) (files []file, foreign []string, err error) {
	entries, err := os.ReadDir(h.LogsPath()) // sorted by name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list the audit log: %w", err)
	}
	for _, e := range entries {
		f, ok := parseName(e.Name())
		if !ok {
			if _, ok = parseName(strings.TrimSuffix(e.Name(), tornSuffix)); !ok && !ours(e.Name()) {
				foreign = append(foreign, e.Name())
			}
			continue
		}
		f.path = filepath.Join(h.LogsPath(), e.Name())
		files = append(files, f)
	}
	return files, foreign, nil
}

// AnchorFile is the name of the file beside the log in which package anchor keeps the result of the
// last anchoring.
const AnchorFile = ".anchor"

// ours reports whether a file beside the log is one of Janee's: the reserve, the anchor file or a
// temporary file.
func ours(name string) bool {
	return name == reserveName || name == AnchorFile || strings.HasPrefix(name, ".tmp-")
}

func parseName(name string) (file, bool) {
	day, rest, _ := strings.Cut(name, ".")
	rest, ok := strings.CutSuffix(rest, suffix)
	writer, number, parted := strings.Cut(rest, ".p")
	if !ok ||
		writer != CLI && (len(writer) != writerLen ||
			strings.Trim(writer, "abcdefghijklmnopqrstuvwxyz234567") != "") {
		return file{}, false
	}
	f := file{day: day, writer: writer, part: 1}
	if parted {
		f.part, _ = strconv.Atoi(number)
	}
	_, err := time.Parse(dayLayout, day)
	// comparing with fileName allows only one spelling of the number
	return f, err == nil && f.part <= maxPart && name == fileName(day, writer, f.part)
}

// listWriters returns the files of each writer by day and part.
func listWriters(h Dir) (map[string][]file, error) {
	files, _, err := list(h)
	byWriter := map[string][]file{}
	for _, f := range files {
		byWriter[f.writer] = append(byWriter[f.writer], f)
	}
	return byWriter, err
}

// eachLine calls do with each line of f, without its line feed, and its number from 1, until do
// returns false. whole is false for a last line without a line feed: its writer was killed, or has
// not finished it. Lines that are written meanwhile are left out, as a busy writer would keep
// eachLine going forever. Of a line longer than any that a chain writes, text is the beginning, of
// more than maxLine bytes.
func eachLine(h Dir, f file, do func(n int, text []byte, whole bool) bool) error {
	in, fi, err := h.Guard().OpenFile(f.path, os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	defer in.Close()
	lines := bufio.NewReader(io.LimitReader(in, fi.Size()))
	for n := 1; ; n++ {
		text, err := readLine(lines)
		if errors.Is(err, errLongLine) {
			_, err = rest(lines)
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("read audit log %q: %w", f.path, err)
		}
		whole := err == nil
		if !whole && len(text) == 0 || !do(n, text, whole) || !whole {
			return nil
		}
	}
}

// eachPiece calls do with each line of in, and its number from 1.
func eachPiece(in io.Reader, do func(n int, text []byte)) error {
	lines := bufio.NewReader(in)
	for n := 1; ; n++ {
		text, err := readLine(lines)
		if errors.Is(err, errLongLine) {
			_, err = rest(lines)
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("read audit log: %w", err)
		}
		if err == nil || len(text) > 0 {
			do(n, text)
		}
		if err != nil {
			return nil
		}
	}
}

// rest reads the rest of a line and returns its length with the line feed, or io.EOF if it has no
// line feed.
func rest(lines *bufio.Reader) (n int64, err error) {
	for {
		part, err := lines.ReadSlice('\n')
		n += int64(len(part))
		if err != bufio.ErrBufferFull {
			return n, err
		}
	}
}

// readLine returns the next line without its line feed, or, if it has none, what remains and
// io.EOF. To bound memory, it returns only the beginning of a line that is too long, and
// errLongLine.
func readLine(in *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text[:len(text)-1], nil
		case err != bufio.ErrBufferFull:
			return text, err
		case len(text) > maxLine:
			return text, errLongLine
		}
	}
}
