package cli

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/config"
)

// ownerFlags say who may use a service.
type ownerFlags struct {
	owner, policy string
	sharedWith    []string
	clear         bool
}

func (o *ownerFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.owner, "owner", "",
		"`AGENT` that the credential belongs to, and that may share it")
	f.StringVar(&o.policy, "access-policy", "",
		"`POLICY` for who may use it: all-agents, agent-only (its owner) or shared")
	f.StringSliceVar(&o.sharedWith, "shared-with", nil,
		"`AGENT` that may use it besides its owner; repeatable")
	f.BoolVar(&o.clear, "clear-ownership", false, "open it to every agent again")
}

func (o *ownerFlags) given() bool {
	return o.clear || o.owner != "" || o.policy != "" || o.sharedWith != nil
}

func (o *ownerFlags) check() error {
	if o.clear && (o.owner != "" || o.policy != "" || o.sharedWith != nil) {
		return hint.Errorf(hint.Usage, "leave out the others",
			"--clear-ownership cannot be combined with other flags for ownership")
	}
	names := o.sharedWith
	if o.owner != "" {
		names = append([]string{o.owner}, names...)
	}
	return errors.Join(checkAgents("--owner and --shared-with", names),
		checkWord("--access-policy", o.policy, string(config.AllAgents), string(config.AgentOnly),
			string(config.Shared)))
}

// change is the ownership of a service after the flags are applied, nil if they leave it alone. An
// owner without a policy means the owner alone; --shared-with means these agents too.
func (o *ownerFlags) change(old *config.Ownership) *config.Ownership {
	if !o.given() {
		return nil
	}
	next := config.Ownership{}
	if old != nil && !o.clear {
		next = *old
	}
	if o.owner != "" {
		next.CreatedBy = o.owner
		if next.Policy == "" {
			next.Policy = config.AgentOnly
		}
	}
	if o.sharedWith != nil {
		next.SharedWith, next.Policy = o.sharedWith, config.Shared
	}
	if o.policy != "" {
		next.Policy = config.Sharing(o.policy)
	}
	if next.Policy != config.Shared {
		next.SharedWith = nil
	}
	return &next
}
