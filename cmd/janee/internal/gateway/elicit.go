package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core"
)

// Elicit shows a form in the agent's client until ctx ends, and returns what was filled in.
// accepted is the word of the agent's host.
type Elicit = func(
	ctx context.Context, message string, schema json.RawMessage,
) (content json.RawMessage, accepted bool)

type elicitKey struct{}

// WithElicit returns a context under which a call that waits for a person also asks in the agent's
// client, where the configuration allows it.
func WithElicit(ctx context.Context, ask Elicit) context.Context {
	return context.WithValue(ctx, elicitKey{}, ask)
}

// formSchema wants what no host fills in by itself: the code is shown by a command of the person's
// alone.
var formSchema = json.RawMessage(`{"type":"object","properties":{` +
	`"code":{"type":"string","title":"Code","description":"the 6-character code that ` +
	"`janee approvals`" + ` shows"},` +
	`"decision":{"type":"string","title":"Decision","description":"once: this request alone; session: what the rules of the capability allow, until the session ends","enum":["once","session","deny"]}},` +
	`"required":["code","decision"]}`)

// maxForm bounds, in UTF-16 units, the request that a form shows: it is a dialog, not a page.
const maxForm = 2000

// elicit asks in the agent's client beside the wait. stop ends that, and returns when nothing is
// written any more.
func (g *Gateway) elicit(ctx context.Context, flow *core.Flow, q core.Question) (stop func()) {
	ask, _ := ctx.Value(elicitKey{}).(Elicit)
	if ask == nil || q.Code == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.showForm(ctx, flow, q, ask)
	}()
	return func() { cancel(); <-done }
}

// showForm shows the form until an answer is given or none can be. Whatever is not a form that was
// filled in leaves the question open: many hosts decline by themselves.
func (g *Gateway) showForm(ctx context.Context, flow *core.Flow, q core.Question, ask Elicit) {
	request := flow.Form(maxForm)
	if request == "" {
		return
	}
	_, left := flow.CountCode(g.in([]string{flow.CodesFile()}))
	for note := ""; left >= 0; note = "That code was wrong. " {
		content, accepted := ask(ctx, formText(q, request, note), formSchema)
		var form struct{ Code, Decision string }
		if !accepted || ctx.Err() != nil || json.Unmarshal(content, &form) != nil {
			return
		}
		if form.Decision != core.ElicitDeny {
			if left = g.countCode(flow); left < 0 {
				return
			}
		}
		answered, err := g.answer(flow, form.Code, form.Decision)
		if err != nil {
			g.warn("an answer in the agent's client was not taken: " + err.Error())
		}
		if answered || err != nil || left == 0 {
			return
		}
	}
}

// countCode counts a try under the lock, so that many calls together have no more tries than one.
func (g *Gateway) countCode(flow *core.Flow) (left int) {
	err := g.home.WithLock(func() error {
		var w core.Write
		if w, left = flow.CountCode(g.in([]string{flow.CodesFile()})); left < 0 {
			return nil
		}
		_, err := g.home.Write(w.Name, w.Data, w.Create)
		return err
	})
	if err != nil {
		g.warn("an answer in the agent's client was not taken: " + err.Error())
		return -1
	}
	return left
}

// answer records what a form says and then writes it, if it is an answer. Who answered before keeps
// the word.
func (g *Gateway) answer(flow *core.Flow, code, decision string) (answered bool, err error) {
	g.source.Current() // a PIN that was set meanwhile counts
	record, w := flow.Filled(g.in(nil), code, decision)
	if err := g.log.Append([]core.Record{record}, true); err != nil || w == nil {
		return false, err
	}
	existing, err := g.home.Write(w.Name, w.Data, w.Create)
	if existing != nil {
		record.Decision, record.Detail = "", map[string]string{
			"by": core.ByElicitation, "approval": record.Detail["approval"],
			"late": "somebody had answered",
		}
		err = g.log.Append([]core.Record{record}, true)
	}
	return true, err
}

// formText says more than `janee approvals` does: where that cuts, or shows a digest, there is no
// form. It must not hold the code: the agent's host reads it.
func formText(q core.Question, request, note string) string {
	return fmt.Sprintf("%s%s asks to send a request with the credential of %s.\n\n%s\n\n"+
		"Run `janee approvals` in a terminal of yours. "+
		"It shows this request as %s, with its code.", note, plain.Line(q.Agent),
		plain.Line(q.Service), request, q.ID[:8])
}
