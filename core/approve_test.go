package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

const (
	second = int64(1000)
	minute = 60 * second
)

// says makes a person who answers every question in this way.
func (h *house) says(decision, scope string) func(Question, bool) {
	return func(q Question, _ bool) {
		if _, answered := h.files[approval.AnswerFile(q.ID)]; !answered {
			h.answer(q, decision, scope, "cli")
		}
	}
}

// answer writes an answer to a question, as another process does.
func (h *house) answer(q Question, decision, scope, by string) {
	a, _ := Say(q, decision, scope, by, h.now.Wall, hour)
	h.files[approval.AnswerFile(q.ID)] = a.Encode(h.vault.Key("state"))
}

func post(path, body string) Call {
	c := get("asked", path)
	c.Args.Method, c.Args.Body, c.Args.Headers = "POST", []byte(body),
		[]Header{{Name: "Content-Type", Value: "text/plain"}}
	return c
}

func (h *house) questions() []Question {
	return approval.Questions(h.vault.Key("state"), h.files)
}

func TestAPersonIsAskedAboutExactlyThisRequest(t *testing.T) {
	h := newHouse(t, houseConfig)
	var asked []Question
	fresh := 0
	h.person = func(q Question, raised bool) {
		asked = append(asked, q)
		if raised {
			fresh++
		}
	}
	before := h.now
	d := h.refused(post("/x?token=t", "abc"), ApprovalPending)
	if waited := h.now.Mono - before.Mono; waited != 25*second {
		t.Errorf("the call waited %d ms", waited)
	}
	q := asked[0]
	want := Question{
		ID:         q.ID,
		Agent:      "claude-ai",
		Via:        ViaStdio,
		Capability: "asked",
		Service:    "stripe",
		Method:     "POST",
		Host:       "api.stripe.com",
		Path:       "/base/x?token=t",
		BodyBytes:  3,
		BodySHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		Reason:     "User asked",
		Digest:     q.Digest,
		Asked:      before.Wall,
		Expires:    before.Wall + 10*minute,
	}
	if q != want || len(q.ID) != 32 {
		t.Errorf("asked %+v", q)
	}
	if d.ApprovalID != q.ID || d.ExpiresAt != "2026-11-23T09:43:45Z" || d.RetryAfterSeconds != 10 ||
		!strings.Contains(d.NextStep, "`janee approve "+q.ID[:8]+"`") {
		t.Errorf("denial %+v", d)
	}
	var shown struct{ Denial map[string]any }
	if err := json.Unmarshal(d.Text(), &shown); err != nil || shown.Denial["approvalId"] != q.ID ||
		shown.Denial["retryAfterSeconds"] != 10.0 || shown.Denial["expiresAt"] == nil {
		t.Errorf("text %s", d.Text())
	}
	if got := h.events(); got != "ask, deny APPROVAL_PENDING" ||
		h.records[0].Detail["approval"] != q.ID || h.records[0].Target != "/x?token=*" {
		t.Errorf("recorded %s: %+v", got, h.records[0])
	}

	// The same call finds its question, with approvalId or without; what differs is another
	// question.
	again := post("/x?token=t", "abc")
	again.Args.Reason = "another reason"
	h.refused(again, ApprovalPending)
	again.Args.ApprovalID = q.ID
	h.refused(again, ApprovalPending)
	if fresh != 1 || len(h.questions()) != 1 {
		t.Errorf("%d questions raised, %d there", fresh, len(h.questions()))
	}
	header := post("/x?token=t", "abc")
	header.Args.Headers[0].Value = "text/html"
	for i, c := range []Call{post("/x?token=u", "abc"), post("/x?token=t", "abd"), header} {
		h.refused(c, ApprovalPending)
		if fresh != i+2 {
			t.Errorf("a changed call raised no question of its own: %+v", c)
		}
	}
}

