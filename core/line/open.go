package line

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Open verifies data, one line with or without its line feed, and then parses it into the struct that into points to.
// Unknown fields are ignored; another version than 1 or another kind than the one named is refused, so that no file can stand in for a file of another kind.
func Open(key, data []byte, kind string, into any) error {
	text := bytes.TrimSuffix(data, []byte("\n"))
	if err := Verify(key, text); err != nil {
		return fmt.Errorf("read %s: %w", kind, err)
	}
	var head struct {
		V    int    `json:"v"`
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("read %s: %w", kind, err)
	}
	if head.V != 1 || head.Kind != kind {
		return fmt.Errorf("read %s: found version %d of kind %q", kind, head.V, head.Kind)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", kind, err)
	}
	return nil
}

// Digest is SHA-256 over the frame of parts: each part after its length in bytes as a 32-bit big-endian number, so that no two lists of parts give the same bytes.
// The first part is a constant label that keeps digests of different uses apart.
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
