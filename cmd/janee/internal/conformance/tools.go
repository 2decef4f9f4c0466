package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/core/tool"
)

const anything = `{"type":"object"}`

// tools are the tools that the suite calls if a server has nothing but tools. The suite defines
// their names, texts and schemas.
var tools = []tool.Definition{
	{Name: "test_simple_text", Description: "Answers with a text",
		Input: json.RawMessage(anything)},
	{Name: "test_error_handling", Description: "Answers with an error",
		Input: json.RawMessage(anything)},
	{Name: "test_tool_with_progress", Description: "Tells how far it is",
		Input: json.RawMessage(anything)},
	{Name: "json_schema_2020_12_tool", Description: "Has a schema of JSON Schema 2020-12",
		Input: json.RawMessage(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object",
		"$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
		"properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
		"additionalProperties": false
	}`)},
}

type broker struct{}

func (broker) Call(_ context.Context, c mcpserver.Call) mcpserver.Reply {
	switch c.Tool {
	case "test_simple_text":
		return mcpserver.Reply{Text: []byte("This is a simple text response for testing.")}
	case "test_error_handling":
		const why = "This tool intentionally returns an error for testing"
		return mcpserver.Reply{Prose: why, Text: []byte(why), IsError: true}
	case "test_tool_with_progress":
		return progress(c)
	}
	return mcpserver.Reply{Text: c.Arguments}
}

func progress(c mcpserver.Call) mcpserver.Reply {
	for _, done := range []float64{0, 50, 100} {
		if c.Progress != nil {
			c.Progress(done, 100, "")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return mcpserver.Reply{Text: []byte("done")}
}

func refuse(r mcpserver.Refusal) mcpserver.Reply {
	return mcpserver.Reply{Prose: r.Code, Text: []byte(r.Code), IsError: true}
}
