package doctor

import (
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
)

// checkRules looks for rules that probably do not mean what their author intended.
func checkRules(p *patient) []Check {
	if p.config == nil {
		return nil
	}
	var found []Check
	for _, name := range p.config.CapabilityNames {
		found = append(found, checkPolicy(name, p.config.Capabilities[name].Policy)...)
	}
	if found == nil && len(p.config.CapabilityNames) > 0 {
		return passed("rules", "every capability has rules, and each rule can take effect")
	}
	return found
}

func checkPolicy(name string, rules policy.Policy) (found []Check) {
	edit := "janee cap edit " + home.Quote(name)
	switch {
	case !rules.Restricted():
		return []Check{warned("rules", edit+` --allow "GET *"`,
			"capability %s has no rules: every method and path is allowed", name)}
	case rules.Unreachable():
		return []Check{warned("rules", edit+` --allow "GET *"`,
			"capability %s can never be used: %s", name, why(rules))}
	}
	for _, m := range rules.MissedCollections() {
		bare := strings.TrimSuffix(m.Rule, "/*")
		found = append(found, warned("rules", edit+denyFlags(append(texts(rules.Deny()), bare)),
			"capability %s: the deny rule %q does not cover %s itself, which is allowed with %s",
			name, m.Rule, m.Path, strings.Join(m.Methods, ", ")))
	}
	for _, d := range rules.DeadRules() {
		found = append(found, warned("rules", "janee cap edit "+home.Quote(name)+" --help",
			"capability %s: the allow rule %q never takes effect: %s denies all of it", name,
			d.Rule, strings.Join(d.By, ", ")))
	}
	return found
}

func why(rules policy.Policy) string {
	if len(rules.Allow()) == 0 {
		return "it has no allow rule, so every request is denied"
	}
	return "its deny rules cover every allow rule"
}

func texts(rules []policy.Rule) (all []string) {
	for _, r := range rules {
		all = append(all, r.String())
	}
	return all
}

// denyFlags returns flags for all of the rules, because --deny replaces the whole list.
func denyFlags(rules []string) string {
	flags := ""
	for _, r := range rules {
		flags += " --deny " + home.Quote(r)
	}
	return flags
}

// checkCredentials opens every sealed value.
func checkCredentials(p *patient) []Check {
	if p.vault == nil {
		return nil
	}
	var found []Check
	n := 0
	for _, name := range p.config.ServiceNames {
		service := p.config.Services[name]
		for _, f := range sealed.Fields(p.vault, service) {
			n++
			found = append(found, checkField(service, f)...)
		}
	}
	if found == nil && n > 0 {
		return passed("credentials", "%s in the place that it was sealed for",
			count(n, "sealed value opens", "sealed values open, each"))
	}
	return found
}

func checkField(service *config.Service, f sealed.Field) []Check {
	again := "janee service edit " + home.Quote(service.Name) + " with the flag for " + f.Path
	switch {
	case f.Err != nil:
		return []Check{failed("credentials", again, "%s of service %s cannot be opened: %v",
			f.Path, service.Name, f.Err)}
	case f.Moved():
		return []Check{failed("credentials", again,
			"%s of service %s was sealed as %s of service %s: it was moved by hand", f.Path,
			service.Name, f.Got.Field, f.Got.Service)}
	case f.Rebound():
		return []Check{failed("credentials",
			"janee trust "+home.Quote(service.Name)+", if you made that change",
			"%s of service %s was sealed for %s (service %s, auth type %s), but is now at %s "+
				"(auth type %s): calls are refused",
			f.Path, service.Name, f.Got.Origin, f.Got.Service, f.Got.Type,
			f.Want.Origin, f.Want.Type)}
	case f.Plain.Len() > 0 && f.Plain.Len() < secret.MinLength:
		return []Check{warned("credentials", again,
			"%s of service %s has fewer than %d characters, so it is not masked in responses",
			f.Path, service.Name, secret.MinLength)}
	}
	return nil
}
