package main

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// what the links and the plugins start
var npx = []string{"-y", "@true-and-useful/janee@" + release, "serve"}

// TestInstallLinks decodes the links as the clients do.
func TestInstallLinks(t *testing.T) {
	text, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]*url.URL{}
	for _, m := range regexp.MustCompile(`\]\(((?:cursor|vscode):[^)]*)\)`).
		FindAllStringSubmatch(string(text), -1) {
		u, err := url.Parse(m[1])
		if err != nil {
			t.Fatal(err)
		}
		links[u.Scheme] = u
	}
	if len(links) != 2 {
		t.Fatalf("the page has %d links", len(links))
	}

	cursor := links["cursor"]
	config, err := base64.StdEncoding.DecodeString(cursor.Query().Get("config"))
	if err != nil {
		t.Fatal(err)
	}
	if where := cursor.Host + cursor.Path; where != "anysphere.cursor-deeplink/mcp/install" ||
		cursor.Query().Get("name") != "janee" {
		t.Errorf("the link for Cursor is %v", cursor)
	}
	checkStarter(t, config, "")

	code := links["vscode"]
	query, err := url.QueryUnescape(code.RawQuery)
	if err != nil || code.Opaque != "mcp/install" {
		t.Errorf("the link for VS Code is %v: %v", code, err)
	}
	checkStarter(t, []byte(query), "janee")
}

func checkStarter(t *testing.T, text []byte, name string) {
	t.Helper()
	var s starter
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if s.Name != name || s.Command != "npx" || !slices.Equal(s.Args, npx) {
		t.Errorf("it starts %+v", s)
	}
}

// TestOneVersion holds what the repository says of its next release together.
func TestOneVersion(t *testing.T) {
	var plugin struct {
		Version    string
		MCPServers map[string]starter `json:"mcpServers"`
	}
	read(t, ".claude-plugin/plugin.json", &plugin)
	if plugin.Version != release || !slices.Equal(plugin.MCPServers["janee"].Args, npx) {
		t.Errorf("the plugin for Claude Code is %+v", plugin)
	}
	for _, name := range []string{
		"openclaw-plugin/package.json", "openclaw-plugin/openclaw.plugin.json",
	} {
		var p struct{ Version string }
		if read(t, name, &p); p.Version != release {
			t.Errorf("%s has the version %q", name, p.Version)
		}
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
