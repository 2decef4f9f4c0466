package abi

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core"
)

// fileWrite is a file to write. With Create there must be no such file; with Was it must hold
// exactly that text. Without either, it replaces whatever there is.
type fileWrite struct {
	Name   string  `json:"name"`
	Data   string  `json:"data"`
	Create bool    `json:"create"`
	Was    *string `json:"was,omitempty"`
}

// fileHold is a file that must still be as it was read. Data is null where there was none.
type fileHold struct {
	Name string  `json:"name"`
	Data *string `json:"data"`
}

// commitStep asks for writes, then lines, then removes, all durable before anything else. If a hold
// is not met, nothing is done.
type commitStep struct {
	Type   string      `json:"type"`
	Holds  []fileHold  `json:"holds,omitempty"`
	Writes []fileWrite `json:"writes"`
	Remove []string    `json:"removes,omitempty"`
	// whose file the lines belong in
	Writer string `json:"writer,omitempty"`
	// each with its line feed
	Lines []string `json:"lines"`
	// the lines may be synced within 100 ms
	Late bool `json:"late"`
}

// listStep asks for every state file of a directory.
type listStep struct {
	Type string `json:"type"`
	Dir  string `json:"dir"`
}

// askStep waits for a person until waitUntilMono, or until look says that the files of watch end
// the wait.
type askStep struct {
	Type     string        `json:"type"`
	Question core.Question `json:"question"`
	// this call raised the question, so a person may be told
	New bool `json:"new"`
	// the code of the form before was not the right one
	Wrong bool     `json:"wrong,omitempty"`
	Wait  int64    `json:"waitUntilMono"`
	Watch []string `json:"watch"`
}

// relayStep is what the agent gets of the head of a reply. The body follows by scrub.
type relayStep struct {
	Type    string      `json:"type"`
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
}

// sendStep is one HTTP request. The raw bytes are its body.
type sendStep struct {
	Type    string `json:"type"`
	Service string `json:"service"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	// the request target on the wire, to the byte
	Target    string      `json:"target"`
	Headers   [][2]string `json:"headers"`
	TimeoutMs int64       `json:"timeoutMs"`
	// decoded bytes of the reply to read
	MaxBody int64    `json:"maxBody"`
	Watch   []string `json:"watch"`
	CAFile  string   `json:"caFile,omitempty"`
	// the SHA-256, in hex, that the content of caFile must have
	CADigest string `json:"caDigest,omitempty"`
	Proxy    string `json:"proxy,omitempty"`
	// it trades a credential for a token, once for all calls that name the same flight
	Flight string `json:"flight,omitempty"`
}

// doneStep ends a call with one of Result and Refusal: what the agent is answered. The shell fills
// in the body of an execute, because it has the bytes. The result of a reload is null, because the
// shell has yet to do it.
type doneStep struct {
	Type   string          `json:"type"`
	Tool   string          `json:"tool,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	// to be written into config.yaml, then answered
	Share   *shareStep      `json:"share,omitempty"`
	Refusal json.RawMessage `json:"refusal,omitempty"`
	// of a refusal: the text that goes before it
	Prose string `json:"prose,omitempty"`
	// refuse all further calls until the log can be written
	Lock bool `json:"lock"`
}

// shareStep is what the owner of a service has decided, to be written into config.yaml.
type shareStep struct {
	Service string `json:"service"`
	Owner   string `json:"owner"`
	Agent   string `json:"agent"`
	Grant   bool   `json:"grant"`
}

// step translates what the shell has to do next, and keeps it as the pending step.
func (fl *flow) step(now core.Now, s core.Step) (step any, raw []byte) {
	switch s := s.(type) {
	case nil: // the request under way goes on
		return nil, nil
	case core.Relay:
		return relayStep{"relay", s.Status, pairs(s.Headers)}, nil
	}
	fl.pending, fl.lined = s, false
	switch s := s.(type) {
	case core.Commit:
		return fl.commit(now, s), nil
	case core.List:
		return listStep{"list", s.Dir}, nil
	case core.Ask:
		return askStep{"ask", s.Question, s.New, s.Wrong, s.Wait, s.Watch}, nil
	case core.Send:
		return fl.send(s), s.Body
	case core.Done:
		return done(s), nil
	}
	panic("abi: a step that the messages do not know")
}

func (fl *flow) commit(now core.Now, s core.Commit) commitStep {
	c := commitStep{Type: "commit", Writes: []fileWrite{}, Remove: s.Removes, Late: s.Late}
	for _, h := range s.Holds {
		c.Holds = append(c.Holds, fileHold{h.Name, textOf(h.Data)})
	}
	for _, w := range s.Writes {
		was := textOf(w.If.Data())
		c.Writes = append(c.Writes,
			fileWrite{w.Name, string(w.Data), !w.If.Any() && was == nil, was})
	}
	fl.line(now, s.Records, &c)
	return c
}

func textOf(data []byte) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

// line makes the lines of a step's records, and remembers whether there are any.
func (fl *flow) line(now core.Now, records []core.Record, to *commitStep) {
	lines, ok := fl.engine.chain.seal(now, records)
	to.Lines, fl.sealed, fl.unlined = []string{}, "", !ok
	if len(lines) > 0 {
		to.Lines, to.Writer = lines, fl.engine.chain.writer
		fl.sealed = to.Writer
	}
}

func (fl *flow) send(s core.Send) sendStep {
	out := sendStep{
		Type:      "send",
		Service:   s.Service,
		Method:    s.Method,
		URL:       s.URL,
		Target:    s.Target,
		Headers:   pairs(s.Headers),
		TimeoutMs: s.TimeoutMs,
		MaxBody:   s.MaxBody,
		Watch:     s.Watch,
		Flight:    s.Flight,
		CADigest:  s.CADigest,
	}
	if service := fl.config.Services[s.Service]; service != nil {
		out.CAFile, out.Proxy = service.CAFile, service.Proxy
	}
	return out
}

func pairs(headers []core.Header) [][2]string {
	list := make([][2]string, len(headers))
	for i, h := range headers {
		list[i] = [2]string{h.Name, h.Value}
	}
	return list
}

func done(s core.Done) doneStep {
	d := doneStep{Type: "done", Lock: s.Lock}
	if s.Denial != nil {
		d.Refusal, d.Prose = s.Denial.Text(), s.Denial.Prose()
		return d
	}
	d.Tool, d.Result, d.Share = s.Result.Tool, s.Result.Text(nil), (*shareStep)(s.Result.Share)
	if d.Result == nil {
		d.Result = json.RawMessage("null")
	}
	return d
}
