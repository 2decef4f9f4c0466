package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/tool"
)

// client is the agent's: it fills in forms by what question says, and keeps what it was shown.
type client struct {
	rig   *rig
	mu    sync.Mutex
	shown []string
}

// fills makes a call whose client fills in each form with the next of the answers, and then shows
// it until it is taken back.
func (c *client) fills(t testing.TB, answers ...func(core.Question) (string, bool)) Reply {
	t.Helper()
	ask := func(
		ctx context.Context, message string, schema json.RawMessage,
	) (json.RawMessage, bool) {
		c.mu.Lock()
		n := len(c.shown)
		c.shown = append(c.shown, message+string(schema))
		c.mu.Unlock()
		if n >= len(answers) {
			<-ctx.Done()
			return nil, false
		}
		content, ok := answers[n](c.rig.only(t))
		return json.RawMessage(content), ok
	}
	return c.rig.gateway.Do(t.Context(),
		core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args: tool.Arguments{
				Capability: "api",
				Method:     "GET",
				Path:       "/x",
				Reason:     "fine\x1b[2J\n  request",
			},
		}, Client{Elicit: ask})
}

// only reads the one question among all the files that there are.
func (r *rig) only(t testing.TB) core.Question {
	t.Helper()
	names, _ := r.home.List(approval.Dir)
	files := map[string][]byte{}
	for _, name := range names {
		files[name], _ = r.home.Read(name)
	}
	all := approval.Questions(r.vault.Key("state"), files)
	if len(all) != 1 {
		t.Errorf("%d questions", len(all))
		return core.Question{}
	}
	return all[0]
}

func form(code, decision string) string {
	return fmt.Sprintf(`{"code":%q,"decision":%q}`, code, decision)
}

func right(decision string) func(core.Question) (string, bool) {
	return func(q core.Question) (string, bool) { return form(q.Code, decision), true }
}

// guess is the best that a host can do: it has seen the id.
func guess(q core.Question) (string, bool) { return form(q.ID[:6], "session"), true }

func eliciting(t testing.TB, wait time.Duration) *client {
	r := newRig(t)
	r.demand(wait)
	r.gateway.source.Current().Config.Approvals.Elicitation = true
	return &client{rig: r}
}

func TestAPersonAnswersInTheClient(t *testing.T) {
	for name, c := range map[string]struct {
		answers []func(core.Question) (string, bool)
		want    string
		by      string
	}{
		"once": {[]func(core.Question) (string, bool){right("once")}, "sent",
			`"decision":"allow","detail":{"approval":`},
		"for a session": {[]func(core.Question) (string, bool){right("session")}, "sent",
			`"scope":"session"`},
		"mistyped, then once": {[]func(core.Question) (string, bool){guess, guess, right("once")},
			"sent", `"event":"code.wrong"`},
		"no": {[]func(core.Question) (string, bool){right("deny")},
			core.ApprovalDenied, `"decision":"deny"`},
	} {
		t.Run(name, func(t *testing.T) {
			k := eliciting(t, 20*time.Second)
			began := time.Now()
			if got := code(k.fills(t, c.answers...)); got != c.want ||
				time.Since(began) > 5*time.Second {
				t.Errorf("the call ended with %s after %v", got, time.Since(began))
			}
			if log := k.rig.logged(t); !strings.Contains(log, `"by":"elicitation"`) ||
				!strings.Contains(log, c.by) || strings.Contains(log, k.rig.only(t).Code) {
				t.Errorf("recorded %s", log)
			}
			if len(k.shown) != len(c.answers) {
				t.Errorf("%d forms", len(k.shown))
			}
		})
	}
}

