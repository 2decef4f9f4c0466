package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// index is the list of images of the release.
func (r *Release) index(t *testing.T) v1.ImageIndex {
	t.Helper()
	all, err := layout.ImageIndexFromPath(r.path("oci"))
	if err != nil {
		t.Fatal(err)
	}
	lists, err := partial.FindIndexes(all, match.MediaTypes(string(types.DockerManifestList)))
	if err != nil {
		t.Fatal(err)
	}
	if len(lists) != 1 {
		t.Fatalf("%d lists of images, not one", len(lists))
	}
	return lists[0]
}

func (r *Release) image(t *testing.T, p Platform) v1.Image {
	t.Helper()
	found, err := partial.FindImages(r.index(t),
		match.Platforms(v1.Platform{OS: p.OS, Architecture: p.Arch}))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 {
		t.Fatalf("%d images, not one", len(found))
	}
	return found[0]
}

func TestImageIsWhole(t *testing.T) {
	if err := validate.Index(built(t).index(t)); err != nil {
		t.Error(err)
	}
}

// Of the root, the user of the image can write the volumes and the directory for temporary files.
func TestImageHoldsWhatItNeeds(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		layers, err := r.image(t, p).Layers()
		if err != nil {
			t.Fatal(err)
		}
		if len(layers) != 1 {
			t.Fatalf("%d layers, not one", len(layers))
		}
		text, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		found := r.entries(t, text)
		if !bytes.Equal(found["usr/local/bin/janee"].data, read(t, r.binary(p))) {
			t.Error("the program is not that of the release")
		}
		for _, name := range []string{"LICENSE", noticesName} {
			if len(found["usr/share/licenses/janee/"+name].data) == 0 {
				t.Errorf("no %s", name)
			}
		}
		for name, e := range found {
			owner, mode := 0, int64(0o755)
			switch {
			case slices.Contains([]string{"data/", "key/", "token/"}, name):
				owner = nobody
			case name == "tmp/":
				mode = 0o1777
			case e.Typeflag == tar.TypeReg && name != "usr/local/bin/janee":
				mode = 0o644
			}
			if e.Uid != owner || e.Gid != owner || e.Mode != mode {
				t.Errorf("%s: %d:%d, mode %o", name, e.Uid, e.Gid, e.Mode)
			}
		}
	})
}

func TestImageSaysWhatItIs(t *testing.T) {
	r := built(t)
	r.on(t, "linux", func(t *testing.T, p Platform) {
		c, err := r.image(t, p).ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if c.Config.User != "65532:65532" || len(c.Config.Volumes) == 0 ||
			!slices.Equal(c.Config.Healthcheck.Test, []string{"CMD", "janee", "health"}) {
			t.Errorf("it runs as %+v", c.Config)
		}
		if c.OS != p.OS || c.Architecture != p.Arch || !c.Created.Equal(r.Time) {
			t.Errorf("it is for %s/%s, of %v", c.OS, c.Architecture, c.Created)
		}
		for label, want := range map[string]string{
			"org.opencontainers.image.version":    r.Version,
			"org.opencontainers.image.revision":   r.Commit,
			"org.opencontainers.image.created":    r.Time.UTC().Format(time.RFC3339),
			"org.opencontainers.image.source":     "https://github.com/true-and-useful/janee",
			"org.opencontainers.image.licenses":   "MIT",
			"io.modelcontextprotocol.server.name": "io.github.true-and-useful/janee",
		} {
			if got := c.Config.Labels[label]; got != want {
				t.Errorf("label %s is %q, not %q", label, got, want)
			}
		}
	})
}

func TestRootsAreAuthorities(t *testing.T) {
	n := 0
	for block, rest := pem.Decode(roots()); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !c.IsCA {
			t.Errorf("%s is no authority", c.Subject)
		}
		n++
	}
	if n < 100 {
		t.Errorf("%d authorities: Mozilla trusts more than 100", n)
	}
}
