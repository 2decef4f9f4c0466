package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
)

// setupAnswer is what --json prints.
type setupAnswer struct {
	OK      bool              `json:"ok"`
	Command string            `json:"command,omitempty"` // of the entry
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	URL     string            `json:"url,omitempty"`
	Clients []setupOutcome    `json:"clients"`
	Unknown []string          `json:"unknown,omitempty"` // names of no client
}

type setupOutcome struct {
	Client  string       `json:"client"`
	File    string       `json:"file,omitempty"`
	Rules   bool         `json:"rules,omitempty"` // the change is to the client's deny rules
	Action  setup.Action `json:"action"`
	Done    bool         `json:"done"`
	Agent   string       `json:"agentId,omitempty"`
	Wait    float64      `json:"waitSeconds,omitempty"`
	WaitKey string       `json:"waitKey,omitempty"`
	Restart string       `json:"restart,omitempty"`
	Notes   []string     `json:"notes,omitempty"`
	Error   string       `json:"error,omitempty"`
	Hint    string       `json:"hint,omitempty"`
}

// tell says what came of it. The exit code is 1 if a client was refused.
func (s *setupRun) tell(noneChosen bool) error {
	refused := false
	for _, c := range s.changes {
		refused = refused || c.Err != nil
	}
	if s.asJSON {
		if err := writeJSON(s.env.Stdout, s.answer(!refused)); err != nil {
			return err
		}
	} else {
		s.tellPerson(noneChosen)
	}
	if refused {
		return errSaid
	}
	return nil
}

func (s *setupRun) answer(ok bool) setupAnswer {
	a := setupAnswer{OK: ok, Clients: []setupOutcome{}, Unknown: s.unknown}
	if s.request.Remote != nil {
		a.URL = s.request.Remote.URL
	} else {
		server := s.request.Server
		a.Command, a.Args = server.Command, server.Args
		for _, f := range server.Env {
			if a.Env == nil {
				a.Env = map[string]string{}
			}
			a.Env[f.Key] = fmt.Sprint(f.Value)
		}
	}
	for _, c := range s.changes {
		a.Clients = append(a.Clients, s.outcome(c))
	}
	return a
}

func (s *setupRun) outcome(c setupChange) setupOutcome {
	o := setupOutcome{Client: c.Client.Name, File: c.File, Rules: c.Rules, Action: c.Action,
		Done: c.done, Hint: hint.Of(c.Err)}
	if c.Err != nil {
		o.Error = c.Err.Error()
	}
	if c.Rules || s.remove || c.Err != nil {
		return o
	}
	o.Agent, o.Restart, o.Notes = s.agentID(c.Client), c.Client.Restart, c.Client.Notes
	o.Wait, o.WaitKey = c.Client.Wait.For.Seconds(), c.Client.Wait.Key
	return o
}

// agentID is the name that the client has for Janee, "" if it is not known: over HTTP the token
// says it.
func (s *setupRun) agentID(c clients.Client) string {
	switch {
	case s.request.Remote != nil:
		return ""
	case s.agent != "":
		return s.agent
	case c.Reports == "":
		return ""
	}
	return mcpserver.AgentID(c.Reports)
}

// done is what the person is told of each action, once it is done and before.
var setupWords = map[setup.Action][2]string{
	setup.Add:     {"added janee to", "would add janee to"},
	setup.Update:  {"updated janee in", "would update janee in"},
	setup.Replace: {"replaced the other janee in", "would replace the other janee in"},
	setup.Keep:    {"already set up in", "already set up in"},
	setup.Remove:  {"removed janee from", "would remove janee from"},
	setup.None:    {"not set up in", "not set up in"},
}

var rulesWords = map[setup.Action][2]string{
	setup.Add:    {"added deny rules to", "would add deny rules to"},
	setup.Keep:   {"the deny rules are already in", "the deny rules are already in"},
	setup.Remove: {"removed the deny rules from", "would remove the deny rules from"},
	setup.None:   {"no deny rules in", "no deny rules in"},
}

func (s *setupRun) tellPerson(noneChosen bool) {
	w := s.env.Stderr
	for _, c := range s.changes {
		if c.Err != nil {
			s.env.warn(c.Client.Title + ": " + printable(c.Err.Error()))
			if h := hint.Of(c.Err); h != "" {
				fmt.Fprintf(w, "hint: %s\n", h)
			}
			continue
		}
		words := setupWords
		if c.Rules {
			words = rulesWords
		}
		said := words[c.Action][1]
		if c.done {
			said = words[c.Action][0]
		}
		if c.Own != "" {
			said = strings.Replace(said, " janee ", " janee with its own program "+c.Own+" ", 1)
		}
		fmt.Fprintf(w, "%s: %s %s\n", c.Client.Title, said, printable(c.File))
		s.tellMore(w, c)
	}
	s.tellUnknown(w, noneChosen)
	s.tellNext(w)
}

