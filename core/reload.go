package core

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/config"
)

// eventReload is the event of the record of a reload.
const eventReload = "config.reload"

// Reload is what reading config.yaml again came to, as the tool reload_config answers it.
type Reload struct {
	Success      bool   `json:"success"`
	Message      string `json:"message"`
	Services     int    `json:"services"`
	Capabilities int    `json:"capabilities"`
	Changes      struct {
		Services     config.Changes `json:"services"`
		Capabilities config.Changes `json:"capabilities"`
	} `json:"changes"`
}

// Reloads remembers what reloads are told by: what is in force, what an agent was last told of, and
// why a file was refused. It is not safe for concurrent use.
type Reloads struct {
	inForce, told *config.Config
	broken        string
}

// NewReloads starts with the configuration in force.
func NewReloads(c *config.Config) *Reloads { return &Reloads{inForce: c, told: c} }

// Accept takes c for what is in force now. The record is at, which says when and for whom, with
// what has changed; nil if nothing has.
func (r *Reloads) Accept(c *config.Config, at Record) (Reload, *Record) {
	report, changed := compare(r.inForce, c)
	agents := config.DiffAgents(r.inForce, c)
	changed = changed || r.broken != ""
	r.inForce, r.broken = c, ""
	if !changed {
		return report, nil
	}
	at.Event, at.Detail = eventReload, map[string]string{
		"services":     summary(report.Changes.Services),
		"capabilities": summary(report.Changes.Capabilities), "agents": summary(agents),
	}
	return report, &at
}

// Refuse keeps what is in force. A fault that was recorded before is not recorded again.
func (r *Reloads) Refuse(why string, at Record) (Reload, *Record) {
	report, _ := compare(r.inForce, r.inForce)
	report.Success, report.Message = false,
		"not reloaded, the previous configuration stays in force: "+why
	if r.broken == why {
		return report, nil
	}
	r.broken = why
	line, _, _ := strings.Cut(why, "\n")
	at.Event, at.Decision, at.Detail = eventReload, "refused", map[string]string{"error": line}
	return report, &at
}

// Broken reports whether the file that was read last was refused.
func (r *Reloads) Broken() bool { return r.broken != "" }

// Tell compares what is in force with what it was at the last Tell: the call of an agent that asks
// has already put a changed file in force.
func (r *Reloads) Tell() Reload {
	report, _ := compare(r.told, r.inForce)
	r.told = r.inForce
	return report
}

// compare tells what differs, and whether anything does. Agents are not named: the report is for
// one of them.
func compare(old, now *config.Config) (r Reload, changed bool) {
	r = Reload{
		Success:      true,
		Message:      "nothing has changed",
		Services:     len(now.Services),
		Capabilities: len(now.Capabilities),
	}
	r.Changes.Services, r.Changes.Capabilities = config.Diff(old, now)
	rest := old.Server != now.Server || old.Limits != now.Limits ||
		!config.DiffAgents(old, now).Empty()
	if r.Changes.Services.Empty() && r.Changes.Capabilities.Empty() && !rest {
		return r, false
	}
	r.Message = fmt.Sprintf("reloaded: services %s; capabilities %s", summary(r.Changes.Services),
		summary(r.Changes.Capabilities))
	if rest {
		r.Message += "; agents, limits or the server's settings changed"
	}
	return r, true
}

// summary writes changes as "+added -removed ~changed".
func summary(c config.Changes) string {
	if c.Empty() {
		return "unchanged"
	}
	var parts []string
	for _, group := range []struct {
		sign  string
		names []string
	}{{"+", c.Added}, {"-", c.Removed}, {"~", c.Changed}} {
		for _, name := range group.names {
			parts = append(parts, group.sign+name)
		}
	}
	return strings.Join(parts, " ")
}
