package config

import "reflect"

// Changes names what differs between two configurations.
type Changes struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// Empty reports whether nothing differs.
func (c Changes) Empty() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }

// Diff compares what two configurations mean. It ignores where things are in the file, and whether
// a credential was sealed in between.
func Diff(old, now *Config) (services, capabilities Changes) {
	services = diff(old.ServiceNames, now.ServiceNames, func(name string) bool {
		return sameService(*old.Services[name], *now.Services[name])
	})
	capabilities = diff(old.CapabilityNames, now.CapabilityNames, func(name string) bool {
		a, b := *old.Capabilities[name], *now.Capabilities[name]
		a.Line, b.Line = 0, 0
		return reflect.DeepEqual(a, b)
	})
	return services, capabilities
}

func diff(old, now []string, same func(name string) bool) Changes {
	c := Changes{Added: []string{}, Removed: []string{}, Changed: []string{}}
	before, after := set(old), set(now)
	for _, name := range old {
		if !after[name] {
			c.Removed = append(c.Removed, name)
		}
	}
	for _, name := range now {
		switch {
		case !before[name]:
			c.Added = append(c.Added, name)
		case !same(name):
			c.Changed = append(c.Changed, name)
		}
	}
	return c
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

func sameService(a, b Service) bool {
	if len(a.Auth.Fields) != len(b.Auth.Fields) {
		return false
	}
	for path, v := range a.Auth.Fields {
		w, ok := b.Auth.Fields[path]
		if !ok || !sameValue(v, w) {
			return false
		}
	}
	a.Line, b.Line, a.Auth.Fields, b.Auth.Fields = 0, 0, nil, nil
	// what the agreement is about is compared; the agreement itself changes nothing else
	a.Bound, b.Bound = "", ""
	return reflect.DeepEqual(a, b)
}

// sameValue treats a plain value and a sealed one as the same, because Janee seals what a person
// typed.
func sameValue(a, b Value) bool {
	if (a.Sealed == "") != (b.Sealed == "") {
		return true
	}
	return a.Sealed == b.Sealed && reflect.DeepEqual(a.Plain, b.Plain)
}

// DiffAgents compares the registered agents; one with another token or user has
// changed.
func DiffAgents(old, now *Config) Changes {
	return diff(old.AgentNames, now.AgentNames, func(name string) bool {
		a, b := old.Agents[name], now.Agents[name]
		return a.Digest == b.Digest && a.User == b.User
	})
}
