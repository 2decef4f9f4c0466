package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/tool"
)

// TestService tries the credential of a service with a request that its owner has chosen.
const TestService = "test_service"

var testService = Tool{
	Definition: tool.Definition{
		Name:        TestService,
		Title:       "Test a service",
		Description: describeTestService,
		Input:       json.RawMessage(testServiceInput),
		Output:      json.RawMessage(testServiceOutput),
		ReadOnly:    true,
		Idempotent:  true,
		OpenWorld:   true,
	},
	Reader: tool.Reader{
		Takes: []string{"service", "timeout"},
	},
	needs: (*Engine).trialNeeds,
	run:   (*Flow).test,
}

const describeTestService = `Check whether the credential of a service works: Janee makes one ` +
	`authenticated GET of the path that the owner has set for this (testPath) and reports the result. ` +
	`Give the service as list_services names it; without one, Janee tries every service that you may use. reachable says that the API answered, authOk that it accepted the credential. ` +
	`Use it when a call fails with 401 or 403, or when you are told that a key was changed. It makes no other request.`

const testServiceInput = `{
  "type": "object",
  "properties": {
    "service": {"type": "string", "description": "Name of a service, from list_services. Absent: every service that you may use."},
    "timeout": {"type": "integer", "minimum": 1, "maximum": 60000, "default": 10000, "description": "How long to wait for each service, in milliseconds."}
  },
  "additionalProperties": false
}`

const testServiceOutput = `{
  "type": "object",
  "properties": {
    "results": {
      "type": "array",
      "description": "One entry for each service that was tried.",
      "items": {
        "type": "object",
        "properties": {
          "service": {"type": "string", "description": "The service."},
          "baseUrl": {"type": "string", "description": "Its base URL."},
          "testUrl": {"type": "string", "description": "The URL that Janee requested."},
          "reachable": {"type": "boolean", "description": "Whether the API answered at all."},
          "authOk": {"type": "boolean", "description": "Whether it accepted the credential: its answer was a success."},
          "statusCode": {"type": ["integer", "null"], "description": "HTTP status of the answer; null without one."},
          "latencyMs": {"type": "integer", "minimum": 0, "description": "Time until the answer began, in milliseconds."},
          "authType": {"type": "string", "description": "How requests to the service are authenticated."},
          "error": {"type": "string", "description": "What is wrong. Absent: nothing."},
          "reasonCode": {"type": "string", "description": "The code of a refusal, as execute would give it."},
          "nextStep": {"type": "string", "description": "What would help."},
          "responseBody": {"type": "string", "description": "The beginning of an answer that was not a success, with secrets masked."},
          "checkedAt": {"type": "string", "description": "When Janee checked it (RFC 3339)."}
        },
        "required": ["service", "baseUrl", "testUrl", "reachable", "authOk", "statusCode", "latencyMs", "authType", "checkedAt"]
      }
    }
  },
  "required": ["results"]
}`
