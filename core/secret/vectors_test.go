package secret

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

const scrubCases = 31

type scrubVectors struct {
	Set, About string
	Cases      []scrubCase
}

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

// TestVectorsScrub reads scrub.json from JANEE_VECTORS, or from this module. Cases of both tiers must hold.
func TestVectorsScrub(t *testing.T) {
	dir := cmp.Or(os.Getenv("JANEE_VECTORS"), "../testdata/vectors")
	data, err := os.ReadFile(filepath.Join(dir, "scrub.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v scrubVectors
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Cases {
		t.Run(c.ID, func(t *testing.T) { checkScrub(t, c) })
	}
	t.Logf("%d cases of %s", len(v.Cases), dir)
	if os.Getenv("JANEE_VECTORS") == "" && len(v.Cases) != scrubCases {
		t.Errorf("%d cases, want %d", len(v.Cases), scrubCases)
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
