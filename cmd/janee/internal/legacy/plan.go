package legacy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
)

// Plan is what an old home becomes here. Left names what cannot be carried over, and why.
type Plan struct {
	Services      []PlannedService
	Capabilities  []config.NewCapability
	Restricted    bool // server.defaultAccess: restricted
	Changes, Left []string
}

// PlannedService is a service whose credential is still to be sealed.
type PlannedService struct {
	config.NewService
	Credential sign.Credential
	Ownership  *config.Ownership
}

// Plan says what the home becomes. Every service and capability in the plan is valid by itself.
func (s *Store) Plan() *Plan {
	p := &Plan{Changes: slices.Clone(s.notes)}
	renamed := map[string]string{}
	for _, each := range s.services {
		name := p.free(each.Name, func(name string) bool {
			return slices.ContainsFunc(p.Services, func(o PlannedService) bool {
				return o.Name == name
			})
		})
		planned, err := p.service(each, name)
		if err != nil {
			p.left("service %q: %v", each.Name, err)
			continue
		}
		renamed[each.Name] = name
		p.Services = append(p.Services, planned)
	}
	for _, each := range s.capabilities {
		if err := p.capability(each, renamed); err != nil {
			p.left("capability %q: %v", each.Name, err)
		}
	}
	switch s.defaultAccess {
	case "", "open":
	default:
		p.Restricted = true
	}
	for _, key := range s.unused {
		p.left("%s: it has no counterpart", key)
	}
	return p
}

func (p *Plan) changed(format string, args ...any) {
	p.Changes = append(p.Changes, fmt.Sprintf(format, args...))
}

func (p *Plan) left(format string, args ...any) {
	p.Left = append(p.Left, fmt.Sprintf(format, args...))
}

// free makes a valid and unused name from an old one.
func (p *Plan) free(old string, taken func(string) bool) string {
	name := cleanName(old)
	for n := 2; taken(name); n++ {
		name = fmt.Sprintf("%.60s-%d", cleanName(old), n)
	}
	if name != old {
		p.changed("%q is now called %q: names consist of 1 to 64 letters, digits and . _ @ -",
			old, name)
	}
	return name
}

// cleanName replaces bytes that a name cannot have by "-", as mcpserver.AgentID does.
func cleanName(s string) string {
	b := []byte(s)
	for i, c := range b {
		if !config.ValidName(string(rune(c))) {
			b[i] = '-'
		}
	}
	return cmp.Or(string(b[:min(len(b), 64)]), "unnamed")
}

func (p *Plan) service(old oldService, name string) (PlannedService, error) {
	s := PlannedService{Credential: sign.Credential{}}
	s.Name, s.TestPath = name, old.TestPath
	base, err := policy.ParseBase(strings.TrimSpace(old.BaseURL), false)
	if err != nil {
		if base, err = policy.ParseBase(strings.TrimSpace(old.BaseURL), true); err != nil {
			return s, err
		}
		s.AllowHTTP = true
		p.changed(
			"service %q: allowHttp: true was added, because its credential goes to %s unencrypted",
			name, base.Origin())
	}
	s.BaseURL = base.String()
	if s.TestPath != "" && !strings.HasPrefix(s.TestPath, "/") {
		s.TestPath = "/" + s.TestPath
	}
	if err := p.auth(&s, old); err != nil {
		return s, err
	}
	if err := p.try(&s); err != nil {
		return s, err
	}
	s.Ownership = p.ownership(name, old.Ownership)
	for _, key := range old.Unused {
		p.left("service %q: %s has no counterpart", old.Name, key)
	}
	return s, nil
}

// try loads the service by itself, so that a bad service does not keep the others out.
func (p *Plan) try(s *PlannedService) error {
	err := loads(*s)
	if err != nil && s.TestPath != "" {
		without := *s
		if without.TestPath = ""; loads(without) == nil {
			p.left("service %q: the testPath %q: %v", s.Name, s.TestPath, err)
			s.TestPath, err = "", nil
		}
	}
	return err
}

// loads returns why a service would be refused. It checks the values, and then loads the service
// with sealed text in their place, because package config has further demands on plaintext values,
// which sealed ones need not meet.
func loads(s PlannedService) error {
	scheme, _ := sign.Lookup(s.Type)
	if err := scheme.Check(s.Credential); err != nil {
		return err
	}
	for _, e := range scheme.Entries(s.Credential) {
		s.Fields = append(s.Fields,
			config.KV{Path: e.Path, Value: "janee:v1:k1:service:field:type:origin:text"})
	}
	_, err := config.AddService(nil, s.NewService)
	return plainError(err)
}

