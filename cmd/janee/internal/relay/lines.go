package relay

import (
	"bufio"
	"errors"
	"io"
)

// maxLine is the size from which a line of the client goes on in pieces, in bytes. The daemon
// refuses such a line, so nothing in it matters here.
const maxLine = 8<<20 + 4096

// piece is a line with its end, or a part of one that is too long.
type piece struct {
	text  []byte
	first bool // it begins a line
	whole bool // it is a whole line
}

// pieces sends what in holds until it ends or stop is closed. A Read cannot be interrupted, so the
// goroutine may stay in one until in is closed.
func pieces(in io.Reader, stop <-chan struct{}) <-chan piece {
	out := make(chan piece)
	go func() {
		defer close(out)
		r := bufio.NewReaderSize(in, 64<<10)
		for first := true; ; {
			text, ended, err := next(r)
			p := piece{text, first, first && ended}
			first = ended
			if len(text) > 0 {
				select {
				case out <- p:
				case <-stop:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// next reads a line, or as much of it as may be read at once. The last line of an input may lack
// its end, which is added.
func next(r *bufio.Reader) (text []byte, ended bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(text) > maxLine {
				return text, false, nil
			}
		default:
			if len(text) > 0 {
				text = append(text, '\n')
			}
			return text, true, err
		}
	}
}
