package main

import (
	"bytes"
	"os"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom writes OUT/janee_VERSION.cdx.json, a software bill of materials: CycloneDX 1.6 in JSON. It
// lists the modules of the programs of all platforms, and Go itself.
//
// https://cyclonedx.org/docs/1.6/json/
func sbom(r *Release) error {
	modules, goVersion, err := r.modules()
	if err != nil {
		return err
	}
	janee := component("github.com/true-and-useful/janee", "v"+r.Version)
	janee.Type, janee.Name, janee.Version = cdx.ComponentTypeApplication, "janee", r.Version
	janee.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}}
	janee.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeVCS, URL: homepage}}
	parts := []cdx.Component{component("std", goVersion)}
	for _, m := range modules {
		parts = append(parts, moduleComponent(m))
	}
	refs := []string{}
	for _, c := range parts {
		refs = append(refs, c.BOMRef)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &janee, Timestamp: r.Time.UTC().Format(time.RFC3339)}
	bom.Components = &parts
	bom.Dependencies = &[]cdx.Dependency{{Ref: janee.BOMRef, Dependencies: &refs}}
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).
		EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return err
	}
	return os.WriteFile(r.path("janee_"+r.Version+".cdx.json"), text.Bytes(), 0o644)
}

// component is a Go module by its package URL, which scanners look up in lists of weaknesses; "std"
// is the library of Go.
//
// https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md
func component(path, version string) cdx.Component {
	purl := "pkg:golang/" + strings.ToLower(path) + "@" + version
	return cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: path,
		Version: version, PackageURL: purl, Scope: cdx.ScopeRequired}
}

// moduleComponent also has what go.sum says of the module.
func moduleComponent(m debug.Module) cdx.Component {
	c := component(m.Path, m.Version)
	c.Properties = &[]cdx.Property{{Name: "go:sum", Value: m.Sum}}
	return c
}
