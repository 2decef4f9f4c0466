package upstream

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

const (
	maxLayers = 2
	// A layer may produce ratioSlack bytes plus a multiple of what came over the wire. Deflate
	// reaches 1032 to 1; a table of equal rows reaches about 400. The limit of an outer layer is
	// tight: it produces compressed data, which hardly shrinks, and MaxBody does not count what the
	// inner layer drops.
	maxRatio      = 512
	maxOuterRatio = 16
	ratioSlack    = 1 << 20
	zstdWindow    = 8 << 20 // RFC 9659 section 3
	zstdMemory    = 32 << 20
)

var errDamaged = &fault{Unscannable, "the reply does not decode as its Content-Encoding says"}
var errBomb = &fault{Unscannable, "the reply decodes to far more than was sent"}

// decoder reads a reply's body with its content codings undone. The zero value is an empty body.
type decoder struct {
	wire   *source
	layers []*layer // in the order in which they are undone
}

// newDecoder fails with Unscannable if the reply names an unknown coding, or more than two codings.
func newDecoder(resp *http.Response) (decoder, error) {
	names := codings(resp.Header)
	if len(names) > maxLayers {
		return decoder{}, &fault{Unscannable, "the reply is encoded more than twice"}
	}
	d := decoder{wire: &source{body: resp.Body}}
	var from io.Reader = d.wire
	// The coding that is named last was applied last (RFC 9110 section 8.4).
	for i := len(names) - 1; i >= 0; i-- {
		open, ok := openers[names[i]]
		if !ok {
			return decoder{}, &fault{Unscannable, "the reply has an unknown Content-Encoding"}
		}
		l := &layer{wire: d.wire, in: bufio.NewReader(from), open: open, ratio: maxOuterRatio}
		if i == 0 {
			l.ratio = maxRatio
		}
		d.layers, from = append(d.layers, l), l
	}
	return d, nil
}

func (d *decoder) decodes() bool { return len(d.layers) > 0 }

func (d *decoder) Read(p []byte) (int, error) {
	if d.wire == nil {
		return 0, io.EOF
	}
	if !d.decodes() {
		return d.wire.Read(p)
	}
	n, err := d.layers[len(d.layers)-1].Read(p)
	if err == io.EOF {
		err = d.drained()
	}
	return n, err
}

// drained returns io.EOF if every layer has been read to its end. Then all checksums are right,
// nothing is hidden behind them, and the connection can be used again.
func (d *decoder) drained() error {
	for i := len(d.layers) - 1; i >= 0; i-- {
		switch _, err := d.layers[i].in.ReadByte(); {
		case err == nil:
			return errDamaged
		case err != io.EOF:
			return err
		}
	}
	return io.EOF
}

// Close frees the decoders. It does not close the body.
func (d *decoder) Close() {
	for _, l := range d.layers {
		if l.close != nil {
			l.close()
		}
	}
}

// codings lists the content codings in the order in which they were applied.
func codings(h http.Header) []string {
	var list []string
	for name := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && name != "identity" {
			list = append(list, name)
		}
	}
	return list
}

// source is the body as it comes over the wire. It remembers its error, because a decoder hides a
// broken connection behind a complaint about the data.
type source struct {
	body io.Reader
	n    int64
	err  error
}

func (s *source) Read(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	n, s.err = s.body.Read(p)
	s.n += int64(n)
	return n, s.err
}

// layer undoes one coding. It opens at the first Read, so that the head is delivered before the
// body is waited for.
type layer struct {
	wire  *source
	in    *bufio.Reader
	open  func(*bufio.Reader) (io.Reader, func(), error)
	out   io.Reader
	close func()
	n     int64
	ratio int64 // most bytes out for each byte of the wire
}

func (l *layer) Read(p []byte) (n int, err error) {
	defer func() {
		// Hostile bytes must not end the process through decoders that we did not write.
		if recover() != nil {
			n, err = 0, errDamaged
		}
	}()
	if l.out == nil {
		if _, err := l.in.Peek(1); err != nil {
			return 0, err // io.EOF: some servers name a coding and send no body at all
		}
		if l.out, l.close, err = l.open(l.in); err != nil {
			return 0, l.blame(err)
		}
	}
	n, err = l.out.Read(p)
	if l.n += int64(n); l.n > ratioSlack+l.ratio*l.wire.n {
		return 0, errBomb
	}
	return n, l.blame(err)
}

// blame finds the cause of a decoder's error.
func (l *layer) blame(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case l.wire.err != nil && l.wire.err != io.EOF:
		return l.wire.err
	case errors.Is(err, errBomb):
		return errBomb
	}
	return errDamaged
}

var openers = map[string]func(*bufio.Reader) (io.Reader, func(), error){
	"gzip":    openGzip,
	"x-gzip":  openGzip, // RFC 9110 section 8.4.1.3
	"deflate": openDeflate,
	"br": func(in *bufio.Reader) (io.Reader, func(), error) {
		return brotli.NewReader(in), nil, nil
	},
	"zstd": openZstd,
}

func openGzip(in *bufio.Reader) (io.Reader, func(), error) {
	r, err := gzip.NewReader(in)
	return r, nil, err
}

// openDeflate reads zlib, which RFC 9110 section 8.4.1.2 asks for, and the bare deflate that some
// servers send instead: a zlib header is a multiple of 31 (RFC 1950 section 2.2).
func openDeflate(in *bufio.Reader) (io.Reader, func(), error) {
	head, err := in.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		r, err := zlib.NewReader(in)
		return r, nil, err
	}
	return flate.NewReader(in), nil, nil
}

func openZstd(in *bufio.Reader) (io.Reader, func(), error) {
	r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(zstdMemory))
	if err != nil {
		return nil, nil, err
	}
	return r, r.Close, nil
}
