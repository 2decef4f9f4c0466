package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
)

// atOnce bounds how many services are tried at a time.
const atOnce = 8

func testCommand(env *Env) *cobra.Command {
	var timeout int64
	var asJSON bool
	c := &cobra.Command{
		Use:   "test [SERVICE]",
		Short: "Test whether stored credentials work",
		Long: `Send one authenticated GET request to the testPath of a service, or of every
service, and report the result. Nothing else is sent, and redirects are not followed. The requests
are recorded in the audit log. The exit code is 1 if any service fails; with --json it is 0 if the
test could be made.`,
		Example: `  janee test
  janee test stripe
  janee test stripe --timeout 2000 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTest(cmd.Context(), env, strings.Join(args, ""), timeout, asJSON)
		},
	}
	c.Flags().Int64Var(&timeout, "timeout", 10_000, "wait `N` milliseconds for each service")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// testReport adds to the report of a trial how the credential goes to the service.
type testReport struct {
	core.TrialReport
	Proxy  string `json:"proxy,omitempty"`
	CAFile string `json:"caFile,omitempty"`
	route  string
}

func runTest(ctx context.Context, env *Env, service string, timeout int64, asJSON bool) error {
	if timeout < 1 || timeout > tool.MaxTestTimeoutMs {
		return hint.Errorf(hint.Usage, "",
			"--timeout: %d is not between 1 and %d milliseconds", timeout,
			tool.MaxTestTimeoutMs)
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	names := s.Config.ServiceNames
	if service != "" {
		if s.Config.Services[service] == nil {
			return unknownName("service", service, names)
		}
		names = []string{service}
	}
	reports, err := testServices(ctx, env, s, names, timeout)
	switch {
	case err != nil:
		return err
	case asJSON && service != "":
		return writeJSON(env.Stdout, reports[0])
	case asJSON:
		return writeJSON(env.Stdout, reports)
	case len(names) == 0:
		fmt.Fprintln(env.Stderr, "No services yet. Run `janee add` to store your first API key.")
		return nil
	}
	return printTests(env.Stdout, reports, newStyle(env.Stdout, env.Getenv))
}

func testServices(
	ctx context.Context, env *Env, s *opened.Home, names []string, timeout int64,
) ([]testReport, error) {
	h, err := openOwnCalls(env, s)
	if err != nil {
		return nil, err
	}
	defer h.close()
	reports, err := h.test(ctx, names, timeout)
	for i := range reports {
		service := s.Config.Services[names[i]]
		reports[i].Proxy, reports[i].CAFile = service.Proxy, service.CAFile
		reports[i].route = service.Route()
	}
	return reports, err
}

// test tries services, atOnce at a time.
func (h *ownCalls) test(ctx context.Context, names []string, timeout int64) ([]testReport, error) {
	reports, faults := make([]testReport, len(names)), make([]error, len(names))
	free := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, name := range names {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			text, err := h.do(ctx, core.Call{Tool: core.TestService,
				Args: tool.Arguments{Service: name, TimeoutMs: timeout}})
			if err == nil {
				err = json.Unmarshal(text, &reports[i])
			}
			faults[i] = err
		})
	}
	all.Wait()
	for _, err := range faults {
		if err != nil {
			return nil, err // the same for all: a locked Janee, a log that cannot be written
		}
	}
	return reports, nil
}

// printTests returns an error for exit code 1 if any service failed.
func printTests(w io.Writer, reports []testReport, paint style) error {
	width := 0
	for _, r := range reports {
		width = max(width, len(r.Service))
	}
	failed := 0
	for _, r := range reports {
		word, status := paint.good("ok  "), "-"
		if !r.AuthOK {
			word = paint.bad("FAIL")
			failed++
		}
		if r.StatusCode != nil {
			status = fmt.Sprint(*r.StatusCode)
		}
		fmt.Fprintf(w, "%s  %-*s  %s  %d ms  %s\n", word, width, r.Service, status, r.LatencyMs,
			printable(r.TestURL))
		for _, line := range []struct{ name, text string }{
			{"it goes ", r.route}, {"", r.Error}, {"next step: ", r.NextStep},
			{"response: ", r.ResponseBody},
		} {
			if line.text != "" {
				fmt.Fprintf(w, "      %s%s\n", line.name, printable(line.text))
			}
		}
	}
	if failed > 0 {
		return hint.New(hint.Failed, "",
			errors.Join(fmt.Errorf("%d of %d services failed", failed, len(reports)), errSaid))
	}
	return nil
}
