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

// refusal is answered as a result, which the model sees.
func (s *Server) refusal(r Refusal) Reply {
	reply := s.opts.Refuse(r)
	reply.IsError = true
	return reply
}

func (s *Server) refuse(m message, r Refusal) []byte { return s.encodeOwn(m, s.refusal(r)) }

// notAdmitted is the line for a request that was not admitted. A busy call is answered by a result,
// which the model sees.
func (s *Server) notAdmitted(f *flight, err error) []byte {
	if !errors.Is(err, errBusy) && !errors.Is(err, errListens) {
		return invalid("%v", err).line(f.id)
	}
	s.busy.add()
	if f.method == methodCall {
		return s.refuse(f.message, Refusal{Code: "BUSY", Agent: f.agent})
	}
	return (&fault{busyCode, err.Error()}).line(f.id)
}

// encodeOwn answers a call without mcp-go. 2026-07-28 requires resultType and asks for serverInfo;
// earlier clients get neither, as from mcp-go.
func (s *Server) encodeOwn(m message, r Reply) []byte {
	var head mcp.Result
	if m.modern {
		head.SetResultType(mcp.ResultTypeComplete)
		head.EnsureResultMeta().SetServerInfo(mcp.Implementation{Name: serverName,
			Version: s.opts.Version})
	}
	return encodeCall(m.id, head, r)
}

// encodeResult returns the line with the id as the client wrote it: mcp-go reads ids as float64 and
// would answer 9007199254740993 with 9007199254740992. nil means that the result cannot be written
// as JSON.
func encodeResult(f *flight, result any) []byte {
	if call, ok := result.(*mcp.CallToolResult); ok && f.reply != nil {
		return encodeCall(f.id, call.Result, *f.reply)
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{mcp.JSONRPC_VERSION, f.id, result})
}

// encodeError returns the line of an error. Without an id it is null, as JSON-RPC 2.0 §5 has it.
func encodeError(id json.RawMessage, e mcp.JSONRPCErrorDetails) []byte {
	return encode(struct {
		JSONRPC string                  `json:"jsonrpc"`
		ID      json.RawMessage         `json:"id"`
		Error   mcp.JSONRPCErrorDetails `json:"error"`
	}{mcp.JSONRPC_VERSION, id, e})
}

// inOurWords keeps what mcp-go says of a request that it cannot read from the agent: it quotes the
// errors of its JSON and base64 readers, with the names of its own types. The code tells what is
// wrong.
func inOurWords(f *flight, e mcp.JSONRPCErrorDetails) mcp.JSONRPCErrorDetails {
	switch {
	case e.Data != nil:
	case e.Code == mcp.INVALID_REQUEST:
		e.Message = "params do not have the shape that " + cut(f.method, maxToolName) + " wants"
	case e.Code == mcp.INVALID_PARAMS && f.method == string(mcp.MethodToolsList):
		e.Message = "the cursor is not one that tools/list gave"
	}
	return e
}

func (f *fault) line(id json.RawMessage) []byte {
	return encodeError(id, mcp.JSONRPCErrorDetails{Code: f.code, Message: f.text})
}

// encode returns one line with its end, or nil if v holds something that is not JSON.
func encode(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return lineSafe(out.Bytes())
}
