package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image writes the container image for every Linux platform as an OCI image layout, OUT/oci, which
// `crane push` and `skopeo copy` take. Manifests and configurations have the media types of Docker:
// Podman reads the health check of no other, and every engine takes these.
//
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
func image(r *Release) error {
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	found := false
	for _, p := range r.Platforms {
		if p.OS != "linux" {
			continue
		}
		found = true
		one, err := r.imageFor(p)
		if err != nil {
			return fmt.Errorf("image for %s: %w", p.Arch, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: one,
			Descriptor: v1.Descriptor{
				Platform: &v1.Platform{OS: p.OS, Architecture: p.Arch}}})
	}
	if !found {
		return nil
	}
	to, err := layout.Write(r.path("oci"), empty.Index)
	if err != nil {
		return err
	}
	return to.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.Version}))
}

func (r *Release) imageFor(p Platform) (v1.Image, error) {
	program, err := os.ReadFile(r.binary(p))
	if err != nil {
		return nil, err
	}
	run, err := r.runConfig()
	if err != nil {
		return nil, err
	}
	layer, err := imageLayer(r.imageFiles(program, slices.Sorted(maps.Keys(run.Volumes))), r.Time)
	if err != nil {
		return nil, err
	}
	at := v1.Time{Time: r.Time.UTC()}
	one, err := mutate.Append(empty.Image, mutate.Addendum{Layer: layer,
		History: v1.History{Created: at, CreatedBy: "make release"}})
	if err != nil {
		return nil, err
	}
	c, err := one.ConfigFile()
	if err != nil {
		return nil, err
	}
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Created, c.Config = p.OS, p.Arch, at, run
	c.Config.Labels = r.labels()
	return mutate.ConfigFile(one, c)
}
