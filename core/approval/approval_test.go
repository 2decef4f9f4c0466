package approval

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

const (
	asked  = int64(1795426425000)
	minute = int64(60_000)
)

var (
	key   = bytes.Repeat([]byte{7}, 32)
	other = bytes.Repeat([]byte{8}, 32)
)

func request() Request {
	return Request{
		Via:        "stdio",
		Agent:      "claude-ai",
		Capability: "stripe",
		Service:    "stripe",
		Method:     "POST",
		URL:        "https://api.stripe.com/v1/refunds",
		Headers:    []wire.Header{{Name: "Content-Type", Value: "text/plain"}},
		Body:       []byte("charge=ch_1"),
	}
}

func question() Question {
	return Question{
		ID:         strings.Repeat("a", 32),
		Agent:      "claude-ai",
		Via:        "stdio",
		Capability: "stripe",
		Service:    "stripe",
		Method:     "POST",
		Host:       "api.stripe.com",
		Path:       "/v1/refunds",
		Digest:     request().Digest(),
		Asked:      asked,
		Expires:    asked + Lifetime,
	}
}

func answer(decision, scope string, at int64) Answer {
	q := question()
	return Answer{ID: q.ID, Digest: q.Digest, Decision: decision, Scope: scope, At: at, By: "cli"}
}

