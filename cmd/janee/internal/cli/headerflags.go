package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/policy"
)

// headerFlags are the lists of headers that services and capabilities have in common.
type headerFlags struct{ allow, deny []string }

func (o *headerFlags) register(f *pflag.FlagSet) {
	f.StringSliceVar(&o.allow, "allow-headers", nil,
		"`HEADER` that agents may send although it chooses an account or a permission, "+
			"such as Stripe-Account; repeatable")
	f.StringSliceVar(&o.deny, "deny-headers", nil,
		"refuse requests that have this `HEADER`; repeatable")
}

func (o *headerFlags) check() error {
	for flag, names := range map[string][]string{"--allow-headers": o.allow,
		"--deny-headers": o.deny} {
		for _, name := range names {
			if _, err := policy.ParseHeaderName(name); err != nil {
				return hint.New(hint.Usage,
					"write names such as "+flag+" Stripe-Account,x-amz-grant-*",
					fmt.Errorf("%s: %w",
						flag, err))
			}
		}
	}
	return nil
}

// listed is the list of a flag: nil if the command line does not have the flag, empty if it has the
// flag without a name.
func listed(f *pflag.FlagSet, name string) []string {
	if !f.Changed(name) {
		return nil
	}
	names, _ := f.GetStringSlice(name) // the flag is of this type
	return append([]string{}, names...)
}

func headerTexts(names []policy.HeaderName) (texts []string) {
	for _, n := range names {
		texts = append(texts, n.String())
	}
	return texts
}
