package core

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/approval"
)

const elicits = houseConfig + "approvals: {elicitation: true}\n"

// fills makes a person, or a host, who sends the form back once for each code, as long as forms are
// shown.
func (h *house) fills(decision string, codes ...func(Question) string) func(Question, bool) {
	return func(q Question, _ bool) {
		for _, code := range codes {
			h.answers = append(h.answers, Filled{code(q), decision})
		}
	}
}

func right(q Question) string { return q.Code }
func wrong(q Question) string { return q.ID[:6] } // what the agent is shown

func TestACodeLetsAPersonAnswerInTheClient(t *testing.T) {
	h := newHouse(t, elicits)
	h.person = h.fills(approval.Once, wrong, right)
	h.allowed(post("/x", "abc"))
	if got := h.events(); got != "ask, code.wrong, answer, intent, result" {
		t.Errorf("recorded %s", got)
	}
	if len(h.asked) != 3 || h.asked[0].Wrong || !h.asked[1].Wrong || h.asked[2].Wrong {
		t.Errorf("asked %+v", h.asked)
	}
	if r := h.records[2]; r.Decision != "allow" || r.Detail["by"] != "elicitation" ||
		r.Detail["scope"] != "once" || r.Detail["approval"] == "" {
		t.Errorf("recorded %+v", r)
	}
	h.person = nil
	h.refused(post("/x", "abc"), ApprovalPending)

	h.person = h.fills(approval.Session, right)
	h.allowed(post("/y", "abc"))
	h.person = nil
	h.allowed(post("/z", "abc"))
}

func TestWhatAFormDoesNotAllow(t *testing.T) {
	for name, c := range map[string]struct {
		decision string
		codes    []func(Question) string
		want     string
	}{
		"the id in place of the code": {approval.Once,
			[]func(Question) string{wrong}, ApprovalPending},
		"no code": {approval.Once,
			[]func(Question) string{func(Question) string { return "" }}, ApprovalPending},
		"another word": {"allow", []func(Question) string{right}, ApprovalPending},
		"the right code after too many": {approval.Session,
			[]func(Question) string{wrong, wrong, wrong, right}, ApprovalPending},
		"a no needs no code": {approval.Deny, []func(Question) string{wrong}, ApprovalDenied},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, elicits)
			h.person = h.fills(c.decision, c.codes...)
			h.refused(post("/x", "abc"), c.want)
		})
	}
}

func TestTriesOutliveTheCall(t *testing.T) {
	h := newHouse(t, elicits)
	h.person = h.fills(approval.Once, wrong, wrong, wrong)
	h.refused(post("/x", "abc"), ApprovalPending)
	h.person = h.fills(approval.Once, right)
	h.refused(post("/x", "abc"), ApprovalPending)
	for name := range h.files {
		if strings.HasSuffix(name, ".tries") {
			h.files[name] = []byte("{}")
		}
	}
	h.refused(post("/x", "abc"), ApprovalPending)
	h.person = h.says("allow", "once")
	h.allowed(post("/x", "abc"))
}

func TestAnUnreadableCountAllowsNoTry(t *testing.T) {
	h := newHouse(t, elicits)
	h.person = func(q Question, _ bool) {
		name := approval.CodesFile(q.ID)
		if h.flow.TakesCode(In{Now: h.now, Files: map[string][]byte{name: nil}}) {
			t.Error("a form is shown")
		}
		if !h.flow.TakesCode(h.in(nil)) {
			t.Error("no form is shown where no code was tried")
		}
		h.files[name] = nil
		h.fills(approval.Once, right)(q, false)
	}
	h.refused(post("/x", "abc"), ApprovalPending)
	if got := h.events(); got != "ask, deny APPROVAL_PENDING" {
		t.Errorf("recorded %s", got)
	}
}

func TestTheAgentNeverSeesTheCode(t *testing.T) {
	h := newHouse(t, elicits)
	var code string
	h.person = func(q Question, _ bool) { code = q.Code }
	d := h.refused(post("/x", "abc"), ApprovalPending)
	records, _ := json.Marshal(h.records)
	if len(code) != 6 || strings.Contains(string(d.Text()), code) ||
		strings.Contains(string(records), code) {
		t.Errorf("code %q in %s or %s", code, d.Text(), records)
	}
	if q := h.questions()[0]; q.Code != code || strings.Contains(q.ID+q.Digest, code) {
		t.Errorf("question %+v", q)
	}
}

// TestNoFormWhereItIsNotAllowed asks once with the code of a question that was raised when it was,
// or is made up.
func TestNoFormWhereItIsNotAllowed(t *testing.T) {
	for name, text := range map[string]string{
		"not set": houseConfig,
		"off":     houseConfig + "approvals: {elicitation: false}\n",
		"there is a PIN": houseConfig +
			"approvals: {elicitation: true, pin: " +
			"'$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$aGFzaA'}\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, text)
			h.refused(post("/fresh", "abc"), ApprovalPending)
			if q := h.questions()[0]; q.Code != "" {
				t.Errorf("raised %+v", q)
			}
			h.engine = New(h.parse(elicits), h.vault)
			h.refused(post("/x", "abc"), ApprovalPending)
			h.engine = New(h.parse(text), h.vault)
			h.person = func(q Question, _ bool) {
				if q.Code != "" {
					t.Errorf("the shell is given the code %q", q.Code)
				}
				for _, old := range h.questions() {
					q.Code += old.Code
				}
				h.fills(approval.Once, func(Question) string { return q.Code })(q, false)
				if len(q.Code) != 6 || h.flow.TakesCode(h.in(nil)) {
					t.Errorf("code %q", q.Code)
				}
			}
			h.refused(post("/x", "abc"), ApprovalPending)
			for name := range h.files {
				if strings.HasSuffix(name, ".answer") {
					t.Errorf("answered in %s", name)
				}
			}
		})
	}
}

func TestAFormAboutAQuestionThatIsOver(t *testing.T) {
	h := newHouse(t, elicits)
	h.person = func(q Question, _ bool) {
		h.fills(approval.Once, right)(q, false)
		h.now.Wall = q.Expires
	}
	h.refused(post("/x", "abc"), ApprovalExpired)
	if got := h.events(); got != "ask, code.wrong, deny APPROVAL_EXPIRED" {
		t.Errorf("recorded %s", got)
	}
}

// TestCodesOfTwoProcesses: a try that another process counts meanwhile counts for both.
func TestCodesOfTwoProcesses(t *testing.T) {
	h := newHouse(t, elicits)
	h.person = h.fills(approval.Once, right)
	h.before = func(s Step) Event {
		c, ok := s.(Commit)
		if !ok || len(c.Writes) == 0 || !strings.HasSuffix(c.Writes[0].Name, ".tries") {
			return nil
		}
		name := c.Writes[0].Name
		old, there := h.files[name]
		tries, _ := approval.DecodeTries(h.engine.stateKey, old)
		if !there || tries.Wrong < approval.MaxCodes {
			tries.Wrong++
			h.files[name] = tries.Encode(h.engine.stateKey)
		}
		return nil
	}
	h.refused(post("/x", "abc"), ApprovalPending)
	for name, data := range h.files {
		if !strings.HasSuffix(name, ".tries") {
			continue
		}
		if tries, err := approval.DecodeTries(h.engine.stateKey, data); err != nil ||
			tries.Wrong != approval.MaxCodes {
			t.Errorf("%+v, %v", tries, err)
		}
	}
}