func TestOnceIsForOneRequestAndOneTime(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.refused(post("/x", "abc"), ApprovalPending)
	h.person = h.says(approval.Allow, approval.Once)
	h.allowed(post("/x", "abc"))
	if got := h.events(); got != "ask, deny APPROVAL_PENDING, intent, result" ||
		h.records[2].Detail["approval"] == "" || h.records[2].Session != "" {
		t.Errorf("recorded %s: %+v", got, h.records[2])
	}
	pair := session.Pair(ViaStdio, "claude-ai", "asked")
	if _, open := h.files[session.File(pair)]; open {
		t.Error("a yes for once opened a session")
	}
	spent := h.questions()[0].ID
	h.person = nil
	h.refused(post("/x", "abd"), ApprovalPending)
	id := h.refused(post("/x", "abc"), ApprovalPending).ApprovalID
	if id == spent {
		t.Error("a spent yes stands for a second call")
	}
	c := post("/x", "abc")
	c.Args.ApprovalID = spent
	if d := h.refused(c, ApprovalExpired); !strings.Contains(d.Message,
		"does not belong to this request") ||
		!strings.Contains(d.NextStep, "leave approvalId out") {
		t.Errorf("a spent id: %+v", d)
	}

	// Approved while the call waits, and answered while nobody waits: both go through.
	h.pass(15 * minute)
	h.person = h.says(approval.Allow, approval.Once)
	h.allowed(post("/y", ""))
	h.person = nil
	h.refused(post("/z", ""), ApprovalPending)
	h.says(approval.Allow, approval.Once)(h.questions()[len(h.questions())-1], false)
	before := h.now
	h.allowed(post("/z", ""))
	if h.now != before {
		t.Error("an answered call waited all the same")
	}
}

func TestAnApprovalIDOfAnotherRequestIsRefused(t *testing.T) {
	h := newHouse(t, houseConfig)
	id := h.refused(post("/x", "abc"), ApprovalPending).ApprovalID
	h.says(approval.Allow, approval.Once)(h.questions()[0], false)
	changed, stranger, unknown := post("/x", "abd"), post("/x", "abc"), post("/x", "abc")
	changed.Args.ApprovalID, stranger.Args.ApprovalID, unknown.Args.ApprovalID = id, id,
		strings.Repeat("0", 32)
	stranger.Agent = "cursor"
	for name, c := range map[string]Call{
		"changed": changed, "another agent": stranger, "unknown": unknown,
	} {
		if d := h.refused(c, ApprovalExpired); !strings.Contains(d.Message,
			"does not belong to this request") {
			t.Errorf("%s: %s", name, d.Message)
		}
	}
	if len(h.questions()) != 1 {
		t.Error("a claimed approval raised a question")
	}
	right := post("/x", "abc")
	right.Args.ApprovalID = id
	h.allowed(right)
}

func TestOfTwoCallsOneGetsTheYes(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.person = h.says(approval.Allow, approval.Once)
	h.before = func(s Step) Event {
		c, ok := s.(Commit)
		if ok && len(c.Writes) == 1 && strings.HasSuffix(c.Writes[0].Name, ".used") {
			h.before = nil
			h.files[c.Writes[0].Name] = []byte("the other call was faster")
		}
		return nil
	}
	if d := h.refused(post("/x", ""), ApprovalExpired); !strings.Contains(d.Message,
		"another call has used") {
		t.Errorf("%+v", d)
	}
}

func TestSessionScope(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.person = h.says(approval.Allow, approval.Session)
	h.allowed(post("/x", ""))
	h.person = nil
	h.allowed(post("/y", "other"))
	h.allowed(get("asked", "/z"))
	if got := h.events(); got !=
		"ask, session.open, intent, result, intent, result, intent, result" {
		t.Errorf("recorded %s", got)
	}
	if opened := h.records[1]; opened.Detail["approval"] != h.questions()[0].ID ||
		opened.Session == "" || h.records[4].Session != opened.Session {
		t.Errorf("opened %+v", opened)
	}
	h.pass(hour)
	h.refused(post("/x", ""), ApprovalPending)

	// A session ends when its person said, if that is before the ttl.
	h = newHouse(t, houseConfig)
	until := h.now.Wall + 20*minute
	h.person = func(q Question, _ bool) {
		h.files[approval.AnswerFile(q.ID)] = approval.Answer{
			ID:       q.ID,
			Digest:   q.Digest,
			Decision: approval.Allow,
			Scope:    approval.Session,
			At:       h.now.Wall,
			Until:    until,
			By:       "cli",
		}.Encode(h.vault.Key("state"))
	}
	h.allowed(post("/x", ""))
	h.person = nil
	h.pass(20*minute - 1)
	h.allowed(post("/y", ""))
	h.pass(1)
	h.refused(post("/y", ""), ApprovalPending)
}

