package abi

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core"
)

// fileWrite is a write. With Create there must be no file; with Was it must hold exactly that.
type fileWrite struct {
	Name   string  `json:"name"`
	Data   string  `json:"data"`
	Create bool    `json:"create"`
	Was    *string `json:"was,omitempty"`
}

// fileHold is a file that must still be as it was read; Data is null where there was none.
type fileHold struct {
	Name string  `json:"name"`
	Data *string `json:"data"`
}

type commitStep struct {
	Type   string      `json:"type"`
	Holds  []fileHold  `json:"holds,omitempty"`
	Writes []fileWrite `json:"writes"`
	Remove []string    `json:"removes,omitempty"`
	Writer string      `json:"writer,omitempty"` // whose file the lines belong in
	Lines  []string    `json:"lines"`            // each with its line feed
	Late   bool        `json:"late"`
}

type listStep struct {
	Type string `json:"type"`
	Dir  string `json:"dir"`
}

type askStep struct {
	Type     string        `json:"type"`
	Question core.Question `json:"question"`
	New      bool          `json:"new"`
	Wrong    bool          `json:"wrong,omitempty"`
	Wait     int64         `json:"waitUntilMono"`
	Watch    []string      `json:"watch"`
}

// relayStep is what an agent gets of the head of a reply.
type relayStep struct {
	Type    string      `json:"type"`
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
}

type sendStep struct {
	Type      string      `json:"type"`
	Service   string      `json:"service"`
	Method    string      `json:"method"`
	URL       string      `json:"url"`
	Target    string      `json:"target"`
	Headers   [][2]string `json:"headers"`
	TimeoutMs int64       `json:"timeoutMs"`
	MaxBody   int64       `json:"maxBody"`
	Watch     []string    `json:"watch"`
	CAFile    string      `json:"caFile,omitempty"`
	CADigest  string      `json:"caDigest,omitempty"`
	Proxy     string      `json:"proxy,omitempty"`
	Flight    string      `json:"flight,omitempty"`
}

// doneStep holds one of Result and Refusal: what the agent is given, as text. The body of an
// execute is the shell's to fill in, since it has the bytes; the result of a reload is null, since
// the shell has yet to do it.
type doneStep struct {
	Type   string          `json:"type"`
	Tool   string          `json:"tool,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	// to be written into config.yaml, then answered
	Share   *shareStep      `json:"share,omitempty"`
	Refusal json.RawMessage `json:"refusal,omitempty"`
	Prose   string          `json:"prose,omitempty"` // of a refusal: what goes in front of it
	Lock    bool            `json:"lock"`
}

type shareStep struct {
	Service string `json:"service"`
	Owner   string `json:"owner"`
	Agent   string `json:"agent"`
	Grant   bool   `json:"grant"`
}

// step translates what the shell has to do next, and remembers it.
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
