package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Members reads one JSON object, as strictly as CheckDuplicates, and calls visit with each of its
// members in turn: the key as it reads, the value as it was written. What visit learnt is worth
// nothing if Members returns an error. Both share raw's memory.
func Members(raw []byte, visit func(key string, value []byte) error) error {
	text, err := scan(raw, visit)
	if err == nil && text[0] != '{' {
		err = fmt.Errorf("%w: want an object, got %s", ErrSyntax, kind(text))
	}
	return err
}

// Unquote decodes a value that Members has passed on, if it is a string. Most strings hold no
// escapes and are only copied.
func Unquote(value []byte) (s string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	err := json.Unmarshal(value, &s)
	return s, err == nil
}
