package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/revocations"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

// scopeFlags choose sessions: one by its id, or many.
type scopeFlags struct {
	agent, capability string
	all               bool
	flags             *pflag.FlagSet
}

func (o *scopeFlags) register(f *pflag.FlagSet) {
	o.flags = f
	f.StringVar(&o.agent, "agent", "", "every session of this `AGENT`")
	f.StringVar(&o.capability, "capability", "", "every session for this `CAPABILITY`")
	f.BoolVar(&o.all, "all", false, "every session of every agent")
}

// read returns the id, or "" and the scope.
func (o *scopeFlags) read(args []string) (id string, scope revocations.Scope, err error) {
	for name, value := range map[string]string{"agent": o.agent, "capability": o.capability} {
		if o.flags.Changed(name) && value == "" {
			return "", scope, hint.Errorf(hint.Usage, "to choose every session, use --all",
				"--%s is empty", name)
		}
	}
	scope = revocations.Scope{Agent: o.agent, Capability: o.capability}
	some := scope != revocations.Scope{}
	switch {
	case len(args) > 0 && (some || o.all), some && o.all:
		return "", scope, hint.Errorf(hint.Usage,
			"give an id, or --all, or --agent, --capability or both",
			"an id, --agent or --capability, and --all cannot be combined")
	case len(args) > 0 && args[0] != "":
		return args[0], scope, nil
	case !some && !o.all:
		return "", scope,
			hint.Errorf(hint.Usage,
				"give the first digits of an id that `janee sessions` shows, or --agent, "+
					"--capability or --all", "no session is named")
	}
	return "", scope, nil
}

type revokeOptions struct {
	scope  scopeFlags
	length string
	asJSON bool
}

// revoked is the answer of revoke --json: what is closed, and until when.
type revoked struct {
	OK         bool      `json:"ok"`
	Session    string    `json:"session,omitempty"` // where one was named
	AgentID    string    `json:"agentId,omitempty"` // absent: every agent
	Capability string    `json:"capability,omitempty"`
	Until      time.Time `json:"until"`
	Ended      int       `json:"ended"` // how many open sessions
}

