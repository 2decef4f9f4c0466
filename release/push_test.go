package main

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// The workflow publishes the image with this command. A registry then has one list of images under
// the version, the same as in the release.
func TestImageCanBePushed(t *testing.T) {
	r := built(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag := strings.TrimPrefix(server.URL, "http://") + "/janee:" + r.Version
	output(t, "go", "tool", "crane", "push", r.path("oci"), tag)
	at, err := name.ParseReference(tag)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(at)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pushed.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := r.index(t).Digest(); err != nil || got != want {
		t.Errorf("the registry has %v, the release %v (%v)", got, want, err)
	}
}
