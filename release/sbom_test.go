package main

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func (r *Release) bom(t *testing.T) (text []byte, bom *cdx.BOM) {
	t.Helper()
	text, bom = read(t, r.path("janee_"+r.Version+".cdx.json")), new(cdx.BOM)
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).
		Decode(bom); err != nil {
		t.Fatal(err)
	}
	return text, bom
}

func TestBillListsWhatIsInThePrograms(t *testing.T) {
	r := built(t)
	_, bom := r.bom(t)
	listed := map[string]string{}
	for _, c := range *bom.Components {
		listed[c.Name+" "+c.Version] = ""
		if c.Properties != nil {
			listed[c.Name+" "+c.Version] = (*c.Properties)[0].Value
		}
	}
	in := map[string]bool{}
	r.on(t, "linux darwin windows", func(t *testing.T, p Platform) {
		info, err := buildinfo.ReadFile(r.binary(p))
		if err != nil {
			t.Fatal(err)
		}
		in["std "+strings.TrimPrefix(info.GoVersion, "go")] = true
		for _, m := range info.Deps {
			in[m.Path+" "+m.Version] = true
			if sum, ok := listed[m.Path+" "+m.Version]; !ok || sum != m.Sum {
				t.Errorf("%s %s %s is listed with sum %q", m.Path, m.Version, m.Sum, sum)
			}
		}
	})
	for name := range listed {
		if !in[name] {
			t.Errorf("%s is listed, and in no program", name)
		}
	}
}

// The schema is that of CycloneDX, which comes with the library.
func TestBillIsCycloneDX(t *testing.T) {
	r := built(t)
	text, bom := r.bom(t)
	if bom.SpecVersion != cdx.SpecVersion1_6 {
		t.Errorf("it is of CycloneDX %v", bom.SpecVersion)
	}
	dir := filepath.Join(strings.TrimSpace(output(t, "go", "list", "-m", "-f", "{{.Dir}}",
		"github.com/CycloneDX/cyclonedx-go")), "schema")
	c := jsonschema.NewCompiler()
	base := "http://cyclonedx.org/schema/"
	for name, file := range map[string]string{"spdx": "spdx.schema.json",
		"jsf-0.82": "jsf-0.82.schemax.json", "bom-1.6": "bom-1.6.schema.json"} {
		addSchema(t, c, filepath.Join(dir, file), base+name+".schema.json")
	}
	schema, err := c.Compile(base + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	bill, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(bill); err != nil {
		t.Error(err)
	}
}

func addSchema(t *testing.T, c *jsonschema.Compiler, file, url string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	schema, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource(url, schema); err != nil {
		t.Fatal(err)
	}
}
