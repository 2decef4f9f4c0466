package config

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/limit"
)

// Parse reads a config.yaml. The error is an *Error with every problem, each with its line. A text
// without content is a valid, empty configuration.
func Parse(text []byte) (*Config, error) {
	p, err := parse(text)
	if err != nil {
		return nil, err
	}
	return p.config, nil
}

// parsed is a valid configuration together with what an edit of its text needs. It stays inside
// this package: its nodes have credentials in the clear.
type parsed struct {
	config *Config
	doc    *document
	plain  []plainField
}

func parse(text []byte) (*parsed, error) {
	doc, problems := load(text)
	r := &configReader{parsed: parsed{config: newConfig(), doc: doc}}
	r.problems = problems
	if doc == nil {
		return nil, r.err()
	}
	r.src = doc.src
	if doc.root != nil {
		r.plainYAML(doc.root)
		r.root(doc.root)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	r.config.Warnings = byLine(r.warnings)
	return &r.parsed, nil
}

func newConfig() *Config {
	return &Config{
		Version:      "1",
		Services:     map[string]*Service{},
		Capabilities: map[string]*Capability{},
		Agents:       map[string]*Agent{},
		Approvals:    Approvals{Wait: DefaultWait, Notify: true},
		Limits:       limit.Limits{Concurrent: DefaultConcurrent},
	}
}

// configReader fills a Config from the tree.
type configReader struct {
	reader
	parsed
}

func (r *configReader) root(n *yaml.Node) {
	var services, capabilities, agents *yaml.Node
	later := func(to **yaml.Node) func(*yaml.Node) { return func(n *yaml.Node) { *to = n } }
	r.mapping(n, "config.yaml",
		known{"version", r.version},
		known{"vault", r.vault},
		known{"services", later(&services)},
		known{"capabilities", later(&capabilities)},
		known{"server", r.server},
		known{"agents", later(&agents)},
		known{"approvals", r.approvals},
		known{limitsSection, r.limits(&r.config.Limits, limitsSection)},
		known{"audit", r.audit},
	)
	// Capabilities name services, which may be anywhere in the file.
	if !unset(services) {
		r.entries(services, "services", r.service)
	}
	if !unset(capabilities) {
		r.entries(capabilities, "capabilities", r.capability)
	}
	if !unset(agents) {
		r.entries(agents, "agents", r.agent)
	}
}

func (r *configReader) version(n *yaml.Node) {
	s, ok := r.text(n, "version")
	switch {
	case !ok || s == "1":
	case strings.HasPrefix(s, "0."):
		r.problem(n.Line,
			"version %s is the format of the TypeScript Janee, which this Janee does not read: "+
				"`janee import` shows what it would become, `janee import --apply` converts it",
			brief(s))
	default:
		r.problem(n.Line, "version %s is not known: write version: 1", brief(s))
	}
}

// brief quotes a name of bounded length, without anything that could move the cursor of a terminal.
func brief(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strconv.Quote(s)
}

func isToken(s string) bool { return ValidName(s) && !strings.ContainsAny(s, ".@") }
