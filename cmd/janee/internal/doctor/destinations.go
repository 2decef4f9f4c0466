package doctor

import (
	"errors"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/config"
)

// checkDestinations reports where credentials go if something other than the URL of the service
// decides that (a proxy, an authority), and whether the owner has agreed to it.
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
			fix = "create the file, or remove the line from config.yaml"
		}
		return []Check{failed("destinations", fix, "%v", readErr)}
	case errors.As(err, &unagreed):
		return []Check{failed("destinations", trust, "%v: calls are refused", err)}
	case err != nil:
		return nil // checkField has reported it
	}
	how := "as you agreed"
	if s.Typed(service) {
		how = "as typed into config.yaml with the key; you were not asked"
	}
	return passed("destinations", "service %s: its key goes %s, %s",
		service.Name, service.Route(), how)
}