func revokeCommand(env *Env) *cobra.Command {
	var o revokeOptions
	c := &cobra.Command{
		Use:   "revoke [ID]",
		Short: "End sessions at once, and keep them closed for a while",
		Long: `End one session, or every session of an agent or capability, in every process. Janee
refuses the next call with SESSION_REVOKED and cuts calls in flight. The sessions stay closed until
their ttl would have run out, or for the time that --for gives; after that a new call opens a new
session. A restart changes nothing.

To keep an agent out for good, change the rules or remove the capability.`,
		Example: `  janee revoke 3f9a02c1
  janee revoke --agent claude-ai
  janee revoke --capability stripe --for 2d
  janee revoke --all --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runRevoke(env, args, o) },
	}
	o.scope.register(c.Flags())
	c.Flags().StringVar(&o.length, "for", "",
		"keep them closed for this `DURATION`, such as 30m or 2d")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// longestFor is more than anybody needs: rules keep an agent out for good.
const longestFor = 366 * 24 * time.Hour

func runRevoke(env *Env, args []string, o revokeOptions) error {
	id, scope, err := o.scope.read(args)
	if err != nil {
		return err
	}
	var length time.Duration
	if o.length != "" {
		var ok bool
		if length, ok = config.ParseDuration(o.length, longestFor); !ok {
			return hint.Errorf(hint.Usage,
				"write a number with s, m, h or d, such as 30m, at most 366d",
				"--for: %q is not a duration", o.length)
		}
	}
	s, err := open(env)
	if err != nil {
		fmt.Fprintln(env.Stderr,
			"janee: `janee lock` refuses every call at once, even if revoking fails")
		return err
	}
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	now := time.Now()
	overview, err := revocations.Read(s.Home, s.Config, s.Vault, now)
	if err != nil {
		return err
	}
	if id != "" {
		err := revokeOne(env, s, desk, overview, id, now, length, o.asJSON)
		if s.Config.Capabilities[id] != nil {
			err = hint.New(hint.ExitCode(err),
				"`janee revoke --capability "+id+"` ends its sessions", err)
		}
		return err
	}
	return revokeMany(env, s, desk, overview, scope, now, length, o.asJSON)
}

func newDesk(s *opened.Home) (*revocations.Desk, error) {
	if s.Vault == nil {
		return nil, errNoKey("opening the sessions")
	}
	log, err := auditlog.Open(s.Home, s.Vault,
		auditlog.Options{Writer: auditlog.CLI, Version: version()})
	if err != nil {
		return nil, err
	}
	record := func(r audit.Record) error { return log.Append([]audit.Record{r}, true) }
	return &revocations.Desk{State: s.Home, Vault: s.Vault, Record: record, Now: time.Now}, nil
}

func revokeOne(
	env *Env, s *opened.Home, desk *revocations.Desk, overview *revocations.Overview, id string,
	now time.Time, length time.Duration, asJSON bool,
) error {
	x, err := overview.Find(id, func(x revocations.Session) bool {
		return x.Status == revocations.Active
	})
	if err != nil {
		return err
	}
	who := fmt.Sprintf("%s on %s", x.Agent, x.Capability)
	until := time.UnixMilli(x.Ends)
	if length > 0 {
		until = now.Add(length)
	}
	digits := overview.Digits()
	if !until.After(now) {
		return hint.Errorf(hint.Failed, "to keep the agent out anyway, add --for 1h",
			"revoking session %s (%s): it ended at %s", short(x.ID, digits), who,
			clock(now, x.Ends))
	}
	open := x.Status == revocations.Active
	if until, err = desk.Revoke(x, until); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout,
			revoked{true, x.ID, x.Agent, x.Capability, until.UTC(), map[bool]int{true: 1}[open]})
	}
	fmt.Fprintf(env.Stderr, "Revoked session %s: %s over %s.\n", short(x.ID, digits),
		printable(who), x.Via)
	next := "opens a new session"
	if p := s.Config.Capabilities[x.Capability]; p != nil && !p.AutoApprove {
		next = "asks a person again"
	}
	fmt.Fprintf(env.Stderr, revokedUntil, when(now, until.UnixMilli()),
		printable("every call of "+who), next, "janee reopen "+short(x.ID, digits))
	return nil
}

const revokedUntil = "Until %s Janee refuses %s; after that a new call %s.\n" +
	"`%s` ends this earlier. To keep agents out for good, " +
	"change the rules or remove the capability.\n"

func revokeMany(
	env *Env, s *opened.Home, desk *revocations.Desk, overview *revocations.Overview,
	scope revocations.Scope, now time.Time, length time.Duration, asJSON bool,
) error {
	closing := overview.OpenIn(scope)
	if s.Config.Capabilities[scope.Capability] == nil && scope.Capability != "" &&
		!overview.Knows(revocations.Scope{Capability: scope.Capability}) {
		return unknownName("capability", scope.Capability, s.Config.CapabilityNames)
	}
	if scope.Agent != "" && !overview.Knows(revocations.Scope{Agent: scope.Agent}) {
		fmt.Fprintf(env.Stderr,
			"janee: warning: no agent %q has a session yet; `janee sessions --all` shows the "+
				"names of agents\n", scope.Agent)
	}
	until := now.Add(length)
	if length == 0 {
		until = now.Add(longestTTL(s.Config, scope))
		for _, x := range closing {
			until = time.UnixMilli(max(until.UnixMilli(), x.Ends))
		}
	}
	until, err := desk.Close(scope, until)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout,
			revoked{true, "", scope.Agent, scope.Capability, until.UTC(), len(closing)})
	}
	open := "no session was open"
	if n := len(closing); n > 0 {
		open = fmt.Sprintf("%d open session%s ended", n, map[bool]string{true: "s"}[n > 1])
	}
	fmt.Fprintf(env.Stderr, "Closed: %s.\n", open)
	fmt.Fprintf(env.Stderr, revokedUntil, when(now, until.UnixMilli()), callsOf(scope),
		"opens a new session", reopenLine(scope))
	return nil
}

// longestTTL is the longest ttl of the sessions that the scope may open. A capability that is gone
// opens none; the default takes its place, so that the order does not end before anybody looks.
func longestTTL(c *config.Config, scope revocations.Scope) time.Duration {
	longest := time.Duration(0)
	for name, p := range c.Capabilities {
		if scope.Capability == "" || scope.Capability == name {
			longest = max(longest, p.TTL)
		}
	}
	if longest == 0 {
		return config.DefaultTTL
	}
	return longest
}

func callsOf(s revocations.Scope) string {
	return printable("every call" + scopeText(s, " of ", " on "))
}

// reopenLine is the command that lifts an order.
func reopenLine(s revocations.Scope) string {
	text := "janee reopen" + scopeText(s, " --agent ", " --capability ")
	if s == (revocations.Scope{}) {
		text += " --all"
	}
	return printable(text)
}

// scopeText names agent and capability, each after its own words, where the scope names them.
func scopeText(s revocations.Scope, ofAgent, onCapability string) (text string) {
	if s.Agent != "" {
		text += ofAgent + s.Agent
	}
	if s.Capability != "" {
		text += onCapability + s.Capability
	}
	return text
}
