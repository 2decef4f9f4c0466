package reload

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/tool"
)

// ShareReport is what came of an owner's decision, in the form in which the tool manage_credential
// answers.
type ShareReport struct {
	Success   bool           `json:"success"`
	Message   string         `json:"message"`
	Ownership core.Ownership `json:"ownership"`
	Persisted bool           `json:"persisted"`
}

// Share writes the decision of the agent that owns a service into config.yaml and puts it in force.
// The decision is recorded already; a second record says so if it could not be carried out.
func (r *Source) Share(via string, s core.Share) ShareReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.writeShare(s)
	if err == nil {
		if now := r.read(s.Owner, via); !now.Success {
			err = errors.New(now.Message)
		}
	}
	report := ShareReport{Success: err == nil, Persisted: err == nil, Message: r.sharedText(s)}
	if service := r.opened.Config.Services[s.Service]; service != nil {
		report.Ownership = core.ShowOwnership(service.Ownership)
	}
	if err != nil {
		report.Message = "nothing was changed: " +
			strings.ReplaceAll(err.Error(), r.file.ConfigPath(), "config.yaml")
		r.shareFailed(via, s, err)
	}
	return report
}

func (r *Source) writeShare(s core.Share) error {
	now, err := r.again()
	if err != nil {
		return err
	}
	return now.Edit(r.options.Keys, func(text []byte) ([]byte, error) {
		return config.Share(text, s.Service, s.Owner, s.Agent, s.Grant)
	})
}

// sharedText says what the decision changes: it opens no capability that the person has closed.
func (r *Source) sharedText(s core.Share) string {
	opened := false
	for _, name := range r.opened.Config.UsersOf(s.Service) {
		opened = opened ||
			r.current.Load().Engine.Access(core.Call{Caller: core.Caller{
				Agent: s.Agent, Via: core.ViaStdio,
			}, Args: tool.Arguments{Capability: name}}) == nil
	}
	switch {
	case s.Grant && opened:
		return fmt.Sprintf("%s may use service %s", s.Agent, s.Service)
	case s.Grant:
		return fmt.Sprintf("service %s is shared with %s, but allowedAgents or access close each "+
			"of its capabilities to %s: tell your user", s.Service, s.Agent, s.Agent)
	case opened:
		return fmt.Sprintf("service %s is no longer shared with %s, but allowedAgents still "+
			"names %s for one of its capabilities: tell your user", s.Service, s.Agent, s.Agent)
	}
	return fmt.Sprintf("%s may no longer use service %s", s.Agent, s.Service)
}

func (r *Source) shareFailed(via string, s core.Share, why error) {
	event := "ownership.revoke"
	if s.Grant {
		event = "ownership.grant"
	}
	line, _, _ := strings.Cut(why.Error(), "\n")
	r.record(&audit.Record{TS: time.Now().UnixMilli(), Event: event, Agent: s.Owner, Via: via,
		Service: s.Service, Decision: "failed",
		Detail: map[string]string{"agent": s.Agent, "error": line}})
}
