package upstream

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/true-and-useful/janee/core/wire"
)

// encode applies codings in order; "raw" is deflate without its zlib wrapping.
func encode(t testing.TB, data []byte, codings ...string) []byte {
	for _, name := range codings {
		var out bytes.Buffer
		var w io.WriteCloser
		switch name {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "zlib":
			w = zlib.NewWriter(&out)
		case "raw":
			w, _ = flate.NewWriter(&out, 6)
		case "br":
			w = brotli.NewWriter(&out)
		case "zstd":
			w, _ = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = out.Bytes()
	}
	return data
}

func encoded(
	t testing.TB, contentEncoding string, body []byte,
) (origin string, accepted func() int) {
	return always(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nDigest: x\r\n"+
		"ETag: \"e\"\r\nContent-Length: %d\r\n\r\n%s", contentEncoding, len(body), body))
}

// sample is 300 kB of text, so that it comes in several chunks.
var sample = []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. 0123456789\n",
	5500))

func TestDecoding(t *testing.T) {
	two := append(encode(t, sample[:1000], "gzip"), encode(t, sample[1000:], "gzip")...)
	for name, tt := range map[string]struct {
		header string
		body   []byte
	}{
		"gzip":             {"gzip", encode(t, sample, "gzip")},
		"upper case":       {"GZip", encode(t, sample, "gzip")},
		"x-gzip":           {"x-gzip", encode(t, sample, "gzip")},
		"two members":      {"gzip", two},
		"zlib":             {"deflate", encode(t, sample, "zlib")},
		"raw deflate":      {"deflate", encode(t, sample, "raw")},
		"br":               {"br", encode(t, sample, "br")},
		"zstd":             {"zstd", encode(t, sample, "zstd")},
		"gzip twice":       {"gzip, gzip", encode(t, sample, "gzip", "gzip")},
		"two lines":        {"gzip\r\nContent-Encoding: br", encode(t, sample, "gzip", "br")},
		"zstd in deflate":  {"zstd,deflate", encode(t, sample, "zstd", "zlib")},
		"identity counted": {"identity, gzip, , identity, br", encode(t, sample, "gzip", "br")},
	} {
		t.Run(name, func(t *testing.T) {
			origin, accepted := encoded(t, tt.header, tt.body)
			c := newClient(t)
			for range 2 {
				out, r := do(t, c, request("GET", origin, "/"))
				want(t, out, "", "")
				if !bytes.Equal(r.body, sample) || r.chunk > chunkSize || out.Truncated {
					t.Errorf("%d bytes in chunks up to %d", len(r.body), r.chunk)
				}
				if fmt.Sprint(r.headers) != `[{Etag "e"}]` {
					t.Errorf("headers %v", r.headers)
				}
			}
			if accepted() != 1 {
				t.Errorf("%d connections: the body was not read to its end", accepted())
			}
		})
	}
}

// TestRepetitiveReply decodes 8 MiB of equal rows, some 300 to 1, which is not a bomb.
func TestRepetitiveReply(t *testing.T) {
	rows := bytes.Repeat([]byte(`{"id":0,"value":null,"unit":"ms"},`), 250_000)
	origin, _ := encoded(t, "gzip", encode(t, rows, "gzip"))
	x := request("GET", origin, "/")
	x.MaxBody = 10 << 20
	out, r := do(t, newClient(t), x)
	want(t, out, "", "")
	if !bytes.Equal(r.body, rows) || out.Truncated {
		t.Errorf("%d bytes of %d", len(r.body), len(rows))
	}
}

func TestIdentityKeepsItsHeaders(t *testing.T) {
	origin, _ := encoded(t, "identity", []byte("hi"))
	out, r := do(t, newClient(t), request("GET", origin, "/"))
	want(t, out, "", "")
	if v, _ := wire.Get(r.headers, "Content-Length"); string(r.body) != "hi" || v != "2" {
		t.Errorf("%q, length %s", r.body, v)
	}
}

