package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// healthTime is how long the server may take to answer. Container engines wait longer.
const healthTime = 4 * time.Second

func healthCommand(env *Env) *cobra.Command {
	var where string
	var asJSON bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Check whether an HTTP server of Janee answers",
		Long: `Check whether a server that "janee serve --transport http" has started answers, for
the health checks of containers. The command needs neither a home nor a token, and learns nothing
else.`,
		Example: "  janee health\n  janee health --url http://janee:9100",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHealth(cmd.Context(), env, where, asJSON)
		},
	}
	c.Flags().StringVar(&where, "url", "",
		"`URL` of the server (default: JANEE_HTTP_URL, http://127.0.0.1:9100)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runHealth(ctx context.Context, env *Env, where string, asJSON bool) error {
	for _, other := range []string{
		env.Getenv("JANEE_HTTP_URL"),
		"http://" + net.JoinHostPort(defaultHost, strconv.Itoa(defaultPort)),
	} {
		if where == "" {
			where = other
		}
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return hint.Errorf(hint.Usage, "write it like http://janee:9100",
			"--url: %q is not the URL of a server", where)
	}
	if err := askHealth(ctx,
		&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/healthz"}); err != nil {
		return hint.New(hint.Failed, "check that `janee serve --transport http` runs there",
			fmt.Errorf("asking %s://%s: %w", u.Scheme, u.Host, err))
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK bool `json:"ok"`
		}{true})
	}
	_, err = fmt.Fprintln(env.Stdout, "ok")
	return err
}

func askHealth(ctx context.Context, u *url.URL) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	// no proxy: the question is whether this server answers
	direct := &http.Transport{DisableKeepAlives: true}
	res, err := direct.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return nil
}
