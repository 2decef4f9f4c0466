package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core"
)

// Elicit shows a form in the agent's client until it is filled in or ctx ends, and returns what was
// filled in. That a person did so (accepted) is only the word of the agent's host.
type Elicit func(
	ctx context.Context, message string, schema json.RawMessage,
) (content json.RawMessage, accepted bool)

// formSchema asks for what no host can fill in by itself: only a command that the person runs shows
// the code.
var formSchema = json.RawMessage(`{"type":"object","properties":{` +
	`"code":{"type":"string","title":"Code",` +
	`"description":"the 6-character code that ` + "`janee approvals`" + ` shows"},` +
	`"decision":{"type":"string","title":"Decision",` +
	`"description":"once: this request alone; session: what the rules of the capability allow, ` +
	`until the session ends","enum":["once","session","deny"]}},` +
	`"required":["code","decision"]}`)

// maxForm bounds, in UTF-16 units, the request that a form shows: it is a dialog, not a page.
const maxForm = 2000

// elicit shows a form in the agent's client during a wait, if the flow allows one. A form that was
// filled in comes on forms. Anything else leaves the question open, because many hosts decline
// without asking anybody. stop takes the form back, and returns once the client shows none.
func (k *call) elicit(
	ctx context.Context, s core.Ask,
) (forms <-chan core.Filled, stop func()) {
	ask := k.client.Elicit
	if ask == nil || s.Question.Code == "" || !k.flow.TakesCode(k.in(s.Watch)) {
		return nil, func() {}
	}
	request := k.flow.Form(maxForm)
	if request == "" {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	filled, done := make(chan core.Filled, 1), make(chan struct{})
	go func() {
		defer close(done)
		content, accepted := ask(ctx, formText(s, request), formSchema)
		var form core.Filled
		if accepted && ctx.Err() == nil && json.Unmarshal(content, &form) == nil {
			filled <- form
		}
	}()
	return filled, func() { cancel(); <-done }
}

// formText shows the whole request: where `janee approvals` cuts something, or shows a digest,
// there is no form. It must not contain the code, because the agent's host reads it.
func formText(s core.Ask, request string) string {
	q, note := s.Question, ""
	if s.Wrong {
		note = "That code was wrong. "
	}
	return fmt.Sprintf("%s%s asks to send a request with the credential of %s.\n\n%s\n\n"+
		"Run `janee approvals` in a terminal of yours. It shows this request as %s, with its code.",
		note, plain.Line(q.Agent), plain.Line(q.Service), request, q.Short())
}
