package core

import (
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/core/config"
)

// named settles as whom a call is judged. A client that says its own name cannot say that of a
// registered agent, and nobody is without a name: the agent "unnamed" has the rights of any other
// agent that nobody has named.
func (e *Engine) named(c Call) Call {
	switch {
	case c.Person():
		return c
	case c.Via == ViaSocket:
		c.Caller = c.Caller.ofUser(e.config)
	case c.SelfNamed && e.config.Agents[c.Agent] != nil:
		c.claimed = c.Agent
		c.IdentitySource = fmt.Sprintf(
			"none: the client calls itself %q, a registered name that clientInfo.name cannot claim",
			c.claimed)
		c.Agent = config.Unnamed
	case c.Agent == "":
		c.Agent = config.Unnamed
	}
	return c
}

// Access says why the agent of c may not use the capability that c names, or nil: allowedAgents
// decides where it names anybody, then access or the server's defaultAccess, then the ownership of
// the service. Rules, sessions and approvals are not looked at.
func (e *Engine) Access(c Call) *Denial {
	s := e.subject(e.named(c))
	if d := s.checkCapability(In{}); d != nil {
		return d
	}
	for _, refuse := range []func(*subject, In) *Denial{
		(*subject).checkAllowedAgents, (*subject).checkDefaultAccess, (*subject).checkOwnership,
	} {
		if d := refuse(&s, In{}); d != nil {
			return d
		}
	}
	return nil
}

// serviceAccess is Access for what concerns a service as a whole: any one of its capabilities will
// do. Where it has none, the server's defaultAccess and the ownership decide.
func (e *Engine) serviceAccess(c Call, service *config.Service) (denial *Denial) {
	users := e.config.UsersOf(service.Name)
	for _, name := range users {
		c.Args.Capability = name
		d := e.Access(c)
		if d == nil {
			return nil
		}
		denial = d
	}
	if len(users) > 0 {
		return denial
	}
	s := e.subject(c)
	s.capability, s.service = &config.Capability{Service: service.Name}, service
	if d := s.checkDefaultAccess(In{}); d != nil {
		return d
	}
	return s.checkOwnership(In{})
}

// unlisted: access and ownership are looked at only for agents, and only where allowedAgents names
// none.
func (s *subject) unlisted() bool {
	return !s.call.Person() && len(s.capability.AllowedAgents) == 0
}

func (s *subject) checkAllowedAgents(In) *Denial {
	allowed := s.capability.AllowedAgents
	if s.call.Person() || len(allowed) == 0 || slices.Contains(allowed, s.call.Agent) {
		return nil
	}
	return s.deny(AgentNotAllowed).because(fmt.Sprintf(
		"capability %q is only for the agents that its owner has named, and %q is not one of them",
		s.capability.Name, s.call.Agent),
		"allowedAgents",
		s.prove(fmt.Sprintf("tell your user; they can add %q to allowedAgents of %s",
			s.call.Agent, s.capability.Name)))
}

func (s *subject) checkDefaultAccess(In) *Denial {
	if !s.unlisted() || s.engine.config.AccessOf(s.capability) == config.Open {
		return nil
	}
	policy := "defaultAccess: restricted"
	if s.capability.Access != "" {
		policy = "access: restricted"
	}
	return s.deny(DefaultAccessRestricted).because("", policy, s.prove(""))
}

func (s *subject) checkOwnership(In) *Denial {
	if !s.unlisted() || s.service.Ownership.Allows(s.call.Agent) {
		return nil
	}
	return s.deny(OwnershipDenied).because("",
		"accessPolicy: "+string(s.service.Ownership.Policy), s.prove(s.askOwner()))
}

func (s *subject) askOwner() string {
	o := s.service.Ownership
	if o.CreatedBy == "" {
		return ""
	}
	return fmt.Sprintf(
		"tell your user; %q owns it and can share it with you through manage_credential",
		o.CreatedBy)
}

// prove is the next step, but for a client that took a registered name: proving the name comes
// first.
func (s *subject) prove(next string) string {
	if s.call.claimed == "" {
		return next
	}
	if s.call.Via == ViaSocket {
		return fmt.Sprintf("tell your user: over the daemon's socket only the system user that "+
			"config.yaml names in agents.%s.user is %q", s.call.claimed, s.call.claimed)
	}
	return fmt.Sprintf("tell your user: over stdio only `janee serve --agent %s` makes you %q; "+
		"the name that your client gives itself is not enough", s.call.claimed, s.call.claimed)
}

func (s *subject) skipPerson() string {
	if s.call.Person() {
		return "a person's own commands are bound to no agent"
	}
	return ""
}

func (s *subject) skipNoList() string {
	if len(s.capability.AllowedAgents) == 0 && !s.call.Person() {
		return "it names no agents"
	}
	return s.skipPerson()
}

func (s *subject) skipDecided() string {
	if len(s.capability.AllowedAgents) > 0 && !s.call.Person() {
		return "allowedAgents has decided"
	}
	return s.skipPerson()
}

func (s *subject) skipUnowned() string {
	if why := s.skipDecided(); why != "" || s.service.Ownership != nil {
		return why
	}
	return "the service has no owner: it is for every agent"
}
