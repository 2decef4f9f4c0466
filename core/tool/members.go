package tool

import "fmt"

// Members reads one JSON object, as strictly as CheckDuplicates, and calls visit with each of its members in turn: the key as it
// reads, the value as it was written. What visit learnt is worth nothing if Members returns an error. Both share raw's memory.
func Members(raw []byte, visit func(key string, value []byte) error) error {
	text, err := scan(raw, visit)
	if err == nil && text[0] != '{' {
		err = fmt.Errorf("%w: want an object, got %s", ErrSyntax, kind(text))
	}
	return err
}
