package auditlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxCounted is how much of a log is read to count its lines, in bytes.
const maxCounted = 64 << 20

// Size is the size of a log. Lines is counted in the newest files and, if Estimated, extrapolated
// to the rest from the average length of a line.
type Size struct {
	Bytes, Lines int64
	Estimated    bool
}

// Measure returns the size of the log. It reads at most 64 MiB, however large the log is.
func Measure(h Dir) (Size, error) { return measure(h, maxCounted) }

func measure(h Dir, most int64) (Size, error) {
	files, _, err := list(h)
	if err != nil {
		return Size{}, err
	}
	var s Size
	var read int64
	for i := len(files) - 1; i >= 0; i-- {
		size, n, lines, err := countLines(h, files[i], most-read)
		if err != nil {
			return Size{}, err
		}
		s.Bytes, s.Lines, read = s.Bytes+size, s.Lines+lines, read+n
	}
	if read < s.Bytes && read > 0 {
		s.Estimated = true
		s.Lines = int64(float64(s.Lines) * float64(s.Bytes) / float64(read))
	}
	return s, nil
}

// countLines counts the lines in the first most bytes of f.
func countLines(h Dir, f file, most int64) (size, read, lines int64, err error) {
	in, fi, err := h.Guard().OpenFile(f.path, os.O_RDONLY)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("measure audit log: %w", err)
	}
	defer in.Close()
	buffer := make([]byte, 256<<10)
	part := io.LimitReader(in, min(most, fi.Size())) // without what is written meanwhile
	for {
		n, err := part.Read(buffer)
		read += int64(n)
		lines += int64(bytes.Count(buffer[:n], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return fi.Size(), read, lines, nil
		}
		if err != nil {
			return 0, 0, 0, fmt.Errorf("measure audit log %q: %w", f.path, err)
		}
	}
}
