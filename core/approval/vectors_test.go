package approval

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

func TestVectorsFormats(t *testing.T) {
	vectors.Make(t, 5, map[string]vectors.Maker{
		"digest": makeDigest, "question": makeQuestion, "answer": makeAnswer, "used": makeUsed,
	})
}

// makeDigest reads the parts as they are hashed: via, agent, capability, service, METHOD, url,
// names and values, body.
func makeDigest(t *testing.T, _ []byte, input json.RawMessage) string {
	var in struct{ Parts []string }
	vectors.Strict(t, input, &in)
	p, last := in.Parts, len(in.Parts)-1
	r := Request{
		Via:        p[0],
		Agent:      p[1],
		Capability: p[2],
		Service:    p[3],
		Method:     p[4],
		URL:        p[5],
		Body:       []byte(p[last]),
	}
	for i := 6; i < last; i += 2 {
		r.Headers = append(r.Headers, wire.Header{Name: p[i], Value: p[i+1]})
	}
	return r.Digest()
}

func makeQuestion(t *testing.T, state []byte, input json.RawMessage) string {
	var q Question
	vectors.Strict(t, input, &q)
	data := q.Encode(state)
	if back, err := DecodeQuestion(state, data); err != nil || back != q {
		t.Errorf("read back: %+v, %v", back, err)
	}
	return string(bytes.TrimSuffix(data, []byte("\n")))
}

func makeAnswer(t *testing.T, state []byte, input json.RawMessage) string {
	var a Answer
	vectors.Strict(t, input, &a)
	data := a.Encode(state)
	if back, err := DecodeAnswer(state, data); err != nil || back != a {
		t.Errorf("read back: %+v, %v", back, err)
	}
	return string(bytes.TrimSuffix(data, []byte("\n")))
}

func makeUsed(t *testing.T, state []byte, input json.RawMessage) string {
	var u Used
	vectors.Strict(t, input, &u)
	return string(bytes.TrimSuffix(u.Encode(state), []byte("\n")))
}