func TestEncodedButEmpty(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, gzip"} {
		origin, _ := always(t, "HTTP/1.1 200 OK\r\nContent-Encoding: "+coding+"\r\n\r\n")
		out, r := do(t, newClient(t), request("GET", origin, "/"))
		want(t, out, "", "")
		if len(r.body) != 0 {
			t.Errorf("%s: %q", coding, r.body)
		}
	}
}

func TestUnscannable(t *testing.T) {
	gz := encode(t, sample, "gzip")
	flipped := bytes.Clone(gz)
	flipped[len(flipped)-6] ^= 1 // the checksum
	for name, tt := range map[string]struct {
		header string
		body   []byte
		detail string
		heads  int
	}{
		"unknown":       {"compress", gz, "the reply has an unknown Content-Encoding", 0},
		"unknown inner": {"secret, gzip", gz, "the reply has an unknown Content-Encoding", 0},
		"three layers": {"gzip, gzip, gzip", encode(t, sample, "gzip", "gzip", "gzip"),
			"the reply is encoded more than twice", 0},
		"plain as gzip":    {"gzip", sample, errDamaged.detail, 1},
		"plain as deflate": {"deflate", sample, errDamaged.detail, 1},
		"plain as br":      {"br", bytes.Repeat([]byte{0xff}, 99), errDamaged.detail, 1},
		"plain as zstd":    {"zstd", sample, errDamaged.detail, 1},
		"checksum":         {"gzip", flipped, errDamaged.detail, 1},
		"one byte":         {"deflate", []byte{0x78}, errDamaged.detail, 1},
		"cut gzip":         {"gzip", gz[:len(gz)-9], errDamaged.detail, 1},
		"cut br":           {"br", encode(t, sample, "br")[:40], errDamaged.detail, 1},
		"cut zstd":         {"zstd", encode(t, sample, "zstd")[:60], errDamaged.detail, 1},
		"cut inside":       {"gzip, br", encode(t, gz[:99], "br"), errDamaged.detail, 1},
		"bytes after gzip": {"gzip", append(bytes.Clone(gz), "secret"...), errDamaged.detail, 1},
		"bytes after zlib": {"deflate", append(encode(t, sample, "zlib"), "secret"...),
			errDamaged.detail, 1},
		"bytes after raw": {"deflate", append(encode(t, sample, "raw"), "secret"...),
			errDamaged.detail, 1},
		"bytes after br": {"br", append(encode(t, sample, "br"), "secret"...),
			errDamaged.detail, 1},
		"hidden inside": {"deflate, gzip", encode(t,
			append(encode(t, sample, "zlib"), "secret"...), "gzip"), errDamaged.detail, 1},
		// A frame whose window is 1 GiB (RFC 8878 section 3.1.1.1.2), then one raw block.
		"zstd window": {"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x09, 0x00, 0x00, 'a'},
			errDamaged.detail, 1},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := encoded(t, tt.header, tt.body)
			out, r := do(t, newClient(t), request("GET", origin, "/"))
			want(t, out, Unscannable, tt.detail)
			if r.heads != tt.heads {
				t.Errorf("%d heads", r.heads)
			}
		})
	}
}

