package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/revocations"
)

func sessionsCommand(env *Env) *cobra.Command {
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "sessions",
		Short: "List the open sessions of all agents",
		Long: `List the open sessions: which agent may use which capability, since when and for how
long, how often it has done so, and when it last did. A session opens with the first permitted call
and ends when its ttl is over; using it does not extend it. "janee revoke ID" ends a session; the
first digits of the id are enough.`,
		Example: "  janee sessions\n  janee sessions --all\n  janee sessions --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runSessions(env, all, asJSON) },
	}
	c.Flags().BoolVar(&all, "all", false, "show expired and revoked sessions too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runSessions(env *Env, all, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	now := time.Now()
	overview, err := revocations.Read(s.Home, s.Config, s.Vault, now)
	if err != nil {
		return err
	}
	list := overview.Open()
	if all {
		list = overview.Sessions
	}
	if err := revocations.CountUses(s.Home, list); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, sessionsJSON(overview, list, now))
	}
	if err := printSessions(env, overview, list, now); err != nil {
		return err
	}
	sayOrders(env, overview, now)
	return nil
}

type sessionLine struct {
	ID         string             `json:"id"`
	AgentID    string             `json:"agentId"`
	Via        string             `json:"via"`
	Capability string             `json:"capability"`
	Service    string             `json:"service"`
	Reason     string             `json:"reason,omitempty"`
	Status     revocations.Status `json:"status"`
	CreatedAt  string             `json:"createdAt"`
	ExpiresAt  string             `json:"expiresAt"`
	TTLSeconds int64              `json:"ttlSeconds"` // what is left of it
	Uses       int                `json:"uses"`
	LastUsed   string             `json:"lastUsed,omitempty"`
	ClosedTill string             `json:"revokedUntil,omitempty"`
	ApprovalID string             `json:"approvalId,omitempty"`
}

type orderLine struct {
	AgentID    string `json:"agentId,omitempty"`
	Capability string `json:"capability,omitempty"`
	Until      string `json:"until"`
}

type sessionList struct {
	Sessions []sessionLine `json:"sessions"`
	Closed   []orderLine   `json:"closed"` // orders about an agent, a capability or all
	Locked   bool          `json:"locked"`
}

func sessionsJSON(
	overview *revocations.Overview, list []revocations.Session, now time.Time,
) sessionList {
	out := sessionList{Sessions: []sessionLine{}, Closed: []orderLine{}, Locked: overview.Locked}
	for _, s := range list {
		out.Sessions = append(out.Sessions, sessionLine{
			ID:         s.ID,
			AgentID:    s.Agent,
			Via:        s.Via,
			Capability: s.Capability,
			Service:    s.Service,
			Reason:     s.Reason,
			Status:     s.Status,
			CreatedAt:  utc(s.Opened),
			ExpiresAt:  utc(s.Ends),
			TTLSeconds: max(0, s.Ends-now.UnixMilli()) / 1000,
			Uses:       s.Uses,
			LastUsed:   utc(s.Last),
			ClosedTill: utc(s.Closed),
			ApprovalID: s.Approval,
		})
	}
	for _, o := range overview.Orders {
		out.Closed = append(out.Closed, orderLine{o.Agent, o.Capability, utc(o.Until)})
	}
	return out
}

