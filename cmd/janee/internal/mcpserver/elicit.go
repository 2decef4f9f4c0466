package mcpserver

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/true-and-useful/janee/core/tool"
)

const methodElicit = string(mcp.MethodElicitationCreate)

// asker sends requests to the client of one connection, under its own ids, and delivers what comes
// back. The zero value is ready.
type asker struct {
	mu      sync.Mutex
	last    int
	waiting map[string]chan json.RawMessage // the result of an answer, nil for an error; by id
}

// elicit shows a form in the client (MCP 2025-11-25, Elicitation) until it is filled in or ctx
// ends. content is what a person filled in, or the host without a person. accepted is false for
// everything else: a no, a closed form, an error, an answer that cannot be read.
func (a *asker) elicit(
	ctx context.Context, send func([]byte), message string, schema json.RawMessage,
) (content json.RawMessage, accepted bool) {
	id, answer := a.begin()
	defer a.end(id)
	send(encodeElicit(id, message, schema))
	select {
	case result := <-answer:
		return readElicited(result)
	case <-ctx.Done():
		send(encodeCancelled(id))
		return nil, false
	}
}

func (a *asker) begin() (id string, answer chan json.RawMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[string]chan json.RawMessage{}
	}
	a.last++
	id, answer = "janee-"+strconv.Itoa(a.last), make(chan json.RawMessage, 1)
	a.waiting[id] = answer
	return id, answer
}

func (a *asker) end(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, id)
}

// answered delivers an answer, once. It drops an answer that nobody waits for.
func (a *asker) answered(m message) {
	id, _ := text(m.id)
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer := a.waiting[id]; answer != nil {
		delete(a.waiting, id)
		answer <- m.result
	}
}

// readElicited accepts only the action "accept" with an object, and only if no key of the result is
// given twice.
func readElicited(result json.RawMessage) (content json.RawMessage, accepted bool) {
	if len(result) == 0 || tool.CheckDuplicates(result) != nil {
		return nil, false
	}
	values, ok := object(result)
	action, _ := text(values["action"])
	content = values["content"]
	if !ok || action != string(mcp.ElicitationResponseActionAccept) || len(content) == 0 ||
		content[0] != '{' {
		return nil, false
	}
	return content, true
}

// showsForms reads the capabilities of initialize. Elicitation must name form, or be empty, which
// meant form before there was another kind.
func showsForms(capabilities json.RawMessage) bool {
	all, _ := object(capabilities)
	kinds := all["elicitation"]
	if len(kinds) == 0 || kinds[0] != '{' {
		return false
	}
	values, _ := members(kinds)
	form := values["form"]
	return len(values) == 0 || len(form) > 0 && form[0] == '{'
}

func encodeElicit(id, message string, schema json.RawMessage) []byte {
	type params struct {
		Message string          `json:"message"`
		Schema  json.RawMessage `json:"requestedSchema"`
	}
	return encode(struct {
		JSONRPC string `json:"jsonrpc"`
		ID      string `json:"id"`
		Method  string `json:"method"`
		Params  params `json:"params"`
	}{mcp.JSONRPC_VERSION, id, methodElicit, params{message, schema}})
}

func encodeCancelled(id string) []byte {
	type params struct {
		ID     string `json:"requestId"`
		Reason string `json:"reason"`
	}
	return encode(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  params `json:"params"`
	}{mcp.JSONRPC_VERSION, methodCancelled, params{id, "the call that asked is over"}})
}
