package line

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Encode returns the content of a file of that kind: the fields of value, a struct, on one sealed
// line with its line feed. Text is written as Builder writes it.
func Encode(key []byte, kind string, value any) []byte {
	var fields bytes.Buffer
	enc := json.NewEncoder(&fields)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // structs of texts and numbers cannot fail
	b := New(fields.Len() + len(kind))
	b.Text("kind", kind)
	open := append(b.Bytes(), ',')
	open = append(open, bytes.TrimSuffix(fields.Bytes()[1:], []byte("}\n"))...)
	return append(Seal(key, open), '\n')
}

// Open verifies data, one line with or without its line feed, and then parses it into a T; with an
// error that is the zero value. It ignores unknown fields. It refuses a version other than 1 and a
// kind other than the one named, so that no file can take the place of a file of another kind.
func Open[T any](key, data []byte, kind string) (value T, err error) {
	if err = open(key, data, kind, &value); err != nil {
		var none T
		return none, fmt.Errorf("read %s: %w", kind, err)
	}
	return value, nil
}

func open(key, data []byte, kind string, into any) error {
	text := bytes.TrimSuffix(data, []byte("\n"))
	if err := Verify(key, text); err != nil {
		return err
	}
	var head struct {
		V    int    `json:"v"`
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	if head.V != 1 || head.Kind != kind {
		return fmt.Errorf("found version %d of kind %q", head.V, head.Kind)
	}
	return json.Unmarshal(text, into)
}

// Digest is SHA-256 over the parts, each after its length in bytes as a 32-bit big-endian number,
// so that no two lists of parts give the same bytes. The first part is a constant label that keeps
// digests for different uses apart.
func Digest(parts ...string) [sha256.Size]byte {
	sum := sha256.New()
	var size [4]byte
	for _, part := range parts {
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		sum.Write(size[:])
		sum.Write([]byte(part))
	}
	return [sha256.Size]byte(sum.Sum(nil))
}
