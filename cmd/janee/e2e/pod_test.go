//go:build !race

package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// pod is the part of a Deployment of Kubernetes that the tests know.
type pod struct {
	AutomountServiceAccountToken bool `yaml:"automountServiceAccountToken"`
	SecurityContext              struct {
		RunAsNonRoot bool `yaml:"runAsNonRoot"`
		RunAsUser    int  `yaml:"runAsUser"`
		RunAsGroup   int  `yaml:"runAsGroup"`
		FSGroup      int  `yaml:"fsGroup"`
	} `yaml:"securityContext"`
	Containers []podContainer
	Volumes    []map[string]any
}

type podContainer struct {
	Name, Image     string
	Args            []string
	Env             []struct{ Name, Value string }
	Ports           []map[string]int
	ReadinessProbe  probe `yaml:"readinessProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	SecurityContext struct {
		ReadOnlyRootFilesystem   bool                `yaml:"readOnlyRootFilesystem"`
		AllowPrivilegeEscalation bool                `yaml:"allowPrivilegeEscalation"`
		Capabilities             map[string][]string `yaml:"capabilities"`
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTPGet struct {
		Path        string
		Port        int
		HTTPHeaders []struct{ Name, Value string } `yaml:"httpHeaders"`
	} `yaml:"httpGet"`
}

// ask does what the kubelet does, which asks by the address of the pod.
func (p probe) ask(t *testing.T) int {
	t.Helper()
	address := "127.0.0.2:" + strconv.Itoa(p.HTTPGet.Port)
	req, err := http.NewRequest(http.MethodGet, "http://"+address+p.HTTPGet.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range p.HTTPGet.HTTPHeaders {
		if h.Name == "Host" {
			req.Host = h.Value
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func readPod(t *testing.T) *pod {
	t.Helper()
	for _, b := range blocks(strings.Split(document(t, "docs/containers.md"), "\n")) {
		text := strings.Join(b.text, "\n")
		if !strings.Contains(text, "kind: Deployment") {
			continue
		}
		var d struct {
			APIVersion     string `yaml:"apiVersion"`
			Kind, Metadata any
			Spec           struct {
				Replicas           int
				Strategy, Selector any
				Template           struct {
					Metadata any
					Spec     pod
				}
			}
		}
		decoder := yaml.NewDecoder(strings.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(&d); err != nil {
			t.Fatal(err)
		}
		return &d.Spec.Template.Spec
	}
	t.Fatal("docs/containers.md has no Deployment")
	return nil
}

// TestPodIsHardened holds the Deployment to what the page says of the image.
func TestPodIsHardened(t *testing.T) {
	p := readPod(t)
	if len(p.Containers) != 1 || p.AutomountServiceAccountToken {
		t.Errorf("%+v", p)
	}
	sc := p.Containers[0].SecurityContext
	if !sc.ReadOnlyRootFilesystem || sc.AllowPrivilegeEscalation ||
		strings.Join(sc.Capabilities["drop"], " ") != "ALL" {
		t.Errorf("%+v", sc)
	}
}