func TestARevokedSessionIsNotReopenedByItsYes(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.person = h.says(approval.Allow, approval.Session)
	h.allowed(post("/x", ""))
	h.person = nil
	pair := session.Pair(ViaStdio, "claude-ai", "asked")
	order := session.Revocation{
		ID:    "x",
		Pair:  pair,
		At:    h.now.Wall,
		Until: h.now.Wall + hour,
		By:    "cli",
	}
	h.files[session.RevokedFile(pair)] = order.Encode(h.vault.Key("state"))
	h.refused(post("/x", ""), SessionRevoked)
	h.files[session.RevokedFile(pair)] = order.Reopened(h.now.Wall).Encode(h.vault.Key("state"))
	h.refused(post("/x", ""), ApprovalPending)
}

func TestASessionThatAnotherCallWasGivenServes(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.person = func(q Question, _ bool) {
		if h.person = nil; !strings.HasSuffix(q.Path, "/first") {
			t.Fatal(q.Path)
		}
		h.person = h.says(approval.Allow, approval.Session)
		h.allowed(post("/second", "")) // while the first call waits
		h.person = nil
	}
	h.allowed(post("/first", ""))
	if got := h.events(); got != "ask, ask, session.open, intent, result, intent, result" {
		t.Errorf("recorded %s", got)
	}
	h.refused(func() Call { c := post("/third", ""); c.Agent = "cursor"; return c }(),
		ApprovalPending)
}

func TestNoAndNobodyStick(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.person = h.says(approval.Deny, approval.Once)
	h.refused(post("/x", ""), ApprovalDenied)
	h.person = func(Question, bool) { t.Error("a person who said no is asked again") }
	h.person = nil
	h.pass(10*minute - 26*second)
	h.refused(post("/x", ""), ApprovalDenied)
	if len(h.questions()) != 1 {
		t.Error("a person who said no is asked again")
	}
	h.pass(minute)
	id := h.refused(post("/x", ""), ApprovalPending).ApprovalID

	// Nobody answers: the id is good for nothing any more, and without it a person is asked anew.
	h.pass(10 * minute)
	c := post("/x", "")
	c.Args.ApprovalID = id
	h.refused(c, ApprovalExpired)
	if next := h.refused(post("/x", ""), ApprovalPending).ApprovalID; next == id {
		t.Error("a question that is over is asked on")
	}

	// A call does not outwait its question.
	h = newHouse(t, houseConfig)
	h.refused(post("/x", ""), ApprovalPending)
	h.pass(10*minute - 30*second)
	before := h.now
	h.refused(post("/x", ""), ApprovalPending)
	if waited := h.now.Mono - before.Mono; waited > 25*second {
		t.Errorf("waited %d ms", waited)
	}
	if got := h.events(); got != "ask, deny APPROVAL_PENDING, ask, deny APPROVAL_PENDING" {
		t.Errorf("recorded %s", got)
	}
}

