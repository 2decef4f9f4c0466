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
	maxLine    = 16 << 20 // no chain writes one that long
)

var errLongLine = errors.New("a line without an end")

// file is one log file: the lines of one writer on one day (UTC). A file that is full is followed
// by the next part of its day, from 1.
type file struct {
	day, writer, path string
	part              int
}

// fileName is DAY.WRITER.jsonl, and DAY.WRITER.p0002.jsonl for the second part: "p" sorts behind
// "jsonl", so a listing is in the order of writing.
func fileName(day, writer string, part int) string {
	if part > 1 {
		writer += fmt.Sprintf(".p%04d", part)
	}
	return day + "." + writer + suffix
}

func dayOf(t time.Time) string { return t.UTC().Format(dayLayout) }

// list returns the log files of h by day, then by writer, then by part, and the names of what lies
// in the directory that no janee has put there.
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

// AnchorFile lies beside the log and says what came of anchoring it last. Package anchor keeps it.
const AnchorFile = ".anchor"

// ours tells files beside the log: the reserve, what was anchored, and those that live for a
// moment.
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
	// one spelling of a number
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

// eachLine calls do with each line of f and its number from 1, without line feed, until do returns
// false. whole is false for a last line that has no line feed: its writer was killed, or is about
// to finish it. Lines written meanwhile are left out: a busy writer would be chased for ever. Of a
// line that is longer than any that a chain writes, text is a beginning of more than maxLine bytes.
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

// rest reads what is there of a line that has begun, and returns its length with its line feed;
// io.EOF if it has none.
func rest(lines *bufio.Reader) (n int64, err error) {
	for {
		part, err := lines.ReadSlice('\n')
		n += int64(len(part))
		if err != bufio.ErrBufferFull {
			return n, err
		}
	}
}

// readLine returns the next line without its line feed, and io.EOF with what remains where there is
// none. It bounds the memory a line takes: of a longer one it returns the beginning and
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
