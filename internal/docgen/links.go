package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
)

// release is the version that links and plugins install. They pin it: npx would otherwise update a
// program that holds keys whenever a client starts it.
const release = "0.1.0"

// starter is how a client starts Janee where only npm is installed.
type starter struct {
	Name    string   `json:"name,omitempty"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

func byNPX(name string) []byte {
	text, _ := json.Marshal(starter{name, "npx",
		[]string{"-y", "@true-and-useful/janee@" + release, "serve"}}) // strings always marshal
	return text
}

// cursorLink installs Janee in Cursor: the entry of mcp.json in base64, escaped, for base64 has "+"
// (https://cursor.com/docs/mcp/install-links).
func cursorLink() string {
	config := base64.StdEncoding.EncodeToString(byNPX(""))
	return "cursor://anysphere.cursor-deeplink/mcp/install?name=janee&config=" +
		url.QueryEscape(config)
}

// codeLink installs Janee in VS Code, which takes the whole query as one JSON object
// (https://code.visualstudio.com/api/extension-guides/ai/mcp, "URL handler").
func codeLink() string { return "vscode:mcp/install?" + url.QueryEscape(string(byNPX("janee"))) }

// withLinks puts the links between the two comments that mark their place.
func withLinks(old []byte) ([]byte, error) {
	return between(old, "<!-- generated: install links -->\n", fmt.Sprintf(
		"| client | link |\n|---|---|\n| Cursor | [add Janee to Cursor](%s) |\n"+
			"| VS Code | [add Janee to VS Code](%s) |\n", cursorLink(), codeLink()))
}
