package config

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Bounds of the time for which a call waits for a person. Clients give up after a minute, most of
// them.
const (
	DefaultWait = 25 * time.Second
	MaxWait     = 50 * time.Second
)

const approvalsSection = "approvals"

// Approvals says how a person is asked where a capability has autoApprove: false.
type Approvals struct {
	Wait    time.Duration // for how long a call waits for the answer
	Notify  bool          // on the desktop, where there is one; true where the file does not say
	PIN     string        // what `janee approve` asks for: an argon2id hash, "" = nothing
	Webhook *Webhook      // is told of every question; nil = nobody
	// Elicitation lets a person answer in the agent's client too, where there is no PIN.
	Elicitation bool
}

func (r *configReader) approvals(n *yaml.Node) {
	if unset(n) {
		return
	}
	a := &r.config.Approvals
	r.mapping(n, approvalsSection,
		known{"wait", r.duration(&a.Wait, "approvals: wait", MaxWait)},
		known{"notify", r.flag(&a.Notify, "approvals: notify")},
		known{"webhook", r.webhook("approvals: webhook", WebhookBinding(), &a.Webhook)},
		known{"pin", r.pin},
		known{"elicitation", r.flag(&a.Elicitation, "approvals: elicitation")},
	)
	if a.Elicitation && a.PIN != "" {
		r.warn(n.Line,
			"approvals: elicitation has no effect while there is a pin, "+
				"which only `janee approve` asks for")
	}
}

// pin shows nothing of what it refuses: it may be the number itself.
func (r *configReader) pin(n *yaml.Node) {
	s, ok := r.text(n, "approvals: pin")
	if ok && !strings.HasPrefix(s, "$argon2id$v=19$") {
		r.problem(n.Line,
			"approvals: pin is not written by hand: delete the line and run `janee approvals pin`")
		return
	}
	r.config.Approvals.PIN = s
}

// SetPIN writes the hash that `janee approve` asks the PIN for; "" takes it out. *Error if the
// result would not be valid.
func SetPIN(text []byte, hash string) ([]byte, error) {
	return edited(text, func(e *editor) error {
		path := []string{approvalsSection, "pin"}
		switch {
		case hash != "":
			return e.put(path, textNode(hash))
		case e.at(path...) == nil:
			return nil
		}
		return e.remove(path...)
	})
}