// TestBombs sends 16 MiB folded up. Where MaxBody is larger the ratio stops it; the inner layer of
// the last one gives nothing that MaxBody could see.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 16<<20)
	gz := encode(t, zeros, "gzip")
	empty := encode(t, nil, "gzip")
	for name, tt := range map[string]struct {
		header string
		body   []byte
	}{
		"gzip":         {"gzip", gz},
		"zlib":         {"deflate", encode(t, zeros, "zlib")},
		"br":           {"br", encode(t, zeros, "br")},
		"zstd":         {"zstd", encode(t, zeros, "zstd")},
		"gzip in gzip": {"gzip, gzip", encode(t, gz, "gzip")},
		"empty members": {"gzip, gzip",
			encode(t, bytes.Repeat(empty, len(zeros)/len(empty)), "gzip")},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := encoded(t, tt.header, tt.body)
			x, got := request("GET", origin, "/"), 0
			x.MaxBody = 1 << 40
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			out := newClient(t).Do(t.Context(), x,
				&reply{onChunk: func(p []byte) error { got += len(p); return nil }})
			runtime.ReadMemStats(&after)
			want(t, out, Unscannable, errBomb.detail)
			if used := after.TotalAlloc - before.TotalAlloc; got > 8<<20 || used > 48<<20 {
				t.Errorf("delivered %d bytes, allocated %d", got, used)
			}
			if name == "empty members" {
				return
			}
			x.MaxBody = 1 << 18
			out, r := do(t, newClient(t), x)
			want(t, out, "", "")
			if !out.Truncated || len(r.body) != 1<<18 {
				t.Errorf("%d bytes, truncated %v", len(r.body), out.Truncated)
			}
		})
	}
}

// TestPanicInADecoder stands for a fault in code that is not ours.
func TestPanicInADecoder(t *testing.T) {
	resp := &http.Response{Header: http.Header{"Content-Encoding": {"gzip"}},
		Body: io.NopCloser(strings.NewReader("x"))}
	d, err := newDecoder(resp)
	if err != nil {
		t.Fatal(err)
	}
	d.layers[0].out = panicky{}
	if _, err := d.Read(make([]byte, 1)); err != errDamaged {
		t.Errorf("err = %v", err)
	}
}

type panicky struct{}

func (panicky) Read([]byte) (int, error) { panic("index out of range") }

// FuzzDecoder: whatever arrives, a reply ends, within its limits, as bytes or as a known fault.
func FuzzDecoder(f *testing.F) {
	for _, coding := range []string{"gzip", "zlib", "raw", "br", "zstd"} {
		f.Add(coding, encode(f, sample[:200], coding))
	}
	f.Add("gzip, br", encode(f, sample[:200], "gzip", "br"))
	f.Fuzz(func(t *testing.T, coding string, data []byte) {
		resp := &http.Response{Header: http.Header{"Content-Encoding": {coding}},
			Body: io.NopCloser(bytes.NewReader(data))}
		d, err := newDecoder(resp)
		if err == nil {
			defer d.Close()
			r := &reply{heads: 1}
			_, err = pump(t.Context(), &d, 1<<20, r)
			if len(r.body) > 1<<20 {
				t.Fatalf("%d bytes delivered", len(r.body))
			}
		}
		if err != nil && ended(err).Err != Unscannable {
			t.Fatalf("err = %v", err)
		}
	})
}

// TestCodings runs the list that the plugin's sender is held to as well.
func TestCodings(t *testing.T) {
	data, err := os.ReadFile("../../../../core/testdata/codings.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Text  string
		Cases []struct {
			ID, Want string
			Header   []string
			Body     []byte `json:"body_b64"`
		}
	}
	if err := json.Unmarshal(data, &list); err != nil || len(list.Cases) < 80 {
		t.Fatalf("%d cases, %v", len(list.Cases), err)
	}
	for _, c := range list.Cases {
		t.Run(c.ID, func(t *testing.T) {
			answer := "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(c.Body)) + "\r\n"
			for _, v := range c.Header {
				answer += "Content-Encoding: " + v + "\r\n"
			}
			origin, _ := always(t, answer+"\r\n"+string(c.Body))
			x := request("GET", origin, "/")
			x.MaxBody = 1 << 40
			out, r := do(t, newClient(t), x)
			kind, body := map[string]string{"text": "", "empty": "",
				"unscannable": Unscannable}[c.Want], map[string]string{"text": list.Text}[c.Want]
			if want(t, out, kind, ""); kind == "" && string(r.body) != body {
				t.Errorf("%d bytes of %d", len(r.body), len(body))
			}
		})
	}
}
