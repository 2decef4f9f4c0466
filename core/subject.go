package core

import (
	"fmt"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/wire"
)

// subject is a call and what the checks have found out about it. It does nothing, so that an
// explanation can run the checks of a call that is never made.
type subject struct {
	engine     *Engine
	call       Call
	capability *config.Capability
	service    *config.Service
	judgement

	files    map[string][]byte // the state files that checkSession judged by
	pair     string            // names agent and capability: what a session is for
	session  string            // id of the session that the call runs in; "": none
	grant    session.Grant     // the session that was open when the checks looked; no ID: none
	stored   bool              // the pair has a session file, usable or not
	maxBytes int64             // of the reply's body, for the agent
}

// judgement is what package policy made of a request.
type judgement struct {
	judged   policy.Judged
	decision policy.Decision
	headers  []Header // of the agent's, those that are sent
	dropped  []string // of the agent's, those that are not
}

func (e *Engine) subject(c Call) subject {
	s := subject{engine: e, call: c, maxBytes: c.Args.MaxBytes}
	if s.maxBytes <= 0 || s.maxBytes > wire.MaxBody {
		s.maxBytes = wire.ReplyBody
	}
	return s
}

// listedService is the next step of an agent that named a service which is not there.
const listedService = "use the service of an entry of list_services"

// findService looks up the service that the arguments name.
func (s *subject) findService(next string) *Denial {
	name := s.call.Args.Service
	if s.service = s.engine.config.Services[name]; s.service == nil {
		return s.deny(BadArguments).because(
			fmt.Sprintf("there is no service %q", name), "", next)
	}
	return nil
}