// plainError returns the problems that package config found, without line numbers: the file exists
// only in memory.
func plainError(err error) error {
	var invalid *config.Error
	if !errors.As(err, &invalid) {
		return err
	}
	var texts []string
	for _, problem := range invalid.Problems {
		texts = append(texts, problem.Text)
	}
	return errors.New(strings.Join(texts, "; "))
}

var oldTTL = regexp.MustCompile(`^0*([1-9]\d*)(s|m|h|d)$`)

func (p *Plan) ttl(name, old string) string {
	m := oldTTL.FindStringSubmatch(old)
	if m == nil {
		if old != "" {
			p.changed("capability %q: the ttl %q cannot be read; it is now 1h", name, old)
		}
		return "1h"
	}
	ttl := m[1] + m[2]
	if _, ok := config.ParseDuration(ttl, config.MaxTTL); !ok {
		p.changed("capability %q: the ttl %q is now 30d, the longest that is allowed", name, old)
		return "30d"
	}
	return ttl
}

func (p *Plan) capability(old oldCapability, services map[string]string) error {
	service, ok := services[old.Service]
	switch {
	case old.Mode != "" && old.Mode != "proxy":
		return fmt.Errorf("mode %s is not supported by this version", old.Mode)
	case !ok:
		return fmt.Errorf("its service %q cannot be carried over", old.Service)
	}
	rules, err := old.Rules.convert()
	if err != nil {
		return err
	}
	c := config.NewCapability{
		Service:        service,
		Allow:          rules.allow,
		Deny:           rules.deny,
		RequiresReason: old.RequiresReason != "" && old.RequiresReason != "false",
		NeedsApproval:  old.AutoApprove != "" && old.AutoApprove != "true",
	}
	c.Name = p.free(old.Name, func(name string) bool {
		return slices.ContainsFunc(p.Capabilities, func(o config.NewCapability) bool {
			return o.Name == name
		})
	})
	c.TTL = p.ttl(c.Name, old.TTL)
	for _, change := range rules.changes {
		p.changed("capability %q: %s", c.Name, change)
	}
	if c.NeedsApproval {
		p.changed("capability %q: autoApprove: false now takes effect: "+
			"you are asked before a session opens", c.Name)
	}
	p.access(&c, old)
	for _, key := range old.Unused {
		p.left("capability %q: %s has no counterpart", old.Name, key)
	}
	p.Capabilities = append(p.Capabilities, c)
	return nil
}

func (p *Plan) access(c *config.NewCapability, old oldCapability) {
	for _, agent := range old.AllowedAgents {
		c.AllowedAgents = append(c.AllowedAgents, p.agent(agent))
	}
	switch old.Access {
	case "", "open", "restricted":
		c.Access = old.Access
	default:
		c.Access = "restricted"
		p.changed("capability %q: the access %q is not known; it is now restricted",
			c.Name, old.Access)
	}
}

// agent returns the name that an agent has here.
func (p *Plan) agent(old string) string {
	name := cleanName(old)
	if note := fmt.Sprintf("the agent %q is now called %q", old, name); name != old &&
		!slices.Contains(p.Changes, note) {
		p.changed("%s", note)
	}
	return name
}

func (p *Plan) ownership(service string, old *oldOwnership) *config.Ownership {
	if old == nil {
		return nil
	}
	o := &config.Ownership{Policy: config.Sharing(old.AccessPolicy)}
	if old.CreatedBy != "" {
		o.CreatedBy = p.agent(old.CreatedBy)
	}
	if _, err := time.Parse(time.RFC3339, old.CreatedAt); err == nil {
		o.CreatedAt = old.CreatedAt
	}
	switch {
	case o.Policy == config.AllAgents, o.Policy == config.AgentOnly && o.CreatedBy != "":
	case o.Policy == config.Shared:
		for _, agent := range old.SharedWith {
			o.SharedWith = append(o.SharedWith, p.agent(agent))
		}
	default: // the old program let no agent use it
		o.Policy = config.Shared
		p.changed("service %q: its accessPolicy %q allows no agent, so it is shared with none",
			service, old.AccessPolicy)
	}
	return o
}
