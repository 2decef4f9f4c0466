package cli

import (
	"reflect"
	"testing"

	"github.com/true-and-useful/janee/core/config"
)

func TestOwnershipFlags(t *testing.T) {
	shared := &config.Ownership{Policy: config.Shared, CreatedBy: "alice",
		SharedWith: []string{"bob"}, CreatedAt: "2026-11-23T09:33:45Z"}
	for _, c := range []struct {
		flags ownerFlags
		old   *config.Ownership
		want  *config.Ownership
	}{
		{ownerFlags{}, shared, nil},
		{ownerFlags{clear: true}, shared, &config.Ownership{}},
		{ownerFlags{owner: "alice"}, nil,
			&config.Ownership{Policy: config.AgentOnly, CreatedBy: "alice"}},
		{ownerFlags{owner: "carol"},
			shared, &config.Ownership{Policy: config.Shared, CreatedBy: "carol",
				SharedWith: []string{"bob"}, CreatedAt: shared.CreatedAt}},
		{ownerFlags{owner: "alice", sharedWith: []string{"dave"}},
			nil, &config.Ownership{Policy: config.Shared, CreatedBy: "alice",
				SharedWith: []string{"dave"}}},
		{ownerFlags{policy: "agent-only"},
			shared, &config.Ownership{Policy: config.AgentOnly, CreatedBy: "alice",
				CreatedAt: shared.CreatedAt}},
		{ownerFlags{policy: "all-agents"},
			shared, &config.Ownership{Policy: config.AllAgents, CreatedBy: "alice",
				CreatedAt: shared.CreatedAt}},
		{ownerFlags{policy: "shared", sharedWith: []string{"dave"}},
			shared, &config.Ownership{Policy: config.Shared, CreatedBy: "alice",
				SharedWith: []string{"dave"}, CreatedAt: shared.CreatedAt}},
	} {
		if got := c.flags.change(c.old); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v of %+v: %+v, want %+v", c.flags, c.old, got, c.want)
		}
		if err := c.flags.check(); err != nil {
			t.Errorf("%+v: %v", c.flags, err)
		}
	}
	for _, bad := range []ownerFlags{
		{clear: true, owner: "alice"}, {owner: "a b"}, {sharedWith: []string{""}}, {policy: "mine"},
	} {
		if bad.check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
