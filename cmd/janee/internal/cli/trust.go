package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

func trustCommand(env *Env) *cobra.Command {
	var origin string
	var asJSON bool
	c := &cobra.Command{
		Use:   "trust SERVICE",
		Short: "Agree to where a stored credential now goes",
		Long: `A credential is sealed for one service, auth type and destination. Where config.yaml was changed since, calls
are refused with CREDENTIAL_REBOUND, because whoever can edit the file could have the key sent to themselves.
This shows what each value was sealed for and what the service says now, asks, and seals it for the new place.
The audit log says so first.`,
		Example: `  janee trust stripe
  janee trust stripe --yes https://api.stripe.com`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTrust(env, args[0], trustAnswer{origin: origin, given: cmd.Flags().Changed("yes"), quiet: asJSON})
		},
	}
	c.Flags().StringVar(&origin, "yes", "", "do not ask: `ORIGIN` is where the credential may go, as in https://api.stripe.com")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON and never ask")
	return c
}

// trustAnswer is how the person says yes: on the terminal, or by naming the new origin.
type trustAnswer struct {
	origin       string
	given, quiet bool
}

func runTrust(env *Env, name string, a trustAnswer) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	service := s.Config.Services[name]
	if service == nil {
		return unknownName("service", name, s.Config.ServiceNames)
	}
	rebound, err := reboundFields(s, service)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("Nothing to trust: the credential of %s is sealed for %s", name, service.Binding("").Origin)
	if len(rebound) > 0 {
		if agreed, err := a.ask(env, service, rebound); err != nil || !agreed {
			return err
		}
		if err := reseal(env, s, name, rebound); err != nil {
			return err
		}
		message = fmt.Sprintf("The credential of %s is now sealed for %s", name, service.Binding("").Origin)
	}
	if a.quiet {
		return writeJSON(env.Stdout, trustReport(name, rebound, message))
	}
	fmt.Fprintln(env.Stderr, message)
	return nil
}

// reboundFields returns the values to seal anew. One that does not open, or was sealed for another field, is refused: no change of a
// service moves a password to where a user name is sent.
func reboundFields(s *store.Store, service *config.Service) (rebound []sealed.Field, err error) {
	if s.Vault == nil {
		return nil, nil // a home without a vault has nothing sealed
	}
	for _, f := range sealed.Fields(s.Vault, service) {
		doing := fmt.Sprintf("trusting %s of service %q", f.Path, service.Name)
		switch {
		case f.Err != nil:
			return nil, hint.New(hint.Failed, "type the credential again in its place; it is sealed there", fmt.Errorf("%s: %w", doing, f.Err))
		case f.Moved():
			return nil, hint.Errorf(hint.Failed, "type the credential again in its place; it is sealed there",
				"%s: it was sealed as %q, and a value is never moved to another field", doing, f.Got.Field)
		case f.Rebound():
			rebound = append(rebound, f)
		}
	}
	return rebound, nil
}

// ask has the person agree. Where nobody can be asked the new origin must be named, letter by letter: a bare yes in a script would
// agree to whatever stands in the file by then.
func (a trustAnswer) ask(env *Env, service *config.Service, rebound []sealed.Field) (bool, error) {
	doing, origin := fmt.Sprintf("trusting service %q", service.Name), service.Binding("").Origin
	switch {
	case a.given && a.origin != origin:
		return false, hint.Errorf(hint.Failed, "if the credential may go there: --yes "+origin, "%s: it points to %s, not to %q", doing, origin, a.origin)
	case a.given:
		return true, nil
	}
	ask := &asker{env: env, quiet: a.quiet}
	defer ask.close()
	t, err := ask.terminal("--yes")
	if err != nil {
		return false, hint.Errorf(hint.Usage, "run it in a terminal; or, if the credential may go there: --yes "+origin, "%s: nobody has agreed to %s", doing, origin)
	}
	for _, f := range rebound {
		t.Print("%s\n  was sealed for  %s\n  stands now at   %s\n", printable(f.Path), bindingText(f.Got), bindingText(f.Want))
	}
	agreed, err := t.Confirm("Send this credential to " + origin + "?")
	if err == nil && !agreed {
		fmt.Fprintln(env.Stderr, "Nothing was changed.")
	}
	return agreed, err
}

func bindingText(b vault.Binding) string {
	return printable(fmt.Sprintf("%s, service %s, auth type %s, field %s", b.Origin, b.Service, b.Type, b.Field))
}

// reseal records the decision and then carries it out, unless the file says something else by now than what was agreed to.
func reseal(env *Env, s *store.Store, service string, agreed []sealed.Field) error {
	var records []audit.Record
	for _, f := range agreed {
		records = append(records, audit.Record{TS: time.Now().UnixMilli(), Event: "key.trust", Via: "cli", Service: service,
			Detail: map[string]string{"field": f.Path, "from": bindingText(f.Got), "to": bindingText(f.Want)}})
	}
	if err := recordAll(s, records); err != nil {
		return err
	}
	return edit(env, s, "trusting service "+service, func(text []byte) ([]byte, error) {
		now := s.Config.Services[service]
		if now == nil {
			return nil, changedMeanwhile("trusting service " + service)
		}
		fields, err := reboundFields(s, now)
		if err != nil || !slices.EqualFunc(fields, agreed, func(a, b sealed.Field) bool { return a.Sealed == b.Sealed && a.Want == b.Want }) {
			return nil, errors.Join(err, changedMeanwhile("trusting service "+service))
		}
		values := map[string]string{}
		for _, f := range fields {
			if values[f.Path], err = s.Seal(f.Want, f.Plain); err != nil {
				return nil, err
			}
		}
		return config.Reseal(text, service, values)
	})
}

// recordAll puts records on the disk, in the chain that commands share.
func recordAll(s *store.Store, records []audit.Record) error {
	log, err := auditlog.Open(s.Home, s.Vault, auditlog.Options{Writer: auditlog.CLI, Version: version()})
	if err != nil {
		return err
	}
	return errors.Join(log.Append(records, true), log.Close())
}

type trustedField struct {
	Field string  `json:"field"`
	Old   binding `json:"old"`
	New   binding `json:"new"`
}

type binding struct {
	Service string `json:"service"`
	Field   string `json:"field"`
	Type    string `json:"type"`
	Origin  string `json:"origin"`
}

func trustReport(service string, rebound []sealed.Field, message string) any {
	fields := []trustedField{}
	for _, f := range rebound {
		fields = append(fields, trustedField{f.Path, binding(f.Got), binding(f.Want)})
	}
	return struct {
		OK      bool           `json:"ok"`
		Service string         `json:"service"`
		Fields  []trustedField `json:"fields"`
		Message string         `json:"message"`
	}{true, service, fields, message}
}
