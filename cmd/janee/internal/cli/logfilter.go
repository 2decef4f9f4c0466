package cli

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// callFilter are the flags that choose calls of the log.
type callFilter struct {
	service, capability, agent, decision string
	since, until                         string
}

func (c *callFilter) flags(f *pflag.FlagSet) {
	f.StringVarP(&c.service, "service", "s", "", "only calls of this service")
	f.StringVar(&c.capability, "capability", "", "only calls of this capability")
	f.StringVar(&c.agent, "agent", "", "only calls of this agent")
	f.StringVar(&c.decision, "decision", "",
		"only calls that were let through (allow) or refused (deny)")
	f.StringVar(&c.since, "since", "", "only calls that began at this `time` or later")
	f.StringVar(&c.until, "until", "", "only calls that began before this `time`")
}

// filter reads the flags. now is what durations count back from.
func (c callFilter) filter(now time.Time) (auditlog.Filter, error) {
	f := auditlog.Filter{
		Service:    c.service,
		Capability: c.capability,
		Agent:      c.agent,
		Decision:   c.decision,
	}
	if c.decision != "" && c.decision != "allow" && c.decision != "deny" {
		return f, hint.Errorf(hint.Usage, "write --decision allow or --decision deny",
			"--decision cannot be %q", c.decision)
	}
	var err error
	if f.Since, err = readTime("since", c.since, now, false); err != nil {
		return f, err
	}
	if f.Until, err = readTime("until", c.until, now, true); err != nil {
		return f, err
	}
	if !f.Until.IsZero() && f.Since.After(f.Until) {
		return f, hint.Errorf(hint.Usage, "exchange them", "--since is later than --until")
	}
	return f, nil
}

func (c callFilter) filtered() bool { return c != callFilter{} }
