package session

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/true-and-useful/janee/internal/vectors"
)

func TestVectorsFormats(t *testing.T) {
	vectors.Make(t, 5, map[string]vectors.Maker{
		"pair": makePair, "session": makeSession, "revoked": makeRevoked, "closed": makeClosed,
	})
}

func makePair(t *testing.T, _ []byte, input json.RawMessage) string {
	var in struct{ Via, Agent, Capability string }
	vectors.Strict(t, input, &in)
	return Pair(in.Via, in.Agent, in.Capability)
}

func makeSession(t *testing.T, state []byte, input json.RawMessage) string {
	var g Grant
	vectors.Strict(t, input, &g)
	return text(t, g.Encode(state))
}

func makeRevoked(t *testing.T, state []byte, input json.RawMessage) string {
	var r Revocation
	vectors.Strict(t, input, &r)
	return text(t, r.Encode(state))
}

func makeClosed(t *testing.T, state []byte, input json.RawMessage) string {
	var in struct{ Scopes Closures }
	vectors.Strict(t, input, &in)
	return text(t, in.Scopes.Encode(state))
}

func text(t *testing.T, file []byte) string {
	line, ok := bytes.CutSuffix(file, []byte("\n"))
	if !ok || bytes.ContainsRune(line, '\n') {
		t.Errorf("not one line: %q", file)
	}
	return string(line)
}
