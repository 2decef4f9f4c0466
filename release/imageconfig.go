package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	dockerimage "github.com/true-and-useful/janee/internal/image"
)

// serverName is the name in the MCP registry, which looks for it in packages and in a label of
// images to see that they are the same owner's.
//
// https://modelcontextprotocol.io/registry/package-types
const serverName = "io.github.true-and-useful/janee"

// runConfig says how the image runs: as that of the Dockerfile. Both types have the JSON of OCI.
func (r *Release) runConfig() (run v1.Config, err error) {
	dockerfile, err := os.ReadFile(filepath.Join(r.Root, "Dockerfile"))
	if err != nil {
		return run, err
	}
	read, err := dockerimage.Read(string(dockerfile))
	if err != nil {
		return run, err
	}
	text, err := json.Marshal(read)
	if err != nil {
		return run, err
	}
	return run, json.Unmarshal(text, &run)
}

// labels are those of https://github.com/opencontainers/image-spec/blob/main/annotations.md.
func (r *Release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":         "Janee",
		"org.opencontainers.image.description":   summary,
		"org.opencontainers.image.version":       r.Version,
		"org.opencontainers.image.revision":      r.Commit,
		"org.opencontainers.image.created":       r.Time.UTC().Format(time.RFC3339),
		"org.opencontainers.image.source":        homepage,
		"org.opencontainers.image.url":           homepage,
		"org.opencontainers.image.documentation": homepage + "/blob/main/docs/containers.md",
		"org.opencontainers.image.licenses":      "MIT",
		"io.modelcontextprotocol.server.name":    serverName,
	}
}
