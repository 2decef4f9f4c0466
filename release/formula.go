package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"os"
	"text/template"
)

const summary = "Let AI agents call APIs without seeing your API keys"

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*"))

// formulaSystem is what a formula says for macOS or Linux.
type formulaSystem struct {
	Name     string // as Homebrew's blocks have it: macos, linux
	Archives []formulaArchive
}

type formulaArchive struct{ CPU, URL, SHA256 string }

// formula writes OUT/janee.rb, a formula for a tap of Homebrew: for the archives that were built.
//
// https://docs.brew.sh/Formula-Cookbook
func formula(r *Release) error {
	var systems []formulaSystem
	for _, s := range []struct{ name, os string }{{"macos", "darwin"}, {"linux", "linux"}} {
		system := formulaSystem{Name: s.name}
		for _, p := range r.Platforms {
			if p.OS != s.os {
				continue
			}
			name := r.name(p) + ".tar.gz"
			sum, err := sha256Of(r.path(name))
			if err != nil {
				return err
			}
			cpu := map[string]string{"amd64": "intel", "arm64": "arm"}[p.Arch]
			system.Archives = append(system.Archives, formulaArchive{cpu, r.download(name), sum})
		}
		if len(system.Archives) > 0 {
			systems = append(systems, system)
		}
	}
	return r.fill("janee.rb", map[string]any{"Summary": summary, "Repository": homepage,
		"Version": r.Version, "Systems": systems})
}

// fill writes a file of the release from the template of its name.
func (r *Release) fill(name string, data any) error {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, data); err != nil {
		return err
	}
	return os.WriteFile(r.path(name), text.Bytes(), 0o644)
}

// download is where a file of the release will be when it is published.
func (r *Release) download(name string) string {
	return homepage + "/releases/download/v" + r.Version + "/" + name
}

func sha256Of(name string) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
