package core

import (
	"fmt"

	"github.com/true-and-useful/janee/core/config"
)

// Share is what the owner of a service has decided, for the shell to write into config.yaml: an
// engine cannot change its configuration. The record is already in the log. config.Share checks the
// owner in the file once more.
type Share struct {
	Service, Owner, Agent string
	Grant                 bool
}

// Ownership is how manage_credential shows who may use a service.
type Ownership struct {
	AccessPolicy string   `json:"accessPolicy"`
	CreatedBy    string   `json:"createdBy,omitempty"`
	SharedWith   []string `json:"sharedWith,omitempty"`
	CreatedAt    string   `json:"createdAt,omitempty"`
}

// ShowOwnership is o as its owner may see it; a service without one is for all agents.
func ShowOwnership(o *config.Ownership) Ownership {
	if o == nil {
		return Ownership{AccessPolicy: string(config.AllAgents)}
	}
	return Ownership{string(o.Policy), o.CreatedBy, o.SharedWith, o.CreatedAt}
}

// manage answers manage_credential. An agent sees services that it may use or owns; it shares those
// it owns.
func (f *Flow) manage() Done {
	c := &f.call
	if d := f.findService(listedService); d != nil {
		return f.refuse(d)
	}
	if c.Args.Action == ActionView {
		return f.viewOwnership()
	}
	if d := f.refuseShare(); d != nil {
		return f.refuse(d)
	}
	grant := c.Args.Action == ActionGrant
	r := f.record("ownership." + c.Args.Action)
	r.Decision = "allow"
	r.Detail = map[string]string{
		"agent":        c.Args.Target,
		"accessPolicy": string(f.service.Ownership.With(c.Args.Target, grant).Policy),
	}
	if _, d := f.commit(Commit{Records: []Record{r}}, ""); d != nil {
		return f.refuse(d)
	}
	return Done{Result: &Result{Tool: c.Tool,
		Share: &Share{c.Args.Service, c.Agent, c.Args.Target, grant}}}
}

func (f *Flow) viewOwnership() Done {
	c, o := &f.call, f.service.Ownership
	denial := f.engine.serviceAccess(*c, f.service)
	if denial != nil && !o.Owns(c.Agent) {
		return f.refuse(denial)
	}
	shown := ShowOwnership(o)
	if !o.Owns(c.Agent) {
		shown.SharedWith = nil // what others may do is the owner's to know
	}
	return answer(c.Tool, encode(struct {
		Service    string    `json:"service"`
		Ownership  Ownership `json:"ownership"`
		YourAccess bool      `json:"yourAccess"`
	}{c.Args.Service, shown, denial == nil}))
}

func (s *subject) refuseShare() *Denial {
	c, o := &s.call, s.service.Ownership
	bad := func(why, next string) *Denial { return s.deny(BadArguments).because(why, "", next) }
	switch {
	case !o.Owns(c.Agent):
		return s.deny(OwnershipDenied).because(fmt.Sprintf(
			"only its owner may share service %q, and that is not %q", c.Args.Service, c.Agent),
			"createdBy",
			s.prove("tell your user; config.yaml names the owner of a service"))
	case !config.ValidName(c.Args.Target):
		return bad(fmt.Sprintf("targetAgentId %.80q is not a name that an agent can have",
			c.Args.Target), "give the agentId that whoami gives the other agent")
	case c.Args.Target == o.CreatedBy:
		return bad("targetAgentId is the owner, who always has access", "name the other agent")
	case o.Policy == config.AllAgents:
		return bad(fmt.Sprintf(
			"service %q is for every agent: there is nothing to grant or revoke",
			c.Args.Service),
			"tell your user, if it should not be")
	}
	return nil
}