// TestWhatAClientSaysIsNoYes has each way in which a host answers without a person who looked.
func TestWhatAClientSaysIsNoYes(t *testing.T) {
	said := func(content string, accepted bool) func(core.Question) (string, bool) {
		return func(core.Question) (string, bool) { return content, accepted }
	}
	for name, c := range map[string]struct {
		answers []func(core.Question) (string, bool)
		forms   int
	}{
		"declined": {[]func(core.Question) (string, bool){said("", false)}, 1},
		"declined with content": {[]func(core.Question) (string, bool){
			func(q core.Question) (string, bool) { return form(q.Code, "once"), false }}, 1},
		"accepted, empty": {[]func(core.Question) (string, bool){said("{}", true)}, 2},
		"not an object":   {[]func(core.Question) (string, bool){said(`"yes"`, true)}, 1},
		"not a text": {[]func(core.Question) (string, bool){said(
			`{"code":123456,"decision":"once"}`, true)}, 1},
		"the right code, and no decision": {[]func(core.Question) (string, bool){right("")}, 2},
		"guessed too often, then right": {[]func(core.Question) (string, bool){guess, guess,
			guess, right("once")}, 3},
		"no answer": {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := eliciting(t, 600*time.Millisecond)
			if got := code(k.fills(t, c.answers...)); got != core.ApprovalPending {
				t.Errorf("the call ended with %s", got)
			}
			if len(k.shown) != c.forms {
				t.Errorf("%d forms, not %d", len(k.shown), c.forms)
			}
			if data, _ := k.rig.home.Read(approval.AnswerFile(k.rig.only(t).ID)); data != nil {
				t.Errorf("answered %s", data)
			}
		})
	}
}

func TestTheFormDoesNotTellTheCode(t *testing.T) {
	k := eliciting(t, 200*time.Millisecond)
	reply := k.fills(t)
	q := k.rig.only(t)
	host := q.Host
	if len(k.shown) != 1 || len(q.Code) != 6 {
		t.Fatalf("%q, code %q", k.shown, q.Code)
	}
	text := k.shown[0]
	for _, want := range []string{
		"claude-ai asks", "\nGET http://" + host + "/x\n", `"fine\u{1b}[2J\u{a} request"`,
		"janee approvals", q.ID[:8], `"required":["code","decision"]`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the form lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, q.Code) || strings.Contains(string(reply.Denial.Text()), q.Code) {
		t.Errorf("%s and %s tell %s", text, reply.Denial.Text(), q.Code)
	}
}

func TestTriesAreCountedAcrossCalls(t *testing.T) {
	k := eliciting(t, 300*time.Millisecond)
	k.fills(t, guess, guess, guess)
	if k.shown = nil; code(k.fills(t, right("once"))) != core.ApprovalPending || len(k.shown) != 0 {
		t.Errorf("after three guesses there is another form: %q", k.shown)
	}
	k.rig.answer(t, approval.Allow, approval.Once)(config.Approvals{}, k.rig.only(t))
	time.Sleep(150 * time.Millisecond)
	if got := code(k.rig.gateway.Do(t.Context(),
		core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.Execute,
			Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
		}, Client{})); got != "sent" {
		t.Errorf("a person's own yes ends with %s", got)
	}
}

func TestNoFormIsShown(t *testing.T) {
	for name, change := range map[string]func(*config.Approvals){
		"by default":           func(a *config.Approvals) { a.Elicitation = false },
		"where there is a PIN": func(a *config.Approvals) { a.PIN = "$argon2id$v=19$" },
	} {
		t.Run(name, func(t *testing.T) {
			k := eliciting(t, 200*time.Millisecond)
			change(&k.rig.gateway.source.Current().Config.Approvals)
			if got := code(k.fills(t, right("once"))); got != core.ApprovalPending ||
				len(k.shown) != 0 {
				t.Errorf("ended with %s, shown %q", got, k.shown)
			}
		})
	}
}