// TestWhatCannotBeReadAllowsNothing puts files in place that no person wrote.
func TestWhatCannotBeReadAllowsNothing(t *testing.T) {
	other := vault.New(vault.NewRoot([32]byte{9}), "5f0c2f7c9b3e4d11a7d2c0ffee000001").Key("state")
	forge := func(key []byte, change func(*approval.Answer)) func(h *house, q Question) {
		return func(h *house, q Question) {
			a := approval.Answer{
				ID:       q.ID,
				Digest:   q.Digest,
				Decision: approval.Allow,
				Scope:    approval.Session,
				At:       h.now.Wall,
				By:       "cli",
			}
			if change != nil {
				change(&a)
			}
			if key == nil {
				key = h.vault.Key("state")
			}
			h.files[approval.AnswerFile(q.ID)] = a.Encode(key)
		}
	}
	for name, plant := range map[string]func(*house, Question){
		"answered by another home": forge(other, nil),
		"the answer to another question": forge(nil, func(a *approval.Answer) {
			a.ID = strings.Repeat("b", 32)
		}),
		"the answer about another request": forge(nil, func(a *approval.Answer) {
			a.Digest = strings.Repeat("b", 64)
		}),
		"unreadable": func(h *house, q Question) { h.files[approval.AnswerFile(q.ID)] = nil },
		"an empty file": func(h *house, q Question) {
			h.files[approval.AnswerFile(q.ID)] = []byte{}
		},
	} {
		h := newHouse(t, houseConfig)
		h.person = func(q Question, _ bool) { plant(h, q) }
		if d := h.refused(post("/x", ""), ApprovalDenied); !strings.Contains(d.Message,
			"cannot be read") {
			t.Errorf("%s: %s", name, d.Message)
		}
	}

	// A question that this home did not write, or that is about another request, is none: a person
	// is asked.
	h := newHouse(t, houseConfig)
	h.refused(post("/x", ""), ApprovalPending)
	mine := h.questions()[0]
	harmless := mine
	h.refused(post("/y", ""), ApprovalPending)
	for name, data := range map[string][]byte{
		"another home's": harmless.Encode(other), "garbage": []byte("?"), "unreadable": nil,
	} {
		h.files[approval.File(mine.Digest)] = data
		if id := h.refused(post("/x", ""), ApprovalPending).ApprovalID; id == mine.ID {
			t.Errorf("%s question counts", name)
		}
	}
	approved := h.questions()[0]
	h.says(approval.Allow, approval.Session)(approved, false)
	danger := post("/danger", "")
	r, _ := h.engine.request(danger)
	h.files[approval.File(r.Digest())] = approved.Encode(h.vault.Key("state"))
	h.refused(danger, ApprovalPending)
}

func TestRevokedWhileAPersonIsAsked(t *testing.T) {
	h := newHouse(t, houseConfig)
	pair := session.Pair(ViaStdio, "claude-ai", "asked")
	h.person = func(q Question, _ bool) {
		h.says(approval.Allow, approval.Once)(q, false)
		h.files[session.RevokedFile(pair)] = session.Revocation{ID: "x", Pair: pair, At: h.now.Wall,
			Until: h.now.Wall + hour, By: "cli"}.Encode(h.vault.Key("state"))
	}
	h.refused(post("/x", ""), SessionRevoked)
	if _, used := h.files[approval.UsedFile(h.questions()[0].ID)]; used {
		t.Error("the yes is spent by a call that was refused")
	}
	h = newHouse(t, houseConfig)
	h.before = func(s Step) Event {
		if a, ok := s.(Ask); ok {
			for _, name := range []string{
				session.LockFile, session.ClosedFile, session.RevokedFile(pair),
			} {
				if !strings.Contains(fmt.Sprint(a.Watch), name) {
					t.Errorf("%s is not watched", name)
				}
			}
			return Stopped{Why: StopCancelled}
		}
		return nil
	}
	h.refused(post("/x", ""), Cancelled)
}

func TestWhatFailsWhileAsking(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(Commit) bool
		code string
	}{
		"the question": {func(c Commit) bool {
			return len(c.Records) > 0 && c.Records[0].Event == "ask"
		}, AuditUnavailable},
		"the mark": {func(c Commit) bool {
			return len(c.Writes) > 0 && strings.HasSuffix(c.Writes[0].Name, ".used")
		}, AuditUnavailable},
		"the session": {func(c Commit) bool {
			return len(c.Writes) > 0 && strings.HasPrefix(c.Writes[0].Name, "sessions/")
		}, AuditUnavailable},
		"its record": {func(c Commit) bool {
			return len(c.Records) > 0 && c.Records[0].Event == "session.open"
		}, AuditUnavailable},
		"the intent": {func(c Commit) bool {
			return len(c.Records) > 0 && c.Records[0].Event == "intent"
		}, AuditUnavailable},
	} {
		h := newHouse(t, houseConfig)
		h.person = h.says(approval.Allow, approval.Session)
		h.failCommit = c.fail
		if d := h.refused(post("/x", ""), c.code); d == nil {
			t.Error(name)
		}
	}
	wrong := map[string]Event{"List": Listed{Err: true}, "Ask": Committed{}}
	for kind, ev := range wrong {
		h := newHouse(t, houseConfig)
		h.before = func(s Step) Event {
			if strings.HasSuffix(fmt.Sprintf("%T", s), "."+kind) {
				return ev
			}
			return nil
		}
		h.refused(post("/x", ""),
			map[string]string{"List": AuditUnavailable, "Ask": Internal}[kind])
	}
}

