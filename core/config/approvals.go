package config

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Bounds of the time for which a call waits for a person. Most clients give up after a minute.
const (
	DefaultWait = 25 * time.Second
	MaxWait     = 50 * time.Second
)

const approvalsSection = "approvals"

// Approvals says how Janee asks a person about a capability with autoApprove: false.
type Approvals struct {
	Wait    time.Duration // how long a call waits for the answer
	Notify  bool          // on the desktop, if there is one; true if the file does not say
	PIN     string        // what `janee approve` asks for: an argon2id hash, "" means nothing
	Webhook *Webhook      // is told of every question; nil means nobody is
	// Elicitation lets a person also answer in the agent's client, while there is no PIN.
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

// pin shows nothing of what it refuses, which may be the number itself.
func (r *configReader) pin(n *yaml.Node) {
	s, ok := r.text(n, "approvals: pin")
	if ok && !strings.HasPrefix(s, "$argon2id$v=19$") {
		r.problem(n.Line,
			"approvals: pin is not written by hand: delete the line and run `janee approvals pin`")
		return
	}
	r.config.Approvals.PIN = s
}

// SetPIN writes the hash of the PIN that `janee approve` asks for; "" removes it. The error is an
// *Error if the result would not be valid.
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
