package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

// Execute makes a request with a credential.
const Execute = "execute"

var execute = Tool{
	Definition: tool.Definition{
		Name:        Execute,
		Title:       "Make an API request",
		Description: describeExecute,
		Input:       json.RawMessage(executeInput),
		Output:      json.RawMessage(executeOutput),
		Destructive: true,
		OpenWorld:   true,
		OpenClaw:    true,
	},
	Reader: tool.Reader{
		Takes: []string{
			"capability", "method", "path", "headers", "body", "bodyEncoding", "reason",
			"approvalId", "maxBytes",
		},
		Needs: 3,
		Check: withMaxBytes,
	},
	needs: (*Engine).executeNeeds,
	run:   (*Flow).execute,
}

// withMaxBytes sets what an agent gets of a reply where it does not say.
func withMaxBytes(a *tool.Arguments) error {
	if a.MaxBytes == 0 {
		a.MaxBytes = wire.ReplyBody
	}
	return nil
}

const describeExecute = `Make one HTTP request to a service with a credential that Janee adds ` +
	`and you never see. Take capability from list_services; path is relative to its baseUrl and begins with "/". Redirects are not followed: a 3xx comes back as it is. The result holds status, headers and body of the reply, whatever the status. If Janee refuses, the result is an error whose denial.nextStep says what would help; do not repeat a refused request unchanged, and never ask a person for a key.`

// body is a string, though any JSON value is taken: Gemini CLI drops a tool whose properties lack a
// type, and clients that translate schemas for Gemini choke on a list of types. An object that a
// client refuses then comes as JSON text.
const executeInput = `{
  "type": "object",
  "properties": {
    "capability": {"type": "string", "description": "Name of a capability, from list_services."},
    "method": {"type": "string", "enum": ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"], "description": "HTTP method, in upper case."},
    "path": {"type": "string", "description": "Path and query, relative to the capability's baseUrl and beginning with \"/\", for example /v1/customers?limit=3. It is sent exactly as written: percent-encode special characters, and write no host, no \"..\" and no \"//\"."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Request headers, name to value, such as Content-Type or Idempotency-Key. Janee drops headers that carry credentials, names them in droppedHeaders, and adds its own."},
    "body": {"type": "string", "description": "Request body: the text to send, for example JSON. It is sent as it is. You may also give an object or array; Janee sends it as the JSON you wrote."},
    "bodyEncoding": {"type": "string", "enum": ["utf8", "base64"], "default": "utf8", "description": "base64: body is a base64 string and its decoded bytes are sent. Use it for binary data."},
    "reason": {"type": "string", "description": "Why you make this request, in one sentence for the person who reads the log. Required if requiresReason is true."},
    "approvalId": {"type": "string", "description": "The approvalId of an APPROVAL_PENDING refusal, when you repeat that same request."},
    "maxBytes": {"type": "integer", "minimum": 1, "maximum": 10485760, "default": 262144, "description": "The most bytes of the reply body to return; Janee cuts a longer body and sets truncated."}
  },
  "required": ["capability", "method", "path"],
  "additionalProperties": false
}`

const executeOutput = `{
  "type": "object",
  "properties": {
    "status": {"type": "integer", "description": "HTTP status of the reply."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Headers of the reply, name to value."},
    "body": {"type": "string", "description": "Body of the reply with secrets replaced by a mark such as [REDACTED:k3f9qz]."},
    "bodyEncoding": {"type": "string", "enum": ["utf8", "base64"], "description": "base64: the reply is not text, and body contains it in base64."},
    "truncated": {"type": "boolean", "description": "True if the reply was longer than maxBytes and was cut."},
    "redactions": {"type": "integer", "minimum": 0, "description": "How many secrets Janee masked in the reply."},
    "droppedHeaders": {"type": "array", "items": {"type": "string"}, "description": "Names of request headers that were not sent."}
  },
  "required": ["status", "headers", "body", "bodyEncoding", "truncated", "redactions"]
}`
