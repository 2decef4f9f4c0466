package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/answers"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/core/approval"
)

func approvalsCommand(env *Env) *cobra.Command {
	var watch, asJSON bool
	c := &cobra.Command{
		Use:   "approvals",
		Short: "List the requests that wait for your approval",
		Long: `List the requests of agents that wait for a person because their capability has
autoApprove: false. Each approval is for one exact request: capability, method, address, headers and
body. Text in quotes is the agent's own; everything else is what Janee would send to the API. A
request waits for ten minutes.

With --watch the command keeps running. It rings the terminal bell for each new request and reads
your answer: y approves this one request, s approves a session, n denies the request. An agent
cannot answer over its own connection. If approvals.elicitation lets the agent's client ask you as
well, you must type the code that is shown here into the form there.`,
		Example: "  janee approvals\n  janee approvals --watch\n  janee approvals --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case watch && asJSON:
				return hint.Errorf(hint.Usage, "`janee approvals --json` prints what waits now",
					"--watch and --json cannot be combined")
			case watch:
				return watchApprovals(cmd.Context(), env)
			}
			return runApprovals(env, asJSON)
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "wait for requests, and approve or deny them here")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(pinCommand(env))
	return c
}

func runApprovals(env *Env, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	now := time.Now()
	items, err := answers.Read(s.Home, s.Vault, now)
	if err != nil {
		return err
	}
	items = answers.Open(items)
	if asJSON {
		out := struct {
			Approvals []answers.View `json:"approvals"`
		}{[]answers.View{}}
		for _, i := range items {
			out.Approvals = append(out.Approvals, answers.ViewOf(i.Question))
		}
		return writeJSON(env.Stdout, out)
	}
	return printApprovals(env, items, now)
}

// printApprovals prints three lines for each request: who, what and why; and one for the code,
// where there is one.
func printApprovals(env *Env, items []answers.Item, now time.Time) error {
	if len(items) == 0 {
		fmt.Fprintln(env.Stderr, "No request waits for your approval.")
		return nil
	}
	var rows strings.Builder
	t := newTable(&rows, "ID", "AGE", "LEFT", "AGENT", "VIA", "CAPABILITY")
	for _, i := range items {
		t.row(i.Short(), age(i.Question, now), span(time.UnixMilli(i.Expires).Sub(now)), i.Agent,
			i.Via, i.Capability)
	}
	if err := t.flush(); err != nil {
		return err
	}
	indent := strings.Repeat(" ", approval.ShortID+tableGap)
	for n, line := range strings.Split(strings.TrimSuffix(rows.String(), "\n"), "\n") {
		fmt.Fprintln(env.Stdout, line)
		if n > 0 {
			q := items[n-1].Question
			fmt.Fprintln(env.Stdout, cut(indent+request(q), tableWidth))
			fmt.Fprintln(env.Stdout, cut(indent+body(q, 8)+reason(q, ", "), tableWidth))
			if q.Code != "" {
				fmt.Fprintln(env.Stdout, indent+"code "+formCode(q))
			}
		}
	}
	fmt.Fprintln(env.Stderr,
		"`janee approve ID` shows a request in full and approves it once; "+
			"`janee deny ID` denies it.")
	return nil
}

func age(q approval.Question, now time.Time) string {
	return span(now.Sub(time.UnixMilli(q.Asked)))
}

func request(q approval.Question) string { return plain.Line(q.Method + " " + q.Host + q.Path) }

func body(q approval.Question, digits int) string {
	if q.BodyBytes == 0 {
		return "no body"
	}
	return fmt.Sprintf("body of %d bytes, SHA-256 %s", q.BodyBytes,
		q.BodySHA256[:min(digits, len(q.BodySHA256))])
}

// reason is in quotes: it is the one text of the agent's own.
func reason(q approval.Question, before string) string {
	if q.Reason == "" {
		return ""
	}
	return before + "“" + plain.Line(q.Reason) + "”"
}

// printQuestion shows a question in full.
func printQuestion(w io.Writer, q approval.Question, now time.Time) {
	fmt.Fprintf(w, "Request %s, asked %s ago, waits for %s more\n", q.Short(),
		age(q, now), span(time.UnixMilli(q.Expires).Sub(now)))
	fmt.Fprintf(w, "  agent       %s, over %s\n", plain.Line(q.Agent), q.Via)
	fmt.Fprintf(w, "  capability  %s, service %s\n", plain.Line(q.Capability),
		plain.Line(q.Service))
	fmt.Fprintf(w, "  request     %s\n", request(q))
	fmt.Fprintf(w, "  body        %s\n", body(q, 64))
	fmt.Fprintf(w, "  reason      %s\n", reasonOr(q))
	if q.Code != "" {
		fmt.Fprintf(w, "  code        %s\n", formCode(q))
	}
}

func formCode(q approval.Question) string {
	return q.Code + " (for the form in the agent's client)"
}

func reasonOr(q approval.Question) string {
	if text := reason(q, ""); text != "" {
		return text + " (in the agent's words)"
	}
	return "none given"
}

func openApprovalDesk(env *Env) (*opened.Home, *answers.Desk, error) {
	s, err := open(env)
	if err != nil {
		return nil, nil, err
	}
	d, err := newDesk(s)
	if err != nil {
		return nil, nil, err
	}
	return s, &answers.Desk{State: d.State, Vault: d.Vault, Record: d.Record, Now: d.Now}, nil
}

// pollInterval is how often --watch looks for new requests.
const pollInterval = 300 * time.Millisecond

func watchApprovals(ctx context.Context, env *Env) error {
	s, desk, err := openApprovalDesk(env)
	if err != nil {
		return err
	}
	tty, err := env.Terminal()
	if err != nil {
		return hint.Errorf(hint.Usage,
			"run the command in a terminal, or use `janee approvals` and `janee approve`",
			"--watch: %w", err)
	}
	defer tty.Close()
	tty.Print("Waiting for requests; press Ctrl-C to stop.\n")
	w := &watcher{env: env, opened: s, desk: desk, tty: tty, seen: map[string]bool{}}
	for {
		if err := w.look(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollInterval):
		}
	}
}
