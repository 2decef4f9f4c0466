package mcpserver

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errLineTooLong says that a line was over the limit and has been skipped. The next line can be
// read.
var errLineTooLong = errors.New("line too long")

// lineReader splits a stream into lines and never holds more than max bytes of one.
type lineReader struct {
	in  *bufio.Reader
	max int
}

func newLineReader(in io.Reader, max int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), max: max}
}

// next returns the next line that is not blank, without its end, in a slice that the caller may
// keep. The last line may lack its end (printf without \n). The error is errLineTooLong, io.EOF or
// the reader's own.
func (r *lineReader) next() ([]byte, error) {
	for {
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		if line = trimmed(line); len(line) > 0 {
			return line, nil
		}
	}
}

// trimmed removes the blanks around a message and a byte order mark before it, which PowerShell
// pipes and a reader may ignore (RFC 8259 §8.1).
func trimmed(line []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(line), []byte("\ufeff")))
}

func (r *lineReader) line() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := r.in.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(bytes.TrimRight(part, "\r\n")) > r.max; tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLineTooLong
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		}
		return line, err
	}
}

// input is what the reading goroutine sends to the loop: a line, or why there is none.
type input struct {
	line []byte
	err  error
}

// readLines sends every line until the stream ends or stop closes. It starts a goroutine because a
// Read cannot be interrupted: after a shutdown the goroutine may stay in one Read until the stream
// is closed.
func readLines(in io.Reader, max int, stop <-chan struct{}) <-chan input {
	lines := make(chan input)
	go func() {
		for r := newLineReader(in, max); ; {
			line, err := r.next()
			select {
			case lines <- input{line, err}:
			case <-stop:
				return
			}
			if err != nil && !errors.Is(err, errLineTooLong) {
				return
			}
		}
	}()
	return lines
}
