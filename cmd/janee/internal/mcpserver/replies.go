package mcpserver

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
)

// Refusal is a refusal of the connection itself, made before or around the Broker.
type Refusal struct {
	Code  string // BUSY, CANCELLED or INTERNAL
	Agent string
}

// toolResult is the answer to tools/call. A refusal carries text alone: clients check structuredContent against the
// output schema even where isError is set (TypeScript SDK 1.32), and would show the model a schema error instead.
func toolResult(r Reply) *mcp.CallToolResult {
	result := &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(r.Text))}, IsError: r.IsError}
	if !r.IsError {
		result.RawStructuredContent = r.Structured
	}
	return result
}

func (s *Server) refusal(r Refusal) *mcp.CallToolResult {
	reply := s.opts.Refuse(r)
	reply.IsError = true
	return toolResult(reply)
}

func (s *Server) refuse(m message, r Refusal) []byte { return s.encodeCall(m, s.refusal(r)) }

// notAdmitted is the line for a request that was not admitted. A busy call is answered by a result, which the model sees.
func (s *Server) notAdmitted(f *flight, err error) []byte {
	switch {
	case !errors.Is(err, errBusy) && !errors.Is(err, errListens):
		return invalid("%v", err).line(f.id)
	case f.method == methodCall:
		return s.refuse(f.message, Refusal{Code: "BUSY", Agent: f.agent})
	}
	return (&fault{busyCode, err.Error()}).line(f.id)
}

// encodeCall answers a call without mcp-go, which has no way to do so for a tool that does not exist or before dispatch.
// 2026-07-28 requires resultType and asks for serverInfo; earlier clients get neither, as from mcp-go.
func (s *Server) encodeCall(m message, result *mcp.CallToolResult) []byte {
	if m.modern {
		result.SetResultType(mcp.ResultTypeComplete)
		result.EnsureResultMeta().SetServerInfo(mcp.Implementation{Name: serverName, Version: s.opts.Version})
	}
	return encodeResult(m.id, result)
}

// encodeResult returns the line with the id as the client wrote it: mcp-go reads ids as float64 and would answer
// 9007199254740993 with 9007199254740992. nil means that the result cannot be written as JSON.
func encodeResult(id json.RawMessage, result any) []byte {
	if call, ok := result.(*mcp.CallToolResult); ok {
		result = callResult{call.Meta, call.ResultType, call.Content, call.RawStructuredContent, call.IsError}
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{mcp.JSONRPC_VERSION, id, result})
}

// callResult is mcp.CallToolResult without its MarshalJSON, which escapes < > & (six bytes for one in every web page
// that comes back) and copies a reply of megabytes three times.
type callResult struct {
	Meta       *mcp.Meta       `json:"_meta,omitempty"`
	ResultType mcp.ResultType  `json:"resultType,omitempty"`
	Content    []mcp.Content   `json:"content"`
	Structured json.RawMessage `json:"structuredContent,omitempty"`
	IsError    bool            `json:"isError,omitempty"`
}

// encodeError returns the line of an error. Without an id it is null, as JSON-RPC 2.0 §5 has it.
func encodeError(id json.RawMessage, e mcp.JSONRPCErrorDetails) []byte {
	return encode(struct {
		JSONRPC string                  `json:"jsonrpc"`
		ID      json.RawMessage         `json:"id"`
		Error   mcp.JSONRPCErrorDetails `json:"error"`
	}{mcp.JSONRPC_VERSION, id, e})
}

func (f *fault) line(id json.RawMessage) []byte {
	return encodeError(id, mcp.JSONRPCErrorDetails{Code: f.code, Message: f.text})
}

// encode returns one line with its end, or nil if v holds something that is not JSON.
// U+2028 and U+2029 are escaped (in JSON they stand inside strings only): Node's readline ends a line at either.
func encode(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	line := out.Bytes()
	if bytes.Contains(line, []byte("\u2028")) || bytes.Contains(line, []byte("\u2029")) {
		line = bytes.ReplaceAll(line, []byte("\u2028"), []byte(`\u2028`))
		line = bytes.ReplaceAll(line, []byte("\u2029"), []byte(`\u2029`))
	}
	return line
}
