package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/true-and-useful/janee/core/tool"
)

const (
	methodInitialize = string(mcp.MethodInitialize)
	methodCall       = string(mcp.MethodToolsCall)
	methodPing       = string(mcp.MethodPing)
	methodListen     = string(mcp.MethodSubscriptionsListen)
	methodCancelled  = string(mcp.MethodNotificationCancelled)
)

// maxDepth is how deep encoding/json reads nested arrays and objects (scanner.go,
// maxNestingDepth).
const maxDepth = 10_000

// busyCode is the first code that JSON-RPC leaves to servers
// (https://www.jsonrpc.org/specification#error_object).
const busyCode = -32000

// fault is a JSON-RPC error about the message itself.
type fault struct {
	code int
	text string
}

func invalid(format string, args ...any) *fault {
	return &fault{mcp.INVALID_REQUEST, fmt.Sprintf(format, args...)}
}

// message is one line, whose keys are matched exactly. encoding/json matches keys in any case and
// takes the last of two equal ones, so mcp-go never sees the line. It gets forProtocol, which is
// built from what was read here, so that the two cannot disagree about who asks for what.
type message struct {
	id       json.RawMessage // as written; nil for a notification, and if it could not be read
	method   string
	greets   bool // the method is initialize; a guess if the line could not be read
	params   json.RawMessage
	meta     json.RawMessage
	isAnswer bool            // to a request that this server sent
	result   json.RawMessage // of an answer; nil for an error

	tool          string          // tools/call
	arguments     json.RawMessage // tools/call, exactly as written; nil if there were none
	progressToken json.RawMessage // tools/call; nil if the client does not ask for progress
	requestID     json.RawMessage // notifications/cancelled
	offered       json.RawMessage // initialize: the version that the client asks for
	showsForms    bool            // initialize: the client can show forms

	clientName string // from _meta or, for initialize, clientInfo; "" if none is given
	version    string // of the protocol, from _meta; "" before 2026-07-28
	modern     bool   // the client speaks 2026-07-28 or later
	size       int    // bytes of the line
}

// parse reads one line. If it returns a fault, the message has an id only if that id is beyond
// doubt.
func parse(line []byte) (message, *fault) {
	m, whole := message{size: len(line)}, line
	line, depth, ok := readable(line)
	if !ok {
		m.greets = bytes.Contains(whole, []byte(`"`+methodInitialize+`"`))
		return m, &fault{mcp.PARSE_ERROR, "the message is not JSON in UTF-8"}
	}
	if line[0] != '{' {
		return m, invalid("a message is one JSON object; batches are not served")
	}
	envelope, twice := members(line)
	method, _ := text(envelope["method"])
	m.greets = method == methodInitialize
	if twice != nil {
		if m.id = envelope["id"]; *twice == "id" || !isID(m.id) {
			m.id = nil
		}
		return m, invalid("key %.64q is given twice", *twice)
	}
	if f := m.readEnvelope(envelope); f != nil || m.isAnswer {
		return m, f
	}
	if depth > maxDepth {
		return m, invalid("the message is nested %d levels deep; %d at most are read",
			depth, maxDepth)
	}
	return m, m.readParams()
}

// readable reports whether the line is JSON in UTF-8. If the line is nested deeper than
// encoding/json reads, readable returns its envelope, so that the request can be refused under its
// id. Without that id a client would wait forever.
func readable(line []byte) (_ []byte, depth int, ok bool) {
	if !utf8.Valid(line) {
		return nil, 0, false
	}
	if json.Valid(line) {
		return line, 0, true
	}
	envelope, depth := shallow(line)
	return envelope, depth, depth > maxDepth && json.Valid(envelope)
}

func (m *message) readEnvelope(envelope map[string]json.RawMessage) *fault {
	id, hasID := envelope["id"]
	if hasID && !isID(id) {
		return invalid("id must be a string or a number")
	}
	m.id = id
	if v, _ := text(envelope["jsonrpc"]); v != mcp.JSONRPC_VERSION {
		return invalid(`jsonrpc must be "2.0"`)
	}
	method, hasMethod := envelope["method"]
	result, hasResult := envelope["result"]
	_, failure := envelope["error"]
	if m.isAnswer = !hasMethod && (hasResult || failure); m.isAnswer {
		if !failure {
			m.result = result
		}
		return nil
	}
	if m.method, _ = text(method); m.method == "" {
		return invalid("method must be a string")
	}
	m.params = envelope["params"]
	return nil
}

