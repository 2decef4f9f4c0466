package doctor

import (
	"errors"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/config"
)

// checkDestinations tells what decides, besides their URLs, where credentials go, and whether the
// owner has agreed to it.
func checkDestinations(p *patient) (found []Check) {
	if p.vault == nil {
		return nil
	}
	for _, name := range p.config.ServiceNames {
		found = append(found, p.checkRoute(p.config.Services[name])...)
	}
	return found
}

func (p *patient) checkRoute(service *config.Service) []Check {
	if !service.Routed() && service.Bound == "" {
		return nil
	}
	trust := "janee trust " + home.Quote(service.Name) + ", if you made that change"
	s := p.opened
	s.Config, s.Vault = p.config, p.vault
	_, readErr := s.Destination(service)
	err := s.Agreed(service)
	var unagreed *config.UnagreedError
	switch {
	case readErr != nil:
		fix := hint.Of(readErr)
		if fix == "" {
			fix = "put the file there, or take the line out"
		}
		return []Check{failed("destinations", fix, "%v", readErr)}
	case errors.As(err, &unagreed):
		return []Check{failed("destinations", trust, "%v: calls are refused", err)}
	case err != nil:
		return nil // checkField has told of it
	}
	how := "as you agreed"
	if s.Typed(service) {
		how = "as was typed beside it; nobody was asked"
	}
	return passed("destinations", "service %s: its key goes %s, %s",
		service.Name, service.Route(), how)
}
