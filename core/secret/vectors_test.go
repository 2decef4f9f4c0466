package secret

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/true-and-useful/janee/internal/vectors"
)

type scrubCase struct {
	ID, Tier, Source, Note string
	Secrets                []string
	ContentType            string            `json:"content_type"`
	ContentEncoding        string            `json:"content_encoding"`
	ResponseHeaders        map[string]string `json:"response_headers"`
	Chunks                 [][]byte          `json:"chunks_b64"`
	MustNotContain         []string          `json:"must_not_contain"`
	MustContain            []string          `json:"must_contain"`
}

// TestVectorsScrub: cases of both tiers must hold.
func TestVectorsScrub(t *testing.T) {
	for _, c := range vectors.Load[scrubCase](t, "scrub", 31) {
		t.Run(c.ID, func(t *testing.T) { checkScrub(t, c) })
	}
}

func checkScrub(t *testing.T, c scrubCase) {
	s := NewScrubber(texts(c.Secrets)...)
	var seen strings.Builder
	for name, value := range c.ResponseHeaders {
		clean, _ := s.Clean(value)
		fmt.Fprintf(&seen, "%s: %s\n", name, clean)
	}
	stream := s.Stream()
	for _, chunk := range decoded(t, c) {
		seen.Write(stream.Write(chunk, false))
	}
	seen.Write(stream.Write(nil, true))
	for _, bad := range c.MustNotContain {
		if strings.Contains(seen.String(), bad) {
			t.Errorf("%q holds %q", seen.String(), bad)
		}
	}
	for _, good := range c.MustContain {
		if !strings.Contains(seen.String(), good) {
			t.Errorf("%q does not hold %q", seen.String(), good)
		}
	}
}

// decoded undoes the content encodings, last first, which is the shell's part of the work.
func decoded(t *testing.T, c scrubCase) [][]byte {
	if c.ContentEncoding == "" {
		return c.Chunks
	}
	var r io.Reader = bytes.NewReader(bytes.Join(c.Chunks, nil))
	for _, encoding := range slices.Backward(strings.Split(c.ContentEncoding, ", ")) {
		switch encoding {
		case "gzip":
			z, err := gzip.NewReader(r)
			if err != nil {
				t.Fatal(err)
			}
			r = z
		case "br":
			r = brotli.NewReader(r)
		default:
			t.Fatalf("unknown content encoding %q", encoding)
		}
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{body}
}

func texts(secrets []string) []Text {
	var all []Text
	for _, s := range secrets {
		all = append(all, New(s))
	}
	return all
}