// tellMore says what the person has to know of a client that Janee is in now.
func (s *setupRun) tellMore(w io.Writer, c setupChange) {
	if c.Rules {
		if !s.remove && c.done {
			fmt.Fprintln(w, "  They keep its file tools, and commands such as cat, from the home "+
				"and the root key. They are no wall: see docs/threat-model.md.")
		}
		return
	}
	if s.remove || !c.done {
		return
	}
	if id := s.agentID(c.Client); id != "" {
		fmt.Fprintf(w, "  Its agent id is %s.%s\n", id, waitText(c.Client.Wait))
	} else if text := waitText(c.Client.Wait); text != "" {
		fmt.Fprintf(w, " %s\n", text)
	}
	for _, text := range append([]string{c.Client.Restart}, c.Client.Notes...) {
		fmt.Fprintf(w, "  %s\n", text)
	}
}

// waitText says how long a client waits, for a person who wants to raise `timeout`.
func waitText(wait clients.Wait) string {
	switch {
	case wait.For > 0 && wait.Key != "":
		return fmt.Sprintf(" It waits %s for a call (%s changes that).", inWords(wait.For),
			wait.Key)
	case wait.For > 0:
		return fmt.Sprintf(" It waits %s for a call.", inWords(wait.For))
	case wait.Key != "":
		return fmt.Sprintf(" %s changes how long it waits for a call.", wait.Key)
	}
	return ""
}

func inWords(d time.Duration) string {
	if d%time.Minute == 0 && d > time.Minute {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// tellUnknown prints what to paste for clients that the table does not have.
func (s *setupRun) tellUnknown(w io.Writer, noneChosen bool) {
	if s.remove || len(s.unknown) == 0 && !noneChosen {
		return
	}
	for _, name := range s.unknown {
		s.env.warn(fmt.Sprintf("%q is not a client that setup knows", name))
	}
	if len(s.unknown) == 0 {
		s.env.warn("no client that setup knows was found on this machine")
	}
	fmt.Fprintf(w, "It knows %s.\nFor any other, add this to its MCP settings, "+
		"which may have another key than mcpServers:\n\n", strings.Join(clientNames(), ", "))
	_ = writeJSON(s.env.Stdout, s.generic()) // Main reports it
}

// generic is the entry that most clients read.
func (s *setupRun) generic() any {
	if r := s.request.Remote; r != nil {
		return map[string]any{"mcpServers": map[string]any{clients.Entry: map[string]any{
			"type": "http", "url": r.URL, "headers": map[string]string{
				"Authorization": "Bearer ${" + r.TokenEnv + "}"}}}}
	}
	server := clientServer{Command: s.request.Server.Command, Args: s.request.Server.Args}
	for _, f := range s.request.Server.Env {
		if server.Env == nil {
			server.Env = map[string]string{}
		}
		server.Env[f.Key] = fmt.Sprint(f.Value)
	}
	return clientConfig{map[string]clientServer{clients.Entry: server}}
}

// tellNext says what is still missing on Janee's own side.
func (s *setupRun) tellNext(w io.Writer) {
	if s.remove || s.dryRun || s.request.Remote != nil {
		return
	}
	if s.agent != "" {
		if c := readConfig(s.env); c != nil && c.Agents[s.agent] == nil {
			s.env.warn(fmt.Sprintf("no agent %q is registered, so any client may use that name; "+
				"to register it: janee agent add %s", s.agent, s.agent))
		}
	}
}

// tellList lists the clients, the files, and whether Janee is in them.
func (s *setupRun) tellList(chosen []clients.Client) error {
	type entry struct {
		Client string   `json:"client"`
		Title  string   `json:"title"`
		Found  bool     `json:"found"`
		SetUp  bool     `json:"setUp"`
		Files  []string `json:"files"`
	}
	if len(chosen) == 0 {
		chosen = clients.All()
	}
	list := []entry{}
	for _, c := range chosen {
		e := entry{Client: c.Name, Title: c.Title, Files: []string{},
			Found: len(c.InUse(s.request.Machine)) > 0, SetUp: s.request.Has(c)}
		for _, p := range s.request.Files(c) {
			e.Files = append(e.Files, p)
		}
		list = append(list, e)
	}
	if s.asJSON {
		return writeJSON(s.env.Stdout, list)
	}
	var b strings.Builder
	fmt.Fprintf(&b, listLine, "CLIENT", "FOUND", "SET UP", "FILE")
	for _, e := range list {
		for i, file := range e.Files {
			if file = s.shortened(file); i == 0 {
				fmt.Fprintf(&b, listLine, e.Client, yesNo(e.Found), yesNo(e.SetUp), file)
			} else {
				fmt.Fprintf(&b, listLine, "", "", "", file)
			}
		}
	}
	_, err := io.WriteString(s.env.Stdout, b.String())
	return err
}

// listLine is a line of the list. Unlike in other tables no cell is cut: a path is to be opened.
const listLine = "%-16s%-7s%-8s%s\n"

// shortened is a path for a person, with ~ for the home directory.
func (s *setupRun) shortened(path string) string {
	home := s.request.Machine.Home
	if rest, ok := strings.CutPrefix(path, home+string(filepath.Separator)); ok && home != "" {
		path = "~" + string(filepath.Separator) + rest
	}
	return printable(path)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
