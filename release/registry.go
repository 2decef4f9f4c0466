package main

import (
	"path/filepath"
)

// registryPackage is one way to install Janee, as the MCP registry lists it.
type registryPackage struct {
	Type        string // npm, oci or mcpb
	URL, SHA256 string // of an MCP bundle
}

// registryEntry writes OUT/server.json, which `mcp-publisher publish` takes, with the packages that
// the release has. The tag of an image is its version: the registry refuses both.
//
// https://github.com/modelcontextprotocol/registry/blob/main/docs/reference/server-json
func registryEntry(r *Release) error {
	var packages []registryPackage
	for _, kind := range []struct{ name, pattern string }{
		{"npm", "npm/true-and-useful-janee-" + r.Version + ".tgz"},
		{"oci", "oci/index.json"},
		{"mcpb", "*.mcpb"},
	} {
		found, err := filepath.Glob(r.path(kind.pattern))
		if err != nil {
			return err
		}
		for _, name := range found {
			p := registryPackage{Type: kind.name, URL: r.download(filepath.Base(name))}
			if p.SHA256, err = sha256Of(name); err != nil {
				return err
			}
			packages = append(packages, p)
		}
	}
	return r.fill("server.json", map[string]any{"Name": serverName, "Summary": summary,
		"Repository": homepage, "Version": r.Version, "Packages": packages})
}