func TestAnotherProcessAsksTheSame(t *testing.T) {
	theirs := Question{}
	plant := func(h *house, t2 func(s Step) bool) {
		h.before = func(s Step) Event {
			if t2(s) {
				h.before = nil
				r, _ := h.engine.request(post("/x", ""))
				theirs = Question{
					ID:      strings.Repeat("c", 32),
					Agent:   "claude-ai",
					Via:     ViaStdio,
					Digest:  r.Digest(),
					Asked:   h.now.Wall,
					Expires: h.now.Wall + 10*minute,
				}
				h.files[approval.File(theirs.Digest)] = theirs.Encode(h.vault.Key("state"))
			}
			return nil
		}
	}
	for name, when := range map[string]func(Step) bool{
		"just before": func(s Step) bool { _, ok := s.(List); return ok },
		"at once":     func(s Step) bool { c, ok := s.(Commit); return ok && len(c.Writes) == 1 },
	} {
		h := newHouse(t, houseConfig)
		plant(h, when)
		var asked []string
		h.person = func(q Question, fresh bool) {
			if asked = append(asked, q.ID); fresh {
				t.Errorf("%s: announced twice", name)
			}
			h.says(approval.Allow, approval.Once)(q, false)
		}
		h.allowed(post("/x", ""))
		if len(asked) != 1 || asked[0] != theirs.ID {
			t.Errorf("%s: asked %v", name, asked)
		}
	}
}

func TestAnAgentCannotFloodThePerson(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.engine.config.Approvals.Wait = 0
	for i := range approval.MaxOpenAgent {
		h.refused(post(fmt.Sprintf("/%d", i), ""), ApprovalPending)
	}
	if d := h.refused(post("/more", ""), Busy); !strings.Contains(d.Message, "too many questions") {
		t.Errorf("%s", d.Message)
	}
	h.refused(post("/0", ""), ApprovalPending)
	other := post("/more", "")
	other.Agent = "cursor"
	h.refused(other, ApprovalPending) // the flood is not its own
	h.says("deny", "once")(h.questions()[0], true)
	h.refused(post("/more", ""), ApprovalPending) // a question that is answered makes room
	h.refused(post("/most", ""), Busy)
	h.pass(2 * hour)
	h.refused(post("/more", ""), ApprovalPending)
	if n := len(h.questions()); n != 1 {
		t.Errorf("%d questions are kept", n)
	}
	h.pass(2 * hour)
	h.refused(post("/more", ""), ApprovalPending)
	if n := len(h.questions()); n != 1 {
		t.Errorf("%d questions are kept where the old one was about the same request", n)
	}
}

func TestWhatAPersonIsShownIsBounded(t *testing.T) {
	h := newHouse(t, houseConfig)
	c := post("/"+strings.Repeat("a", 5000), "")
	c.Args.Reason = strings.Repeat("r", 5000)
	h.refused(c, ApprovalPending)
	q := h.questions()[0]
	if !strings.HasSuffix(q.Path, "…") || len([]rune(q.Path)) != maxPath+1 ||
		len(q.Reason) != maxReason {
		t.Errorf("path of %d, reason of %d characters", len([]rune(q.Path)), len(q.Reason))
	}
}

func TestASessionWithoutAPersonDoesNotServeWhereOneIsDemanded(t *testing.T) {
	h := newHouse(t, houseConfig)
	h.allowed(get("stripe", "/x"))
	changed := h.parse(houseConfig)
	changed.Capabilities["stripe"].AutoApprove = false
	h.engine = h.engine.Next(changed, h.vault)
	h.refused(get("stripe", "/x"), ApprovalPending)
}
