//go:build !race

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/internal/image"
)

// compose is what the tests know of a compose file. A key that they do not know is an error, so
// that none is documented and not tried.
type compose struct {
	Services map[string]*service
	Volumes  map[string]any
}

type service struct {
	Build       string
	Image       string
	Command     words
	Environment map[string]string
	Volumes     []string                              // NAME:PATH[:ro]
	ReadOnly    bool                                  `yaml:"read_only"`
	CapDrop     []string                              `yaml:"cap_drop"`
	SecurityOpt []string                              `yaml:"security_opt"`
	StopGrace   time.Duration                         `yaml:"stop_grace_period"`
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Restart     string
}

// words are a command line, as one text or word by word.
type words []string

func (w *words) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*w = strings.Fields(node.Value)
		return nil
	}
	return node.Decode((*[]string)(w))
}

func readCompose(t *testing.T) *compose {
	t.Helper()
	// what the shell that runs `docker compose` sets must not matter, so there are no variables
	text := strings.ReplaceAll(document(t, "compose.yaml"), "$$", "\x00")
	if strings.Contains(text, "$") {
		t.Errorf("compose.yaml has a variable, without which no command of it works")
	}
	d := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "\x00", "$")))
	d.KnownFields(true)
	var c compose
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return &c
}

func readImage(t *testing.T) *image.Config {
	t.Helper()
	c, err := image.Read(document(t, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposeIsDocumented: what the page shows is the file.
func TestComposeIsDocumented(t *testing.T) {
	for _, b := range blocks(strings.Split(document(t, "docs/containers.md"), "\n")) {
		text := strings.Join(b.text, "\n") + "\n"
		if !strings.Contains(text, "\nservices:\n") {
			continue
		}
		if text != document(t, "compose.yaml") {
			t.Errorf("line %d: the block is not compose.yaml", b.line)
		}
		return
	}
	t.Error("docs/containers.md does not show compose.yaml")
}

// TestComposeKeepsKeysFromTheAgent: the agent's container has the token, which it cannot change,
// and nothing else of Janee.
func TestComposeKeepsKeysFromTheAgent(t *testing.T) {
	c, img := readCompose(t), readImage(t)
	janee, agent := c.Services["janee"], c.Services["agent"]
	if len(c.Services) != 2 || janee == nil || agent == nil {
		t.Fatalf("the services are %v", c.Services)
	}
	mounted := image.Set{}
	for _, volume := range janee.Volumes {
		name, path, _ := strings.Cut(volume, ":")
		mounted[path] = struct{}{}
		if _, ok := c.Volumes[name]; !ok {
			t.Errorf("volume %s is not declared", name)
		}
	}
	if fmt.Sprint(mounted) != fmt.Sprint(img.Volumes) {
		t.Errorf("the service has %v, the image wants %v", mounted, img.Volumes)
	}
	if fmt.Sprint(agent.Volumes) != "[janee-token:/token:ro]" {
		t.Errorf("the agent's container has %q", agent.Volumes)
	}
	if !janee.ReadOnly || fmt.Sprint(janee.CapDrop) != "[ALL]" ||
		fmt.Sprint(janee.SecurityOpt) != "[no-new-privileges:true]" {
		t.Errorf("the service is not hardened: %+v", janee)
	}
	if agent.DependsOn["janee"].Condition != "service_healthy" {
		t.Errorf("the agent does not wait: %+v", agent.DependsOn)
	}
}

// TestImageHasWhatItNeeds: the context that is sent to an engine has every file of the build, and
// nothing of a home or a repository.
func TestImageHasWhatItNeeds(t *testing.T) {
	ignore := strings.Fields(document(t, ".dockerignore"))
	if ignore[0] != "*" {
		t.Fatalf(".dockerignore begins with %q", ignore[0])
	}
	for _, line := range strings.Split(document(t, "Dockerfile"), "\n") {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Error(err)
			}
			if !slices.Contains(ignore,
				"!"+strings.TrimPrefix(source, "./")) {
				t.Errorf(".dockerignore leaves out %s", source)
			}
		}
	}
}
