package main

import (
	"bytes"
	"testing"
)

func TestLinksLeadToTheCommit(t *testing.T) {
	r := &Release{Commit: "0123abc"}
	text := "[a](docs/a.md#b-c), [b](#here), [c](https://example.com/x), [d](SECURITY.md)"
	want := "[a](" + homepage + "/blob/0123abc/docs/a.md#b-c), [b](#here), " +
		"[c](https://example.com/x), [d](" + homepage + "/blob/0123abc/SECURITY.md)"
	if got := r.withLinks([]byte(text)); string(got) != want {
		t.Errorf("%s", got)
	}
	readme := r.withLinks(read(t, "../README.md"))
	for _, dir := range []string{"](docs/", "](openclaw-plugin/"} {
		if bytes.Contains(readme, []byte(dir)) {
			t.Errorf("README.md has links to files that do not go with the program: %s", dir)
		}
	}
}