func utc(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// printSessions prints two lines for each session: its reason needs a line of its own.
func printSessions(
	env *Env, overview *revocations.Overview, list []revocations.Session, now time.Time,
) error {
	if len(list) == 0 {
		fmt.Fprintln(env.Stderr,
			"No sessions are open. One opens when an agent makes its first permitted call.")
		return nil
	}
	var rows strings.Builder
	digits := overview.Digits()
	t := newTable(&rows, "ID", "AGENT", "VIA", "CAPABILITY", "USES", "LAST",
		"OPENED", "ENDS", "LEFT")
	for _, s := range list {
		last := "-"
		if s.Last != 0 {
			last = clock(now, s.Last)
		}
		t.row(short(s.ID, digits), s.Agent, s.Via, s.Capability, strconv.Itoa(s.Uses), last,
			clock(now, s.Opened), clock(now, s.Ends), left(s, now))
	}
	if err := t.flush(); err != nil {
		return err
	}
	for i, line := range strings.Split(strings.TrimSuffix(rows.String(), "\n"), "\n") {
		fmt.Fprintln(env.Stdout, line)
		if i > 0 {
			fmt.Fprintln(env.Stdout, aboutSession(list[i-1], digits, now))
		}
	}
	return nil
}

func aboutSession(s revocations.Session, digits int, now time.Time) string {
	text := "service " + s.Service
	if s.Closed != 0 {
		text += ", closed until " + clock(now, s.Closed)
	}
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return cut(strings.Repeat(" ", digits+tableGap)+printable(text), tableWidth)
}

func left(s revocations.Session, now time.Time) string {
	if s.Status != revocations.Active {
		return string(s.Status)
	}
	return span(time.UnixMilli(s.Ends).Sub(now))
}

// sayOrders prints what keeps agents out, and which files are damaged.
func sayOrders(env *Env, overview *revocations.Overview, now time.Time) {
	if n := overview.KeptOut(); n > 0 {
		fmt.Fprintf(env.Stderr,
			"Revoked and still closed: %d; `janee sessions --all` shows them.\n", n)
	}
	for _, o := range overview.Orders {
		scope := revocations.Scope{Agent: o.Agent, Capability: o.Capability}
		fmt.Fprintf(env.Stderr, "Until %s Janee refuses %s; `%s` ends this earlier.\n",
			when(now, o.Until), callsOf(scope), reopenLine(scope))
	}
	for _, name := range overview.Damaged {
		fmt.Fprintf(env.Stderr,
			"janee: %s cannot be read, so everything that it may close counts as closed; "+
				"`janee reopen --all` starts over\n", name)
	}
	if overview.Unreadable > 0 {
		fmt.Fprintf(env.Stderr,
			"janee: %d session files permit nothing, because they cannot be read, were changed, "+
				"or belong to another home\n", overview.Unreadable)
	}
	if overview.Locked {
		fmt.Fprintln(env.Stderr,
			"Janee is locked: it refuses every call until you run `janee unlock`.")
	}
}

func short(id string, digits int) string { return id[:min(digits, len(id))] }

// clock is a local time, with the day where it is not today.
func clock(now time.Time, ms int64) string {
	t, layout := time.UnixMilli(ms).Local(), "15:04"
	if t.Format(time.DateOnly) != now.Local().Format(time.DateOnly) {
		layout = "01-02 15:04"
	}
	return t.Format(layout)
}

// when writes a moment in the future for a sentence: "14:32 (in 43 min)".
func when(now time.Time, ms int64) string {
	t, layout := time.UnixMilli(ms).Local(), "15:04"
	switch d := t.Sub(now); {
	case t.Format(time.DateOnly) != now.Local().Format(time.DateOnly):
		layout = "2006-01-02 15:04"
	case d < 2*time.Minute:
		layout = time.TimeOnly
	}
	return fmt.Sprintf("%s (in %s)", t.Format(layout), span(t.Sub(now)))
}

// span is a length of time in its two largest units. It never says 0.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d > time.Hour {
		d = d.Round(time.Minute)
	}
	switch {
	case d <= time.Minute:
		return fmt.Sprintf("%d s", (d+time.Second-1)/time.Second)
	case d <= time.Hour:
		return fmt.Sprintf("%d min", (d+time.Minute-1)/time.Minute)
	case d < day:
		return twoUnits(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return twoUnits(int(d/day), "d", int(d%day/time.Hour), "h")
}

func twoUnits(n int, unit string, rest int, small string) string {
	if rest == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, rest, small)
}
