package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type workflow struct {
	On          map[string]any
	Permissions map[string]string
	Jobs        map[string]job
}

type job struct {
	Permissions map[string]string
	Env         map[string]string
	Steps       []workStep
}

type workStep struct {
	Uses, Run string
	With      map[string]any
}

var (
	goBuilds = regexp.MustCompile(`\b(go build|npm (ci|run|pack)|tar |zip |docker )`)
	pinned   = regexp.MustCompile(`^actions/[a-z-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$`)
)

func readWorkflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%q: %v", files, err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		name := filepath.Join(".github", "workflows", filepath.Base(file))
		var w workflow
		if err := yaml.Unmarshal([]byte(document(t, name)), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = w
	}
	return all
}

// TestWorkflows holds that the release is what `make release` builds, that nobody's action but
// GitHub's runs with its rights, and that a job asks for each right that it has.
func TestWorkflows(t *testing.T) {
	made := 0
	for name, w := range readWorkflows(t) {
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

// TestWorkflowsKeepTheirRights: what others wrote, in a change that they propose or in a package
// that a test downloads, gets at no secret and at nothing that is published.
func TestWorkflowsKeepTheirRights(t *testing.T) {
	for name, w := range readWorkflows(t) {
		text := document(t, name)
		if _, proposed := w.On["pull_request"]; proposed && strings.Contains(text, "secrets.") ||
			strings.Contains(text, "pull_request_target") {
			t.Errorf("%s gives secrets to changes that anybody proposes", name)
		}
		for title, j := range w.Jobs {
			if len(j.Env) > 0 {
				t.Errorf("%s: %s gives every step %v", name, title, j.Env)
			}
			for _, s := range j.Steps {
				for _, fault := range s.faults(len(j.Permissions) > 0) {
					t.Errorf("%s: %s: %s", name, title, fault)
				}
			}
		}
	}
}

// faults are what is wrong with a step of a job, which may publish.
func (s workStep) faults(publishes bool) (found []string) {
	action, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case strings.Contains(s.Run, "${{"): // a shell would run what is in it
		found = append(found, "an expression in "+s.Run)
	case action == "actions/checkout" && s.With["persist-credentials"] != false:
		found = append(found, "each program can read the token in .git")
	case !publishes:
	case action == "actions/setup-go" && s.With["cache"] != false:
		found = append(found, "what another run cached gets into the release")
	case strings.Contains(s.Run, "make test") || strings.Contains(s.Run, ".ci/run"):
		found = append(found, "the tests run with the rights to publish")
	}
	return found
}
