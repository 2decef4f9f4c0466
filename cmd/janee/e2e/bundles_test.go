package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/true-and-useful/janee/core"
)

func toolNames() (names []string) {
	for _, d := range core.Tools() {
		names = append(names, d.Name)
	}
	return names
}

// TestBundleListsEveryTool compares what Claude Desktop shows before it starts Janee with the tools
// that Janee has.
func TestBundleListsEveryTool(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "release", "mcpb", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Tools []struct{ Name, Description string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, tool := range manifest.Tools {
		listed = append(listed, tool.Name)
	}
	if !slices.Equal(listed, toolNames()) {
		t.Errorf("the bundle lists %q, Janee has %q", listed, toolNames())
	}
}

// TestSkillNamesRealTools holds for the skill that the plugin for Claude Code brings.
func TestSkillNamesRealTools(t *testing.T) {
	text := document(t, "skills/janee/SKILL.md")
	named := regexp.MustCompile("`([a-z]+_[a-z]+|execute|whoami)`").FindAllStringSubmatch(text, -1)
	if len(named) < 4 {
		t.Fatalf("it names %q", named)
	}
	for _, m := range named {
		if !slices.Contains(toolNames(), m[1]) {
			t.Errorf("there is no tool %s", m[1])
		}
	}
}
