package tool

const describeListServices = `List the API capabilities you can use through Janee. Call this ` +
	`first: execute takes the names given here. Each entry says which service it reaches, the baseUrl that paths are relative to, the rules that requests are judged by, and whether a reason (requiresReason) or a person's approval (autoApprove false) is needed. No credential is ever shown.`

const describeExecute = `Make one HTTP request to a service with a credential that Janee adds ` +
	`and you never see. Take capability from list_services; path is relative to its baseUrl and begins with "/". Redirects are not followed: a 3xx comes back as it is. The result holds status, headers and body of the reply, whatever the status. If Janee refuses, the result is an error whose denial.nextStep says what would help; do not repeat a refused request unchanged, and never ask a person for a key.`

const describeWhoami = `Say how Janee knows you: your agent id, where that id comes from, and ` +
	`which capabilities are open or closed to you. Use it when a call is refused because of who you are.`

const describeExplainAccess = `Ask whether a request would be allowed, without making it: ` +
	`nothing is sent, no session opens and nobody is asked. Give the capability, and method and path as you would give them to execute. The answer goes through every check that execute makes, in its order, and says of each whether it passes, fails or does not apply; nextStep says what would help. Use it after a refusal that you do not understand, or before asking a person for a change of rules. It answers about you only.`

// A schema without properties names them all the same: some clients reject an object schema that
// lacks the word.
const noInput = `{"type": "object", "properties": {}, "additionalProperties": false}`

// body is a string, though any JSON value is taken: Gemini CLI drops a tool whose properties lack a
// type, and clients that translate schemas for Gemini choke on a list of types. An object that a
// client refuses then comes as JSON text.
const executeInput = `{
  "type": "object",
  "properties": {
    "capability": {"type": "string", "description": "Name of a capability, from list_services."},
    "method": {"type": "string", "enum": ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"], "description": "HTTP method, in upper case."},
    "path": {"type": "string", "description": "Path and query, relative to the capability's baseUrl and beginning with \"/\", for example /v1/customers?limit=3. It is sent exactly as written: percent-encode what is not plain, and write no host, no \"..\" and no \"//\"."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Further request headers, name to value, such as Content-Type or Idempotency-Key. Headers that carry credentials are left out and named in droppedHeaders: Janee adds its own."},
    "body": {"type": "string", "description": "Request body: the text to send, for example JSON. It is sent as it is. An object or array is taken as well and sent as the JSON you wrote."},
    "bodyEncoding": {"type": "string", "enum": ["utf8", "base64"], "default": "utf8", "description": "base64: body is a base64 string and its decoded bytes are sent. Use it for binary data."},
    "reason": {"type": "string", "description": "Why you make this request, in one sentence for the person who reads the log. Needed where requiresReason is true."},
    "approvalId": {"type": "string", "description": "The approvalId of an APPROVAL_PENDING refusal, when you repeat that same request."},
    "maxBytes": {"type": "integer", "minimum": 1, "maximum": 10485760, "default": 262144, "description": "How many bytes of the reply body to return at most; the rest is cut and truncated is true."}
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
    "bodyEncoding": {"type": "string", "enum": ["utf8", "base64"], "description": "base64: the reply is not text and body holds it in base64."},
    "truncated": {"type": "boolean", "description": "True if the reply was longer than maxBytes and was cut."},
    "redactions": {"type": "integer", "minimum": 0, "description": "How many secrets were taken out of the reply."},
    "droppedHeaders": {"type": "array", "items": {"type": "string"}, "description": "Names of request headers that were not sent."}
  },
  "required": ["status", "headers", "body", "bodyEncoding", "truncated", "redactions"]
}`

const explainInput = `{
  "type": "object",
  "properties": {
    "capability": {"type": "string", "description": "Name of a capability, from list_services."},
    "method": {"type": "string", "enum": ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"], "description": "HTTP method of the request in question. Without method and path no rules are looked at."},
    "path": {"type": "string", "description": "Path of the request in question, as execute takes it."},
    "agent": {"type": "string", "description": "Your own agent id, as whoami gives it. Leave it out: any other is refused."}
  },
  "required": ["capability"],
  "additionalProperties": false
}`

