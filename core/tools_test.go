package core

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

func TestDefinitions(t *testing.T) {
	var names []string
	for _, d := range Tools() {
		names = append(names, d.Name)
		if d.Title == "" || len(d.Description) < 80 {
			t.Errorf("%s: does not teach", d.Name)
		}
		for _, raw := range []json.RawMessage{d.Input, d.Output} {
			if err := tool.CheckDuplicates(raw); err != nil {
				t.Errorf("%s: schema: %v", d.Name, err)
			}
			var s map[string]any
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			if s["type"] != "object" {
				t.Errorf("%s: the protocol wants a schema of type object", d.Name)
			}
			checkSchema(t, d.Name, s)
		}
		asksForNothingElse(t, d)
	}
	if want := []string{
		ListServices, Execute, Whoami, ExplainAccess, TestService, ManageCredential, ReloadConfig,
	}; !slices.Equal(names, want) {
		t.Errorf("tools %q, want %q", names, want)
	}
}

// checkSchema wants a type for everything, a description for every property, required names that
// exist, and items for every array: clients reject a tool that lacks them.
func checkSchema(t *testing.T, at string, s map[string]any) {
	if s["type"] == nil || s["type"] == "" {
		t.Errorf("%s has no type", at)
	}
	if values, is := s["additionalProperties"].(map[string]any); is {
		checkSchema(t, at+".*", values)
	}
	properties, _ := s["properties"].(map[string]any)
	for name, p := range properties {
		property := p.(map[string]any)
		if text, _ := property["description"].(string); text == "" {
			t.Errorf("%s.%s has no description", at, name)
		}
		checkSchema(t, at+"."+name, property)
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if properties[name.(string)] == nil {
			t.Errorf("%s requires %q, which is no property", at, name)
		}
	}
	items, _ := s["items"].(map[string]any)
	if s["type"] == "array" && items == nil {
		t.Errorf("%s has no items", at)
	}
	if items != nil {
		checkSchema(t, at+"[]", items)
	}
}

// asksForNothingElse holds the input schema against what Parse takes and requires.
func asksForNothingElse(t *testing.T, d tool.Definition) {
	var s struct {
		Properties           map[string]json.RawMessage
		Required             []string
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(d.Input, &s); err != nil {
		t.Fatal(err)
	}
	reader := toolNamed(d.Name).Reader
	if s.AdditionalProperties == nil || *s.AdditionalProperties {
		t.Errorf("%s: the input is open", d.Name)
	}
	if got, want := slices.Sorted(maps.Keys(s.Properties)),
		slices.Sorted(slices.Values(reader.Takes)); !slices.Equal(got, want) {
		t.Errorf("%s: the schema has %q, Parse takes %q", d.Name, got, want)
	}
	if want := reader.Takes[:reader.Needs]; !slices.Equal(s.Required, want) {
		t.Errorf("%s: the schema requires %q, Parse %q", d.Name, s.Required, want)
	}
}

// TestEveryArgumentIsRead gives each tool all arguments of its schema, and then all but one: an
// argument that the vocabulary lacks, or that is read into nothing, would be ignored in silence.
func TestEveryArgumentIsRead(t *testing.T) {
	for _, d := range Tools() {
		t.Run(d.Name, func(t *testing.T) {
			var s struct{ Properties map[string]property }
			if err := json.Unmarshal(d.Input, &s); err != nil {
				t.Fatal(err)
			}
			arguments := map[string]any{}
			for name, p := range s.Properties {
				arguments[name] = p.sample()
			}
			read := func() Call {
				text, _ := json.Marshal(arguments)
				return Call{Tool: d.Name}.WithArguments(text)
			}
			whole := read()
			if whole.Fault != nil {
				t.Fatal(whole.Fault)
			}
			for name, value := range arguments {
				delete(arguments, name)
				if c := read(); c.Fault == nil && reflect.DeepEqual(c.Args, whole.Args) {
					t.Errorf("the argument %s makes no difference", name)
				}
				arguments[name] = value
			}
		})
	}
}

type property struct {
	Type string
	Enum []string
}

// sample is a value that is not the default.
func (p property) sample() any {
	switch {
	case p.Type == "integer":
		return 2
	case p.Type == "object":
		return map[string]string{"Name": "value"}
	case len(p.Enum) > 0:
		return p.Enum[len(p.Enum)-1]
	}
	return "dGV4dA=="
}

func TestSchemaBounds(t *testing.T) {
	var s struct {
		Properties struct {
			MaxBytes     struct{ Minimum, Maximum, Default int64 }
			BodyEncoding struct{ Enum []string }
			Method       struct{ Enum []string }
		}
	}
	if err := json.Unmarshal([]byte(executeInput), &s); err != nil {
		t.Fatal(err)
	}
	if m := s.Properties.MaxBytes; m.Minimum != 1 || m.Maximum != wire.MaxBody ||
		m.Default != wire.ReplyBody {
		t.Errorf("maxBytes %+v", m)
	}
	if got := strings.Join(s.Properties.Method.Enum, " "); got !=
		"GET POST PUT DELETE PATCH HEAD OPTIONS" {
		t.Errorf("methods %s", got)
	}
	for _, e := range s.Properties.BodyEncoding.Enum {
		if _, err := parse(Execute, []byte(`{`+least+`,"bodyEncoding":"`+e+`"}`)); err != nil {
			t.Error(err)
		}
	}
}

func TestHints(t *testing.T) {
	for _, d := range Tools() {
		reads, repeats, leaves := d.Name != Execute && d.Name != ManageCredential,
			d.Name != Execute, d.Name == Execute || d.Name == TestService
		if d.ReadOnly != reads || d.Destructive == reads || d.Idempotent != repeats ||
			d.OpenWorld != leaves {
			t.Errorf("%s: %+v", d.Name,
				[]bool{d.ReadOnly, d.Destructive, d.Idempotent, d.OpenWorld})
		}
	}
}

func TestDefinitionsAreTheCallersOwn(t *testing.T) {
	Tools()[0].Input[0] = 'x'
	if Tools()[0].Input[0] != '{' {
		t.Error("a caller has changed the schema of all")
	}
}

func TestInstructionsTeach(t *testing.T) {
	for _, want := range []string{
		ListServices, Execute, "baseUrl", `begins with "/"`, "Never ask a person for a key",
		"nextStep", "APPROVAL_PENDING", "[REDACTED]",
	} {
		if !strings.Contains(tool.Instructions, want) {
			t.Errorf("nothing about %q", want)
		}
	}
}