func TestDigestTellsRequestsApart(t *testing.T) {
	same := request()
	same.Method, same.Headers[0].Name = "post", "CONTENT-type"
	if same.Digest() != request().Digest() {
		t.Error("the case of a method or of a header's name makes another request")
	}
	for name, change := range map[string]func(*Request){
		"via": func(r *Request) { r.Via = "http" }, "agent": func(r *Request) { r.Agent = "x" },
		"capability": func(r *Request) { r.Capability = "x" },
		"service":    func(r *Request) { r.Service = "x" },
		"method":     func(r *Request) { r.Method = "PUT" },
		"url":        func(r *Request) { r.URL += "?a" },
		"header":     func(r *Request) { r.Headers[0].Value = "text/html" },
		"no header":  func(r *Request) { r.Headers = nil },
		"one more header": func(r *Request) {
			r.Headers = append(r.Headers, wire.Header{Name: "X-A", Value: "b"})
		},
		"body":    func(r *Request) { r.Body = []byte("charge=ch_2") },
		"no body": func(r *Request) { r.Body = nil },
		"body for header": func(r *Request) {
			r.Headers, r.Body = append(r.Headers, wire.Header{Name: string(r.Body)}), nil
		},
	} {
		r := request()
		if change(&r); r.Digest() == request().Digest() {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestWhatAQuestionComesTo(t *testing.T) {
	q := question()
	yes, no := answer(Allow, Once, asked+minute), answer(Deny, Once, asked+minute)
	late := answer(Allow, Session, asked+9*minute)
	for _, c := range []struct {
		name   string
		answer []byte
		used   bool
		after  int64
		want   State
	}{
		{"just asked", nil, false, 0, Open},
		{"another process's clock is behind", nil, false, -4000, Open},
		{"asked in the future", nil, false, -6000, Expired},
		{"nobody answered", nil, false, Lifetime, Expired},
		{"yes", yes.Encode(key), false, 2 * minute, Allowed},
		{"yes, and ten minutes on", yes.Encode(key), false, 11*minute - 1, Allowed},
		{"yes, and nobody came", yes.Encode(key), false, 11 * minute, Expired},
		{"yes, and the clock was set back", yes.Encode(key), false, minute - 6000, Expired},
		{"yes in the last minute", late.Encode(key), false, 18 * minute, Allowed},
		{"yes for a session that is over",
			func() []byte { a := late; a.Until = asked + 12*minute; return a.Encode(key) }(), false,
			12 * minute, Expired},
		{"yes when it was over", answer(Allow, Once, asked+Lifetime).Encode(key), false,
			Lifetime, Expired},
		{"yes before it was asked", answer(Allow, Once, asked-minute).Encode(key),
			false, 0, Expired},
		{"spent", yes.Encode(key), true, 2 * minute, Spent},
		{"spent, and no answer", nil, true, 0, Spent},
		{"no", no.Encode(key), false, 2 * minute, Denied},
		{"no, until the question is over", no.Encode(key), false, Lifetime - 1, Denied},
		{"no, and the question is over", no.Encode(key), false, Lifetime, Expired},
		{"signed by another home", yes.Encode(other), false, 2 * minute, Damaged},
		{"edited", bytes.Replace(no.Encode(key), []byte(Deny), []byte(Allow), 1), false,
			2 * minute, Damaged},
		{"garbage", []byte("yes"), false, 2 * minute, Damaged},
		{"garbage, and the question is over", []byte("yes"), false, Lifetime, Expired},
		{"of another question",
			func() []byte { a := yes; a.ID = strings.Repeat("b", 32); return a.Encode(key) }(),
			false, 2 * minute, Damaged},
		{"of another request",
			func() []byte { a := yes; a.Digest = strings.Repeat("b", 64); return a.Encode(key) }(),
			false, 2 * minute, Damaged},
		{"neither yes nor no", answer("maybe", Once, asked+minute).Encode(key), false,
			2 * minute, Damaged},
		{"no scope", answer(Allow, "", asked+minute).Encode(key), false, 2 * minute, Damaged},
		{"a used mark for an answer", Used{ID: q.ID, At: asked}.Encode(key), false,
			2 * minute, Damaged},
	} {
		files := map[string][]byte{}
		if c.answer != nil {
			files[AnswerFile(q.ID)] = c.answer
		}
		if c.used {
			files[UsedFile(q.ID)] = nil
		}
		if got := q.Standing(key, files, asked+c.after).State; got != c.want {
			t.Errorf("%s: state %d, want %d", c.name, got, c.want)
		}
	}
	unreadable := map[string][]byte{AnswerFile(q.ID): nil}
	if got := q.Standing(key, unreadable, asked).State; got != Damaged {
		t.Errorf("an answer that cannot be read leaves state %d", got)
	}
	if Damaged != 0 {
		t.Error("a forgotten state allows")
	}
}

func TestQuestionsThatAreNotOurs(t *testing.T) {
	q := question()
	for name, data := range map[string][]byte{
		"another home": q.Encode(other), "no question": answer(Allow, Once, asked).Encode(key),
		"unreadable":            nil,
		"an id that is no name": func() []byte { x := q; x.ID = "../x"; return x.Encode(key) }(),
		"a digest that is no digest": func() []byte {
			x := q
			x.Digest = "ab"
			return x.Encode(key)
		}(),
	} {
		if got, err := DecodeQuestion(key, data); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	list := Questions(key, map[string][]byte{File(strings.Repeat("0", 64)): q.Encode(key)})
	if len(list) != 0 {
		t.Error("a question counts under the name of another")
	}
}

// queue holds n open questions of each agent.
func queue(n int, agents ...string) map[string][]byte {
	files := map[string][]byte{}
	for _, agent := range agents {
		for i := range n {
			r := request()
			r.Agent, r.URL = agent, fmt.Sprint(i)
			q := question()
			q.ID, q.Agent, q.Digest, q.Asked = r.Digest()[:32], agent, r.Digest(), asked+int64(i)
			files[File(q.Digest)] = q.Encode(key)
		}
	}
	return files
}

func TestTheQueueIsBounded(t *testing.T) {
	if Full(key, queue(MaxOpenAgent-1, "a"), "a", asked) ||
		!Full(key, queue(MaxOpenAgent, "a"), "a", asked) {
		t.Error("the bound of one agent")
	}
	if Full(key, queue(MaxOpenAgent, "a"), "b", asked) {
		t.Error("one agent keeps another from asking")
	}
	if !Full(key, queue(MaxOpenAgent, "a", "b", "c", "d", "e"), "f", asked) {
		t.Error("the bound of the home")
	}
	if Full(key, queue(MaxOpenAgent, "a"), "a", asked+Lifetime+minute) {
		t.Error("questions that are over count")
	}
	answered := queue(MaxOpenAgent, "a")
	for _, q := range Questions(key, answered) {
		answered[AnswerFile(q.ID)] = Answer{ID: q.ID, Digest: q.Digest, Decision: Deny,
			Scope: Once, At: asked}.Encode(key)
	}
	if Full(key, answered, "a", asked+1000) {
		t.Error("questions that are answered count")
	}
	list := Questions(key, queue(3, "a"))
	if len(list) != 3 || !slices.IsSortedFunc(list, func(a,
		b Question) int {
		return int(a.Asked - b.Asked)
	}) {
		t.Errorf("questions %+v", list)
	}
}

func TestStaleFilesGoAndNoOthers(t *testing.T) {
	q, a := question(), answer(Allow, Once, asked+minute)
	used := Used{ID: q.ID, At: asked + 2*minute}
	files := map[string][]byte{
		File(q.Digest): q.Encode(key), AnswerFile(q.ID): a.Encode(key),
		UsedFile(q.ID): used.Encode(key), AnswerFile(strings.Repeat("c", 32)): a.Encode(other),
		Dir + "/pin.json": nil,
	}
	hour := 60 * minute
	if got := Stale(key, files, asked+hour); len(got) != 0 {
		t.Errorf("after an hour: %v", got)
	}
	if got := Stale(key, files, asked+11*minute+hour); !slices.Equal(got,
		[]string{AnswerFile(q.ID)}) {
		t.Errorf("the answer first: %v", got)
	}
	want := []string{File(q.Digest), AnswerFile(q.ID), UsedFile(q.ID)}
	slices.Sort(want)
	if got := Stale(key, files, asked+24*hour); !slices.Equal(got, want) {
		t.Errorf("after a day: %v of %v", got, slices.Sorted(maps.Keys(files)))
	}
}
