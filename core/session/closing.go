package session

import (
	"slices"

	"github.com/true-and-useful/janee/core/line"
)

// Revocation ends the grant called ID and keeps its pair closed until Until (Unix ms). By says who closed it ("cli").
type Revocation struct {
	ID    string `json:"id"`
	Pair  string `json:"pair"`
	At    int64  `json:"at"`
	Until int64  `json:"until"`
	By    string `json:"by"`
}

// Encode returns the content of the revocation's file, one line, signed with the key "state" of the vault.
func (r Revocation) Encode(key []byte) []byte {
	b := line.New(256)
	b.Text("kind", "revoked")
	b.Text("id", r.ID)
	b.Text("pair", r.Pair)
	b.Int("at", r.At)
	b.Int("until", r.Until)
	b.Text("by", r.By)
	return append(line.Seal(key, b.Bytes()), '\n')
}

// DecodeRevocation reads the content of a revocation's file. On an error the caller takes the pair as closed,
// and likewise if Pair is not the pair of the file's name.
func DecodeRevocation(key, data []byte) (Revocation, error) {
	var r Revocation
	if err := line.Open(key, data, "revoked", &r); err != nil {
		return Revocation{}, err
	}
	return r, nil
}

// Closure closes many sessions at once, until Until (Unix ms): those of Agent, of Capability, or of both; an empty name stands for any.
type Closure struct {
	Agent      string `json:"agent"`
	Capability string `json:"capability"`
	At         int64  `json:"at"`
	Until      int64  `json:"until"`
	By         string `json:"by"`
}

// Closures is the content of the file ClosedFile.
type Closures []Closure

// Closes reports whether a session of agent for capability is closed at now (Unix ms), and until when if it is: the latest end counts.
func (c Closures) Closes(agent, capability string, now int64) (closed bool, until int64) {
	for _, s := range c {
		if now < s.Until && matches(s.Agent, agent) && matches(s.Capability, capability) {
			closed, until = true, max(until, s.Until)
		}
	}
	return closed, until
}

func matches(scope, name string) bool { return scope == "" || scope == name }

// Current returns the closures that have not ended at now (Unix ms): what a writer keeps of the list when it adds to it.
func (c Closures) Current(now int64) Closures {
	return slices.DeleteFunc(slices.Clone(c), func(s Closure) bool { return s.Until <= now })
}

// Encode returns the content of ClosedFile, one line, signed with the key "state" of the vault.
func (c Closures) Encode(key []byte) []byte {
	b := line.New(64 + 128*len(c))
	b.Text("kind", "closed")
	b.List("scopes", len(c), func(i int) {
		b.Optional("agent", c[i].Agent)
		b.Optional("capability", c[i].Capability)
		b.Int("at", c[i].At)
		b.Int("until", c[i].Until)
		b.Text("by", c[i].By)
	})
	return append(line.Seal(key, b.Bytes()), '\n')
}

// DecodeClosures reads the content of ClosedFile. On an error the caller takes every session as closed.
func DecodeClosures(key, data []byte) (Closures, error) {
	var file struct {
		Scopes Closures `json:"scopes"`
	}
	if err := line.Open(key, data, "closed", &file); err != nil {
		return nil, err
	}
	return file.Scopes, nil
}
