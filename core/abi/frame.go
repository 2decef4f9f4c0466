package abi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Bounds of one message, in bytes.
const (
	// MaxFrame is how long a request may be, with its length prefix. An answer is longer by a few
	// headers at most.
	MaxFrame = 12 << 20
	// MaxChunk is how much of a reply's body one scrub takes, in bytes.
	MaxChunk = 64 << 10
)

// split reads a frame: the length of the JSON text as 4 bytes, little-endian, then that text, then
// raw bytes to the end.
func split(frame []byte) (text, raw []byte, err error) {
	if len(frame) > MaxFrame {
		return nil, nil,
			&fault{code: tooLarge, message: fmt.Sprintf("a message has at most %d bytes", MaxFrame)}
	}
	if len(frame) < 4 {
		return nil, nil, bad("a message begins with the length of its JSON text, in 4 bytes")
	}
	n, rest := binary.LittleEndian.Uint32(frame), frame[4:]
	if uint64(n) > uint64(len(rest)) {
		return nil, nil, bad("the JSON text is shorter than the length before it")
	}
	return rest[:n], rest[n:], nil
}

// Join makes a frame of a JSON text and raw bytes.
func Join(text, raw []byte) []byte {
	frame := make([]byte, 4, 4+len(text)+len(raw))
	binary.LittleEndian.PutUint32(frame, uint32(len(text)))
	return append(append(frame, text...), raw...)
}

// success puts the members of an answer, a struct, into the envelope. It is written in one piece,
// because every call has several answers.
func success(members any, raw []byte) []byte {
	var b bytes.Buffer
	b.Grow(512 + len(raw))
	b.WriteString("\x00\x00\x00\x00" + `{"v":1,"ok":true`)
	at := b.Len()
	if a, ok := members.(appender); ok {
		b.Write(a.append(b.AvailableBuffer()))
	} else {
		write(&b, members)
	}
	if b.Len() == at+len("{}") {
		b.Truncate(at)
		b.WriteByte('}')
	} else {
		b.Bytes()[at] = ',' // the brace that opened the members
	}
	binary.LittleEndian.PutUint32(b.Bytes(), uint32(b.Len()-4))
	b.Write(raw)
	return b.Bytes()
}

// appender writes itself as JSON, byte for byte as encoding/json would, in a third of the time. It
// is for the messages that every call has.
type appender interface{ append(b []byte) []byte }

func failure(f *fault) []byte {
	return Join(encode(struct {
		V     int    `json:"v"`
		OK    bool   `json:"ok"`
		Error *fault `json:"error"`
	}{1, false, f}), nil)
}

func encode(v any) []byte {
	var b bytes.Buffer
	write(&b, v)
	return b.Bytes()
}

// write appends JSON, with & and < as they are. The values that are written here cannot fail; a
// panic would end in Handle.
func write(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	b.Truncate(b.Len() - 1) // the line feed
}
