package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// serverJSON is what https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json
// lets a server say, as far as Janee says it.
type serverJSON struct {
	Schema                                        string `json:"$schema"`
	Name, Title, Description, WebsiteURL, Version string
	Repository                                    struct{ URL, Source string }
	Packages                                      []struct {
		RegistryType, RegistryBaseURL, Identifier, Version, FileSHA256, RuntimeHint string
		RuntimeArguments, PackageArguments                                          []struct {
			Type, Name, Value string
		}
		Transport struct{ Type string }
	}
}

func TestRegistryEntry(t *testing.T) {
	r := built(t)
	var s serverJSON
	decode(t, read(t, r.path("server.json")), &s)
	if !regexp.MustCompile(`^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$`).MatchString(s.Name) {
		t.Errorf("name %q", s.Name)
	}
	if n := len(s.Description); n < 1 || n > 100 {
		t.Errorf("the description has %d characters, and may have 100", n)
	}
	if s.Version != r.Version || len(s.Packages) == 0 {
		t.Errorf("version %s, %d packages", s.Version, len(s.Packages))
	}
	for _, p := range s.Packages {
		switch p.RegistryType {
		case "npm":
			if p.Version != r.Version {
				t.Errorf("npm: version %s", p.Version)
			}
		case "oci": // the registry refuses a version beside the tag
			if !strings.HasSuffix(p.Identifier, ":"+r.Version) || p.Version != "" {
				t.Errorf("oci: %s, version %q", p.Identifier, p.Version)
			}
		case "mcpb":
			r.published(t, p.Identifier, p.FileSHA256)
		default:
			t.Errorf("type %q", p.RegistryType)
		}
		if p.Transport.Type != "stdio" {
			t.Errorf("%s: transport %q", p.RegistryType, p.Transport.Type)
		}
	}
}

// published checks that a URL is that of a file of the release, and the sum its own.
func (r *Release) published(t *testing.T, url, sum string) {
	t.Helper()
	base := "https://github.com/true-and-useful/janee/releases/download/v" + r.Version + "/"
	name, ok := strings.CutPrefix(url, base)
	if !ok {
		t.Errorf("%s is not below %s", url, base)
		return
	}
	if got, err := sha256Of(r.path(name)); err != nil || got != sum {
		t.Errorf("%s has the sum %s, not %s (%v)", name, got, sum, err)
	}
}

func TestFormula(t *testing.T) {
	r := built(t)
	text := read(t, r.path("janee.rb"))
	archive := regexp.MustCompile(`url "(.*)"\s+sha256 "(.*)"`)
	pairs := archive.FindAllStringSubmatch(string(text), -1)
	if len(pairs) != bytes.Count(text, []byte("on_intel"))+bytes.Count(text, []byte("on_arm")) ||
		len(pairs) == 0 {
		t.Errorf("%d archives in\n%s", len(pairs), text)
	}
	for _, pair := range pairs {
		r.published(t, pair[1], pair[2])
	}
	output(t, "ruby", "-c", r.path("janee.rb"))
}
