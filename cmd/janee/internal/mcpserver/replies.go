package mcpserver

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
)

// Refusal is a refusal by this package itself, before or after the Broker, or by one that carries
// its lines.
type Refusal struct {
	Code  string // BUSY, CANCELLED, INTERNAL or REPLY_LOST
	Agent string
}

// refusal makes a refusal a tool result, because the model sees results.
func (s *Server) refusal(r Refusal) Reply {
	reply := s.opts.Refuse(r)
	reply.IsError = true
	return reply
}

func (s *Server) refuse(m message, r Refusal) []byte { return s.encodeOwn(m, s.refusal(r)) }

// notAdmitted is the line for a request that was not admitted. For a call that is refused as busy
// it is a tool result, which the model sees.
func (s *Server) notAdmitted(req *request, err error) []byte {
	if !errors.Is(err, errBusy) && !errors.Is(err, errListens) {
		return invalid("%v", err).line(req.id)
	}
	s.busy.add()
	if req.method == methodCall {
		return s.refuse(req.message, Refusal{Code: "BUSY", Agent: req.agent})
	}
	return (&fault{busyCode, err.Error()}).line(req.id)
}

// encodeOwn answers a call without mcp-go. 2026-07-28 requires resultType and asks for serverInfo.
// Earlier clients get neither, as with mcp-go.
func (s *Server) encodeOwn(m message, r Reply) []byte {
	var head mcp.Result
	if m.modern {
		head.SetResultType(mcp.ResultTypeComplete)
		head.EnsureResultMeta().SetServerInfo(mcp.Implementation{
			Name:    serverName,
			Version: s.opts.Version,
		})
	}
	return encodeCall(m.id, head, r)
}

// encodeResult returns the line of a result with the id as the client wrote it: mcp-go reads ids as
// float64 and would answer 9007199254740993 with 9007199254740992. It returns nil if the result
// cannot be written as JSON.
func encodeResult(req *request, result any) []byte {
	if call, ok := result.(*mcp.CallToolResult); ok && req.reply != nil {
		return encodeCall(req.id, call.Result, *req.reply)
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{mcp.JSONRPC_VERSION, req.id, result})
}

// encodeError returns the line of an error. If the id is unknown it is null (JSON-RPC 2.0 §5).
func encodeError(id json.RawMessage, e mcp.JSONRPCErrorDetails) []byte {
	return encode(struct {
		JSONRPC string                  `json:"jsonrpc"`
		ID      json.RawMessage         `json:"id"`
		Error   mcp.JSONRPCErrorDetails `json:"error"`
	}{mcp.JSONRPC_VERSION, id, e})
}

// inOurWords replaces what mcp-go says about a request that it cannot read, which quotes errors of
// its JSON and base64 readers and names its own types. The code alone tells what is wrong.
func inOurWords(req *request, e mcp.JSONRPCErrorDetails) mcp.JSONRPCErrorDetails {
	switch {
	case e.Data != nil:
	case e.Code == mcp.INVALID_REQUEST:
		e.Message = "params do not have the shape that " + cut(req.method, maxToolName) + " needs"
	case e.Code == mcp.INVALID_PARAMS && req.method == string(mcp.MethodToolsList):
		e.Message = "the cursor is not one that tools/list returned"
	}
	return e
}

// Unanswered returns the line that answers a request as refused with r, for a request that no
// Server answers. It returns nil for a line that is not a request.
func (s *Server) Unanswered(line []byte, r Refusal) []byte {
	m, f := parse(line)
	switch {
	case f != nil || m.isAnswer || m.id == nil:
		return nil
	case m.method == methodCall:
		return s.refuse(m, r)
	}
	return (&fault{busyCode, s.refusal(r).Prose}).line(m.id)
}

func (f *fault) line(id json.RawMessage) []byte {
	return encodeError(id, mcp.JSONRPCErrorDetails{Code: f.code, Message: f.text})
}

// encode returns one line with its end, or nil if v cannot be written as JSON.
func encode(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return lineSafe(out.Bytes())
}