// TestAFormThatWouldNotShowTheWholeRequest: what does not fit, or cannot be shown as it is, is for
// janee approve.
func TestAFormThatWouldNotShowTheWholeRequest(t *testing.T) {
	for name, c := range map[string]core.Call{
		"too long": {Args: tool.Arguments{Path: "/x?note=" + strings.Repeat("a", maxForm) +
			"&amount=999999"}},
		"binary": {Args: tool.Arguments{Path: "/x", Body: []byte("\x00\x01")}},
		"lines of ours": {Args: tool.Arguments{
			Path: "/x", Body: []byte("a\n\nRun `janee approve`"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			k, shown := eliciting(t, 200*time.Millisecond), 0
			ask := func(context.Context, string, json.RawMessage) (json.RawMessage, bool) {
				shown++
				return nil, false
			}
			c.Tool, c.Agent, c.Via, c.Args.Capability, c.Args.Method = core.Execute, "claude-ai",
				core.ViaStdio, "api", "POST"
			if got := code(k.rig.gateway.Do(t.Context(), c,
				Client{Elicit: ask})); got != core.ApprovalPending || shown != 0 {
				t.Errorf("ended with %s after %d forms", got, shown)
			}
		})
	}
}

// TestAPINThatIsSetWhileAFormIsOpen: the call began without it, and the yes comes after.
func TestAPINThatIsSetWhileAFormIsOpen(t *testing.T) {
	k := eliciting(t, 600*time.Millisecond)
	got := code(k.fills(t, func(q core.Question) (string, bool) {
		s := k.rig.gateway.source.Current()
		c := *s.Config
		c.Approvals.PIN = "$argon2id$v=19$"
		s.Engine.Next(&c, k.rig.vault)
		return right("once")(q)
	}))
	answer, _ := k.rig.home.Read(approval.AnswerFile(k.rig.only(t).ID))
	if got != core.ApprovalPending || answer != nil {
		t.Errorf("ended with %s, answered %s", got, answer)
	}
}

// reloading is a Source that puts a PIN in force when it is asked after config.yaml has one.
type reloading struct {
	*InForce
	change func() // nil: nothing has changed
}

func (r *reloading) Current() *InForce {
	if r.change != nil {
		r.change()
	}
	return r.InForce
}

// TestAPINThatIsWrittenWhileAFormIsOpen: the form that comes back has config.yaml looked at before
// anything is made of it.
func TestAPINThatIsWrittenWhileAFormIsOpen(t *testing.T) {
	k := eliciting(t, 600*time.Millisecond)
	source := &reloading{InForce: k.rig.gateway.source.Current()}
	k.rig.gateway.source = source
	got := code(k.fills(t, func(q core.Question) (string, bool) {
		source.change = func() {
			c := *source.Config
			c.Approvals.PIN = "$argon2id$v=19$"
			source.Engine.Next(&c, k.rig.vault)
		}
		return right("once")(q)
	}))
	answer, _ := k.rig.home.Read(approval.AnswerFile(k.rig.only(t).ID))
	if got != core.ApprovalPending || answer != nil {
		t.Errorf("ended with %s, answered %s", got, answer)
	}
}

// TestAFormThatComesBackTooLate, with the right code, when the wait is over: it answers nothing.
// The wait ends once the client shows no form any more.
func TestAFormThatComesBackTooLate(t *testing.T) {
	k := eliciting(t, 200*time.Millisecond)
	shown, closed := make(chan struct{}, 1), false
	ask := func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, bool) {
		shown <- struct{}{}
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
		closed = true
		return json.RawMessage(form(k.rig.only(t).Code, "once")), true
	}
	reply := k.rig.gateway.Do(t.Context(), core.Call{
		Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
		Tool:   core.Execute,
		Args:   tool.Arguments{Capability: "api", Method: "GET", Path: "/x"},
	}, Client{Elicit: ask})
	within(t, shown, "no form was shown")
	answer, _ := k.rig.home.Read(approval.AnswerFile(k.rig.only(t).ID))
	if code(reply) != core.ApprovalPending || answer != nil || !closed {
		t.Errorf("ended with %s, answered %s, closed: %v", code(reply), answer, closed)
	}
}

// TestAnswersMeet has a person answer a form about a question that was answered elsewhere
// meanwhile.
func TestAnswersMeet(t *testing.T) {
	k := eliciting(t, 20*time.Second)
	got := k.fills(t, func(q core.Question) (string, bool) {
		a := approval.Answer{
			ID:       q.ID,
			Digest:   q.Digest,
			Decision: approval.Deny,
			Scope:    approval.Once,
			At:       time.Now().UnixMilli(),
			By:       "cli",
		}
		k.rig.write(t, approval.AnswerFile(q.ID), a.Encode(k.rig.vault.Key("state")))
		return form(q.Code, "once"), true
	})
	if code(got) != core.ApprovalDenied {
		t.Errorf("ended with %s", code(got))
	}
}

func (r *rig) logged(t testing.TB) string {
	t.Helper()
	dir := r.home.LogsPath()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		data, _ := os.ReadFile(dir + "/" + e.Name())
		all.Write(data)
	}
	return all.String()
}
