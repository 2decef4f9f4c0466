package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
)

//go:embed npm/janee.js
var npmScript []byte

//go:embed npm/README.md
var npmReadme []byte // VERSION is filled in

const (
	npmScope = "@true-and-useful/"
	homepage = "https://github.com/true-and-useful/janee"
)

// manifest is a package.json, see https://docs.npmjs.com/cli/v11/configuring-npm/package-json.
type manifest struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	MCPName     string            `json:"mcpName,omitempty"` // the MCP registry asks for it
	License     string            `json:"license"`
	Homepage    string            `json:"homepage"`
	Repository  map[string]string `json:"repository"` // provenance is refused for another
	Bin         map[string]string `json:"bin,omitempty"`
	Files       []string          `json:"files"`
	Engines     map[string]string `json:"engines,omitempty"`
	OS          []string          `json:"os,omitempty"`
	CPU         []string          `json:"cpu,omitempty"`
	Optional    map[string]string `json:"optionalDependencies,omitempty"`
	Publish     map[string]string `json:"publishConfig"`
}

// npmPackages packs the program of each platform into a package of its own, and the package that
// people install: a script, and dependencies on all of these, of which npm installs the one whose
// os and cpu are the machine's. It names the platforms that were not built too, which is a fault
// only on these.
func npmPackages(r *Release) error {
	for _, p := range r.Platforms {
		if err := r.npmPlatform(p); err != nil {
			return err
		}
	}
	m := r.manifest("janee", "Let AI agents call APIs without seeing your API keys")
	m.MCPName = serverName
	m.Bin = map[string]string{"janee": "janee.js"}
	m.Files = []string{"janee.js"}
	m.Engines = map[string]string{"node": ">=18"}
	m.Optional = map[string]string{}
	all, err := parsePlatforms(allPlatforms)
	if err != nil {
		return err
	}
	for _, p := range all {
		m.Optional[npmScope+p.npmName()] = r.Version
	}
	readme := bytes.ReplaceAll(npmReadme, []byte("VERSION"), []byte(r.Version))
	return r.npmPack("janee", m,
		[]File{{"README.md", 0o644, readme}, {"janee.js", 0o755, npmScript}})
}

func (r *Release) npmPlatform(p Platform) error {
	program, err := os.ReadFile(r.binary(p))
	if err != nil {
		return err
	}
	os, cpu := p.npm()
	m := r.manifest(p.npmName(), "The program of "+npmScope+"janee for "+os+"-"+cpu)
	m.OS, m.CPU, m.Files = []string{os}, []string{cpu}, []string{"bin", noticesName}
	return r.npmPack(p.npmName(), m, append(r.named(noticesName),
		File{"bin/" + p.Program(), 0o755, program}))
}

// npm is the platform by the names of Node: process.platform and process.arch.
func (p Platform) npm() (os, cpu string) {
	os, cpu = p.OS, p.Arch
	if os == "windows" {
		os = "win32"
	}
	if cpu == "amd64" {
		cpu = "x64"
	}
	return os, cpu
}

// npmName is the name of the platform's package, without the scope.
func (p Platform) npmName() string {
	os, cpu := p.npm()
	return "janee-" + os + "-" + cpu
}

func (r *Release) manifest(name, description string) manifest {
	return manifest{Name: npmScope + name, Version: r.Version, Description: description,
		License: "MIT", Homepage: homepage + "#readme",
		Repository: map[string]string{"type": "git", "url": "git+" + homepage + ".git"},
		Publish:    map[string]string{"access": "public"}}
}

// npmPack writes the package with its manifest and the licence beside files.
func (r *Release) npmPack(name string, m manifest, files []File) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // ">=18"
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return err
	}
	return r.npmTarball(name, append([]File{{"package.json", 0o644, text.Bytes()}}, files...))
}

// npmTarball adds the licence, and writes the tarball as `npm pack` would name it.
func (r *Release) npmTarball(name string, files []File) error {
	files = append(files, r.named("LICENSE")...)
	text, err := tarGz(inDirectory("package", files), r.Time)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.path("npm"), 0o755); err != nil {
		return err
	}
	tgz := "true-and-useful-" + name + "-" + r.Version + ".tgz"
	return os.WriteFile(r.path("npm", tgz), text, 0o644)
}
