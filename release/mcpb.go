package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

//go:embed mcpb/manifest.json
var bundleManifest []byte

// bundle is an MCP Bundle, which Claude Desktop installs without a terminal. A manifest names
// systems but no processors, so there is one bundle for each system: macOS gets one program for
// both of its processors, and Windows on arm64 runs the program for amd64.
//
// https://github.com/anthropics/mcpb/blob/main/MANIFEST.md
type bundle struct {
	name   string     // OS_ARCH, for the file
	system string     // as Node names it
	from   []Platform // whose programs it holds, joined where there are two
}

var bundles = []bundle{
	{"linux_amd64", "linux", []Platform{{"linux", "amd64"}}},
	{"darwin_universal", "darwin", []Platform{{"darwin", "amd64"}, {"darwin", "arm64"}}},
	{"windows_amd64", "win32", []Platform{{"windows", "amd64"}}},
}

// mcpBundles writes OUT/janee_VERSION_OS_ARCH.mcpb for each system whose programs are built.
func mcpBundles(r *Release) error {
	for _, b := range bundles {
		if !r.has(b.from) {
			continue
		}
		text, err := b.pack(r)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		name := fmt.Sprintf("janee_%s_%s.mcpb", r.Version, b.name)
		if err := os.WriteFile(r.path(name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether the release is for all of these platforms.
func (r *Release) has(all []Platform) bool {
	return !slices.ContainsFunc(all, func(p Platform) bool {
		return !slices.Contains(r.Platforms, p)
	})
}

func (b bundle) pack(r *Release) ([]byte, error) {
	program, err := b.program(r)
	if err != nil {
		return nil, err
	}
	entry := "server/" + b.from[0].Program()
	manifest, err := b.manifest(r.Version, entry)
	if err != nil {
		return nil, err
	}
	files := []File{{"manifest.json", 0o644, manifest}, {entry, 0o755, program}}
	return zipped(append(files, r.named("LICENSE", noticesName)...), r.Time)
}

func (b bundle) program(r *Release) ([]byte, error) {
	var programs [][]byte
	for _, p := range b.from {
		text, err := os.ReadFile(r.binary(p))
		if err != nil {
			return nil, err
		}
		programs = append(programs, text)
	}
	if len(programs) == 2 {
		return universal(programs[0], programs[1])
	}
	return programs[0], nil
}

// manifest fills in what differs between versions and systems.
func (b bundle) manifest(version, entry string) ([]byte, error) {
	var m map[string]any
	if err := json.Unmarshal(bundleManifest, &m); err != nil {
		return nil, err
	}
	m["version"] = version
	m["compatibility"] = map[string]any{"platforms": []string{b.system}}
	m["server"] = map[string]any{
		"type": "binary", "entry_point": entry,
		"mcp_config": map[string]any{
			"command": "${__dirname}/" + entry, "args": []string{"serve"},
		},
	}
	return json.MarshalIndent(m, "", "  ")
}
