//go:build !race

package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/true-and-useful/janee/core"
)

// shown is what the model of a client such as Gemini CLI 0.61 is shown: it makes structured content
// of a first text that is JSON, holds it against the tool's output schema, also that of an error,
// and shows a schema error where it does not fit.
func (r toolResult) shown(schema *jsonschema.Schema) (texts []string, err error) {
	structured := r.StructuredContent
	if structured == nil && len(r.Content) > 0 && json.Valid([]byte(r.Content[0].Text)) {
		structured = json.RawMessage(r.Content[0].Text)
	}
	if structured != nil && schema != nil {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(structured))
		if err != nil {
			return nil, err
		}
		if err := schema.Validate(value); err != nil {
			return nil, err
		}
	}
	for _, c := range r.Content {
		texts = append(texts, c.Text)
	}
	return texts, nil
}

// reaches fails unless the refusal is shown: the prose first, with what a model has to do, then the
// JSON.
func (r toolResult) reaches(t *testing.T, schema *jsonschema.Schema, code string) {
	t.Helper()
	texts, err := r.shown(schema)
	if err != nil || !r.IsError || r.StructuredContent != nil || len(texts) != 2 {
		t.Fatalf("lost: %v, %+v", err, r)
	}
	var a struct {
		Error  string
		Denial struct{ ReasonCode, NextStep, ApprovalID string }
	}
	if err := json.Unmarshal([]byte(texts[1]), &a); err != nil {
		t.Fatal(err)
	}
	if a.Denial.ReasonCode != code || !strings.HasPrefix(texts[0], code+": "+a.Error) {
		t.Errorf("want %s, got %q", code, texts)
	}
	for _, part := range []string{"\nNext: " + a.Denial.NextStep, a.Denial.ApprovalID} {
		if !strings.Contains(texts[0], part) {
			t.Errorf("%q lacks %q", texts[0], part)
		}
	}
}

// door is one way to a server.
type door func(method string, params map[string]any) reply

func (d door) call(tool, arguments string) toolResult {
	return d("tools/call",
		map[string]any{"name": tool, "arguments": json.RawMessage(arguments)}).Result.toolResult
}

// schemas are the output schemas of all tools, compiled.
func (d door) schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for _, tool := range d("tools/list", map[string]any{}).Result.Tools {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(tool.OutputSchema))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("schema.json", doc); err != nil {
			t.Fatal(err)
		}
		if all[tool.Name], err = c.Compile("schema.json"); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != len(core.Tools()) {
		t.Errorf("%d tools are listed", len(all))
	}
	return all
}

// doors are all ways to the servers of a home.
func (p *place) doors(t *testing.T) map[string]door {
	s, site := p.serve("gemini"), p.site()
	web := site.client(t, site.token, "gemini")
	return map[string]door{
		"stdio": func(method string, params map[string]any) reply {
			return <-s.request(method, params)
		},
		"stdio, 2026-07-28": func(method string, params map[string]any) reply {
			params["_meta"] = map[string]any{
				"io.modelcontextprotocol/protocolVersion": "2026-07-28",
				"io.modelcontextprotocol/clientInfo": map[string]string{
					"name": "gemini", "version": "1",
				},
				"io.modelcontextprotocol/clientCapabilities": map[string]any{},
			}
			return <-s.request(method, params)
		},
		"HTTP": func(method string, params map[string]any) reply {
			b, _ := json.Marshal(params)
			m, err := web.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`,
				method, b))
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
	}
}

// TestRefusalsReachEveryModel: over each transport, in both eras, a refusal of every tool is shown
// by a client that parses first texts, and what is no refusal fits its schema there as well.
func TestRefusalsReachEveryModel(t *testing.T) {
	t.Parallel()
	p, api := newPlace(t), startAPI(t)
	p.base(api)
	doors := p.doors(t)
	for name, d := range doors {
		schemas := d.schemas(t)
		for tool, schema := range schemas {
			d.call(tool, `{"nonsense":1}`).reaches(t, schema, "BAD_ARGUMENTS")
			d.call(tool, `[1]`).reaches(t, schema, "BAD_ARGUMENTS")
		}
		d.call("approve", `{}`).reaches(t, nil, "BAD_ARGUMENTS")
		for _, tt := range []struct{ capability, path, code string }{
			{"nosuch", "/", "CAPABILITY_NOT_FOUND"}, {"base", "/../x", "REQUEST_REJECTED"},
			{"other", "/x", "ok"},
			{"asked", "/" + strings.ReplaceAll(name, ", ", "-"), "APPROVAL_PENDING"}} {
			r := d.call("execute",
				fmt.Sprintf(`{"capability":%q,"method":"GET","path":%q}`, tt.capability, tt.path))
			if tt.code != "ok" {
				r.reaches(t, schemas["execute"], tt.code)
			} else if _, err := r.shown(schemas["execute"]); err != nil || r.IsError {
				t.Errorf("%s: %v, %+v", name, err, r)
			}
		}
	}
	p.run("", "lock")
	for name, d := range doors {
		for tool, schema := range d.schemas(t) {
			arguments := map[string]string{
				"execute":        `{"capability":"base","method":"GET","path":"/"}`,
				"explain_access": `{"capability":"base"}`,
				"manage_credential": `{"action":"grant","service":"base",` +
					`"targetAgentId":"b"}`}[tool]
			if r := d.call(tool, cmp.Or(arguments, `{}`)); r.IsError {
				r.reaches(t, schema, "LOCKED")
			} else if _, err := r.shown(schema); err != nil {
				t.Errorf("%s: %s: %v", name, tool, err)
			}
		}
	}
}

// TestServerThatIsNotReadyReachesEveryModel: no tool is an exception.
func TestServerThatIsNotReadyReachesEveryModel(t *testing.T) {
	t.Parallel()
	s := emptyPlace(t).serve("gemini")
	var d door = func(method string, params map[string]any) reply {
		return <-s.request(method, params)
	}
	for tool, schema := range d.schemas(t) {
		d.call(tool, `{}`).reaches(t, schema, "NOT_READY")
	}
	d.call("approve", `{}`).reaches(t, nil, "NOT_READY")
}
