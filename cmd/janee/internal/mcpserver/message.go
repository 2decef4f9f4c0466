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

// maxDepth is how many arrays and objects encoding/json reads inside one another (scanner.go,
// maxNestingDepth).
const maxDepth = 10_000

// busyCode is -32000, the first code JSON-RPC leaves to servers
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

// message is one line, read by exact key names. encoding/json matches names in any case and takes
// the last of two equal ones, so mcp-go is never shown the line: it gets forProtocol, built from
// what was read here, and the two cannot disagree about who asks for what.
type message struct {
	// as written; nil for a notification, and where it could not be read
	id            json.RawMessage
	method        string
	greets        bool // its method is initialize, as far as can be seen where it cannot be read
	params        json.RawMessage
	isAnswer      bool            // to a request of this server's
	result        json.RawMessage // of an answer; nil for an error
	tool          string          // tools/call
	arguments     json.RawMessage // tools/call, exactly as written; nil when there were none
	requestID     json.RawMessage // notifications/cancelled
	meta          json.RawMessage
	progressToken json.RawMessage // of a call whose client wants to be told how far it is; else nil
	offered       json.RawMessage // initialize: the version that the client asks for
	showsForms    bool            // initialize: the client can ask its person, see showsForms
	// the name in _meta or, for initialize, in clientInfo; "" when none is given
	clientName string
	version    string // of the protocol, as _meta names it; "" before 2026-07-28
	modern     bool   // speaks 2026-07-28 or later
	size       int    // bytes of the line
}

// parse reads one line. The message of a fault has an id only if that id is beyond doubt.
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

// readable reports whether the line is JSON in UTF-8. Of one nested deeper than encoding/json
// reads, the envelope is left, so that the request can be refused under its id: a client waits for
// that for good.
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

// readParams reads what this package decides on, and refuses keys given twice anywhere but inside
// the arguments of a tool: those are the Broker's, which answers with a denial the model can read.
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

// forProtocol is the message for mcp-go. The arguments of a call stay out: they would be parsed
// into a map there (large numbers lose digits, of two equal keys one is lost) and reach the Broker
// as bytes by another way.
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

// initializeParams leaves out what a client says it can do: some write [] for {} there, which
// mcp-go does not read, and all that is of interest is read already.
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
