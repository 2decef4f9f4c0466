package mcpserver

import (
	"bytes"
	"encoding/json"
)

// members splits a valid JSON object without copying its values. twice is the first duplicate key.
// Keys are compared after decoding, because "id" and "\u0069d" are one key to every other parser.
func members(raw []byte) (values map[string]json.RawMessage, twice *string) {
	values = make(map[string]json.RawMessage)
	var key string
	depth, start := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i)
		case '{', '[':
			if depth++; depth == 1 {
				start = i + 1
			}
		case ':':
			if depth == 1 {
				key, _ = text(bytes.TrimSpace(raw[start:i]))
				start = i + 1
			}
		case ',', '}', ']':
			if depth == 1 {
				twice = add(values, key, bytes.TrimSpace(raw[start:i]), twice)
				start = i + 1
			}
			if raw[i] != ',' {
				depth--
			}
		}
	}
	return values, twice
}

func add(values map[string]json.RawMessage, key string, value []byte, twice *string) *string {
	if len(value) == 0 { // the end of {}
		return twice
	}
	if _, known := values[key]; known && twice == nil {
		return &key
	}
	values[key] = value
	return twice
}

// shallow returns raw with the arrays and objects inside the outermost one emptied, and the
// greatest depth. It takes any bytes; if what it returns is JSON, only the parts left out can be
// invalid.
func shallow(raw []byte) (envelope []byte, deepest int) {
	depth, from := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i)
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
			if depth == 2 {
				envelope = append(envelope, raw[from:i+1]...)
			}
		case '}', ']':
			if depth == 2 {
				from = i
			}
			depth--
		}
	}
	return append(envelope, raw[from:]...), deepest
}

// endOfString returns the index of the closing quote of the string that opens at i, or at least
// len(raw) if there is none.
func endOfString(raw []byte, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i
}

// object reads an optional object; an absent one is empty. Its keys have already been checked for
// duplicates.
func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	if raw == nil {
		return nil, true
	}
	if raw[0] != '{' {
		return nil, false
	}
	values, _ := members(raw)
	return values, true
}

// isNothing reports whether there is no value, or one that some clients write for an empty object:
// null, or [] if their language has only one kind of empty collection (PHP).
func isNothing(raw json.RawMessage) bool {
	return raw == nil || string(raw) == "null" ||
		raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

// text reads an optional string; an absent one is "".
func text(raw json.RawMessage) (string, bool) {
	if raw == nil {
		return "", true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil && raw[0] == '"'
}

// isID reports whether raw is a string or a number. MCP forbids null as an id
// (https://modelcontextprotocol.io/specification, Requests).
func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}
