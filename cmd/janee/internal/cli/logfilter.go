package cli

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// callFilter are the flags that select calls of the log.
type callFilter struct {
	service, capability, agent, decision string
	since, until                         string
}

func (c *callFilter) flags(f *pflag.FlagSet) {
	f.StringVarP(&c.service, "service", "s", "", "show only calls of this `SERVICE`")
	f.StringVar(&c.capability, "capability", "", "show only calls of this `CAPABILITY`")
	f.StringVar(&c.agent, "agent", "", "show only calls of this `AGENT`")
	f.StringVar(&c.decision, "decision", "",
		"show only calls with this `DECISION`: allow (let through) or deny (refused)")
	f.StringVar(&c.since, "since", "", "show only calls that began at this `TIME` or later")
	f.StringVar(&c.until, "until", "", "show only calls that began before this `TIME`")
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
			"--decision: %q is not a decision", c.decision)
	}
	var err error
	if f.Since, err = readTime("since", c.since, now, false); err != nil {
		return f, err
	}
	if f.Until, err = readTime("until", c.until, now, true); err != nil {
		return f, err
	}
	if !f.Until.IsZero() && f.Since.After(f.Until) {
		return f, hint.Errorf(hint.Usage, "swap them", "--since is later than --until")
	}
	return f, nil
}

func (c callFilter) filtered() bool { return c != callFilter{} }
