package config

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const auditSection = "audit"

// Bounds of the time between two anchors.
const (
	DefaultAnchorEvery = time.Minute
	maxAnchorEvery     = 24 * time.Hour
)

// Audit says what Janee does with the audit log besides keeping it.
type Audit struct {
	Anchor *Anchor // nil means nothing
}

// Anchor says who is told the heads of the chains, so that a log whose end was cut off is found. At
// least one of the three is set.
type Anchor struct {
	Every   time.Duration
	Syslog  bool
	Command []string // program, an absolute path, and arguments
	Webhook *Webhook
}

func (r *configReader) audit(n *yaml.Node) {
	if unset(n) {
		return
	}
	r.mapping(n, auditSection, known{"anchor", r.anchor})
}

func (r *configReader) anchor(n *yaml.Node) {
	if unset(n) {
		return
	}
	a := &Anchor{Every: DefaultAnchorEvery}
	r.mapping(n, "audit: anchor",
		known{"every", r.duration(&a.Every, "audit: anchor: every", maxAnchorEvery)},
		known{"syslog", r.flag(&a.Syslog, "audit: anchor: syslog")},
		known{"command", func(n *yaml.Node) { r.anchorCommand(n, a) }},
		known{"webhook", r.webhook("audit: anchor: webhook", AnchorBinding(), &a.Webhook)},
	)
	if n.Kind == yaml.MappingNode && !a.Syslog && lookup(n, "command") == nil &&
		lookup(n, "webhook") == nil {
		r.problem(n.Line, "audit: anchor has no receiver: add syslog: true, a command or a webhook")
	}
	if a.Every < time.Second {
		r.problem(n.Line, "audit: anchor: every must be at least 1s")
	}
	r.config.Audit.Anchor = a
}

// anchorCommand wants to know exactly which program: the log must not depend on the PATH that a
// server was started with.
func (r *configReader) anchorCommand(n *yaml.Node, a *Anchor) {
	r.words(n, "audit: anchor: command", "[/usr/local/bin/keep-anchor, --append]", &a.Command)
	if len(a.Command) > 0 && !strings.HasPrefix(a.Command[0], "/") &&
		!(len(a.Command[0]) > 2 && a.Command[0][1:3] == `:\`) {
		r.problem(n.Line,
			"audit: anchor: command must begin with the full path of the program, "+
				"as in /usr/bin/logger")
	}
}
