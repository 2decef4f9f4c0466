package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct{ Uses, Run string }
	}
}

var (
	goBuilds = regexp.MustCompile(`\b(go build|npm (ci|run|pack)|tar |zip |docker )`)
	pinned   = regexp.MustCompile(`^actions/[a-z-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$`)
)

// TestWorkflows holds that the release is what `make release` builds, that nobody's action but
// GitHub's runs with its rights, and that a job asks for each right that it has.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%q: %v", files, err)
	}
	made := 0
	for _, file := range files {
		name := filepath.Join(".github", "workflows", filepath.Base(file))
		var w workflow
		if err := yaml.Unmarshal([]byte(document(t, name)), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" || len(w.Jobs) == 0 {
			t.Errorf("%s: permissions %v, %d jobs", name, w.Permissions, len(w.Jobs))
		}
		for job, j := range w.Jobs {
			for _, s := range j.Steps {
				if s.Uses != "" && !pinned.MatchString(s.Uses) {
					t.Errorf("%s: %s uses %q", name, job, s.Uses)
				}
				if goBuilds.MatchString(s.Run) {
					t.Errorf("%s: %s builds something itself: %q", name, job, s.Run)
				}
				if strings.TrimSpace(s.Run) == "make release" {
					made++
				}
			}
		}
	}
	if made != 1 {
		t.Errorf("%d steps run make release", made)
	}
}