const explainOutput = `{
  "type": "object",
  "properties": {
    "agent": {"type": "string", "description": "The agent id that was judged: yours."},
    "capability": {"type": "string", "description": "The capability that was asked about."},
    "allowed": {"type": "boolean", "description": "True if no check fails: execute would go ahead."},
    "trace": {
      "type": "array",
      "description": "Every check that execute makes, in its order.",
      "items": {
        "type": "object",
        "properties": {
          "check": {"type": "string", "description": "Name of the check, for example rules or session."},
          "result": {"type": "string", "enum": ["pass", "fail", "skip"], "description": "skip: it does not apply, or an earlier failure leaves nothing to look at."},
          "detail": {"type": "string", "description": "What was found, in one sentence."}
        },
        "required": ["check", "result", "detail"]
      }
    },
    "nextStep": {"type": "string", "description": "What would help against the first check that fails."}
  },
  "required": ["agent", "capability", "allowed", "trace"]
}`

const listServicesOutput = `{
  "type": "object",
  "properties": {
    "capabilities": {
      "type": "array",
      "description": "Every capability, in the order of the configuration. Of one that is closed to you (accessible false) no more than name, service and mode is shown.",
      "items": {
        "type": "object",
        "properties": {
          "accessible": {"type": "boolean", "description": "Whether you may use it."},
          "name": {"type": "string", "description": "What execute takes as capability."},
          "service": {"type": "string", "description": "The service it reaches."},
          "mode": {"type": "string", "description": "How it is used: proxy means execute."},
          "ttl": {"type": "string", "description": "How long a session lasts once opened, for example 1h."},
          "autoApprove": {"type": "boolean", "description": "False: a person is asked before a session opens."},
          "requiresReason": {"type": "boolean", "description": "True: every execute needs a reason."},
          "rules": {
            "type": "object",
            "description": "What requests are judged by: deny first, then allow, and what matches neither is refused. Absent: all requests are allowed. A rule is METHOD PATTERN, * stands for any characters, and ?KEY at the end for a query that holds KEY.",
            "properties": {
              "allow": {"type": "array", "items": {"type": "string"}, "description": "Rules that allow."},
              "deny": {"type": "array", "items": {"type": "string"}, "description": "Rules that refuse."}
            }
          },
          "allowHeaders": {"type": "array", "items": {"type": "string"}, "description": "Headers you may send although they choose an account, a second resource or a permission."},
          "limits": {
            "type": "object",
            "description": "How much you may use it. Absent: as whoami says.",
            "properties": {` + limitFields + `
            }
          },
          "baseUrl": {"type": "string", "description": "What the path of execute is relative to."},
          "description": {"type": "string", "description": "What it is for, in the owner's words."},
          "docs": {"type": "string", "description": "Where the API is documented."}
        },
        "required": ["accessible", "name", "service", "mode"]
      }
    }
  },
  "required": ["capabilities"]
}`

// limitFields are the properties of limits, wherever they are told.
const limitFields = `
        "perMinute": {"type": "integer", "description": "Calls in any minute."},
        "perHour": {"type": "integer", "description": "Calls in any hour."},
        "bytesPerHour": {"type": "integer", "description": "Bytes of requests and replies in any hour."},
        "concurrent": {"type": "integer", "description": "Calls at once."},
        "maxRequestBytes": {"type": "integer", "description": "Bytes of a request's body."},
        "maxResponseBytes": {"type": "integer", "description": "Bytes of a reply's body that are handed back; a longer one is cut."}`

const whoamiOutput = `{
  "type": "object",
  "properties": {
    "agentId": {"type": "string", "description": "The name under which your calls are judged and logged."},
    "identitySource": {"type": "string", "description": "Where that name comes from."},
    "defaultAccessPolicy": {"type": "string", "description": "Who may use a capability that names no agents: open or restricted."},
    "capabilities": {
      "type": "object",
      "description": "Names of the capabilities, by whether they are open to you.",
      "properties": {
        "accessible": {"type": "array", "items": {"type": "string"}, "description": "Open to you."},
        "denied": {"type": "array", "items": {"type": "string"}, "description": "Closed to you."}
      },
      "required": ["accessible", "denied"]
    },
    "limits": {
      "type": "object",
      "description": "How much you may use of all capabilities together; some have limits of their own, see list_services.",
      "properties": {` + limitFields + `
      }
    }
  },
  "required": ["agentId", "identitySource", "defaultAccessPolicy", "capabilities"]
}`