// readParams reads the params that this package needs and refuses duplicate keys, except inside the
// arguments of a tool. The Broker refuses those itself, with a denial that the model can read.
func (m *message) readParams() *fault {
	if isNothing(m.params) {
		m.params = nil
		return m.check()
	}
	if m.params[0] != '{' {
		return &fault{mcp.INVALID_PARAMS, "params must be an object"}
	}
	params, twice := members(m.params)
	if twice != nil {
		return invalid("key %.64q is given twice in params", *twice)
	}
	for key, value := range params {
		if m.method == methodCall && key == "arguments" {
			continue
		}
		if err := tool.CheckDuplicates(value); err != nil {
			return invalid("params: %.64q: %v", key, err)
		}
	}
	if meta, given := params["_meta"]; given && isNothing(meta) { // mcp-go does not read []
		delete(params, "_meta")
		m.params = encode(params)
	}
	m.tool, _ = text(params["name"])
	m.offered = params["protocolVersion"]
	m.arguments, m.requestID, m.meta = params["arguments"], params["requestId"], params["_meta"]
	m.showsForms = m.method == methodInitialize && showsForms(params["capabilities"])
	if f := m.readClient(params["clientInfo"]); f != nil {
		return f
	}
	return m.check()
}

func (m *message) readClient(clientInfo json.RawMessage) *fault {
	meta, ok := object(m.meta)
	if !ok {
		return &fault{mcp.INVALID_PARAMS, "_meta must be an object"}
	}
	if m.method == methodCall && isID(meta["progressToken"]) { // a string or a number, as an id
		m.progressToken = meta["progressToken"]
	}
	m.version, _ = text(meta[mcp.MetaKeyProtocolVersion])
	m.modern = mcp.IsModernProtocol(m.version)
	info, ok := object(meta[mcp.MetaKeyClientInfo])
	name, nameOK := text(info["name"])
	if !ok || !nameOK {
		return &fault{mcp.INVALID_PARAMS,
			fmt.Sprintf("_meta[%q] must be an object with a name", mcp.MetaKeyClientInfo)}
	}
	m.clientName = name
	if m.method != methodInitialize {
		return nil
	}
	info, ok = object(clientInfo)
	own, ownOK := text(info["name"])
	if !ok || !ownOK || name != "" && name != own {
		return &fault{mcp.INVALID_PARAMS,
			"clientInfo must be an object with a name, the same as in _meta"}
	}
	m.clientName = own
	return nil
}

func (m *message) check() *fault {
	if m.method == methodCall && m.tool == "" {
		return &fault{mcp.INVALID_PARAMS, "tools/call needs the name of a tool"}
	}
	return nil
}

// forProtocol is the message for mcp-go, without the arguments of a call. mcp-go would parse them
// into a map, where large numbers lose digits and one of two equal keys is lost. The Broker gets
// the bytes instead.
func (m *message) forProtocol() json.RawMessage {
	params := m.params
	switch {
	case m.method == methodCall:
		params = encode(struct {
			Name string          `json:"name"`
			Meta json.RawMessage `json:"_meta,omitempty"`
		}{m.tool, m.meta})
	case m.method == methodInitialize && params != nil:
		params = m.initializeParams()
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params,omitempty"`
	}{mcp.JSONRPC_VERSION, m.id, m.method, params})
}

// initializeParams leaves out the client's capabilities: some clients write [] for {} in them,
// which mcp-go does not read, and this package has already read what it needs.
func (m *message) initializeParams() json.RawMessage {
	type client struct {
		Name string `json:"name"`
	}
	return encode(struct {
		Version      json.RawMessage `json:"protocolVersion,omitempty"`
		Capabilities struct{}        `json:"capabilities"`
		Client       client          `json:"clientInfo"`
		Meta         json.RawMessage `json:"_meta,omitempty"`
	}{m.offered, struct{}{}, client{m.clientName}, m.meta})
}
