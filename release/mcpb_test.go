package main

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// bundleFor packs a bundle around stand-ins for the programs, which are tested where they are
// built.
func bundleFor(t *testing.T, b bundle) *zip.ReadCloser {
	t.Helper()
	r := &Release{Version: "1.2.3", Root: "..", Out: t.TempDir(), Platforms: b.from,
		Time: time.Unix(1_700_000_000, 0)}
	for _, p := range b.from {
		text := []byte("program")
		if p.OS == "darwin" {
			text = program(t, p.Arch)
		}
		if err := os.MkdirAll(filepath.Dir(r.binary(p)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.binary(p), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := mcpBundles(r); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(r.path("janee_1.2.3_" + b.name + ".mcpb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

func TestBundleStartsTheProgramItHolds(t *testing.T) {
	for _, b := range bundles {
		t.Run(b.name, func(t *testing.T) {
			z := bundleFor(t, b)
			f, err := z.Open("manifest.json")
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				Version string
				Server  struct {
					EntryPoint string                   `json:"entry_point"`
					MCPConfig  struct{ Command string } `json:"mcp_config"`
				}
				Compatibility struct{ Platforms []string }
			}
			if err := json.NewDecoder(f).Decode(&m); err != nil {
				t.Fatal(err)
			}
			if m.Version != "1.2.3" ||
				!slices.Equal(m.Compatibility.Platforms, []string{b.system}) ||
				m.Server.MCPConfig.Command != "${__dirname}/"+m.Server.EntryPoint {
				t.Errorf("the manifest says %+v", m)
			}
			i := slices.IndexFunc(z.File, func(f *zip.File) bool {
				return f.Name == m.Server.EntryPoint
			})
			if i < 0 || z.File[i].Mode().Perm() != 0o755 {
				t.Errorf("%s is not a program of the bundle", m.Server.EntryPoint)
			}
		})
	}
}

func TestNoBundleWithoutEveryProgram(t *testing.T) {
	r := &Release{Version: "1.2.3", Root: "..", Out: t.TempDir(),
		Platforms: []Platform{{"darwin", "arm64"}}}
	if err := mcpBundles(r); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(r.path("*.mcpb")); left != nil {
		t.Errorf("built %q", left)
	}
}
