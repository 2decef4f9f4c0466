package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

func trustCommand(env *Env) *cobra.Command {
	var a trustAnswer
	c := &cobra.Command{
		Use:   "trust SERVICE",
		Short: "Agree to where a stored credential is now sent",
		Long: `Agree to a new destination of a stored credential. A credential is bound to one
service, one auth type and one destination: the origins it is sent to, the proxy on the way, and the
certificate authorities that vouch for the API. After config.yaml or the caFile has changed, Janee
refuses calls with CREDENTIAL_REBOUND, because anyone who can edit a file could otherwise have the
key sent to themselves.

The command shows each part as you agreed to it and as it is now, asks, and binds the credential to
the new destination, all of it or nothing. It records this in the audit log first.

Without a terminal, name every part of the new destination: --yes and, if it has them, --proxy and
--ca-sha256.`,
		Example: `  janee trust stripe
  janee trust stripe --yes https://api.stripe.com
  janee trust intranet --yes https://api.corp.example --proxy http://proxy.corp.example:3128`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.given = cmd.Flags().Changed("yes")
			return runTrust(env, args[0], a)
		},
	}
	f := c.Flags()
	f.StringVar(&a.origin, "yes", "",
		"do not ask, and let the credential go to this `ORIGIN`, such as https://api.stripe.com")
	f.StringVar(&a.proxy, "proxy", "", "with --yes: `URL` of the proxy that it may go through")
	f.StringVar(&a.ca, "ca-sha256", "", "with --yes: `DIGEST` of the caFile, in hex")
	f.BoolVar(&a.quiet, "json", false, "print JSON and never ask")
	return c
}

// trustAnswer is how the person agrees: on the terminal, or by naming every part of the new
// destination.
type trustAnswer struct {
	origin, proxy, ca string
	given, quiet      bool
}

// trustChange is what the person is asked to agree to.
type trustChange struct {
	rebound []sealed.Field    // values to seal again
	was, is vault.Destination // was: what was agreed to last, as far as anything tells
	why     string            // what the owner has not agreed to; "" = the bound line is good
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
	change, err := changeOf(s, service)
	if err != nil {
		return err
	}
	message := "Nothing to trust: the credential of " + name + " is bound to " +
		routeText(change.is)
	if !change.empty() {
		if agreed, err := a.ask(env, service, change); err != nil || !agreed {
			return err
		}
		if err := trust(env, s, name, change); err != nil {
			return err
		}
		message = "The credential of " + name + " is now sealed for " + routeText(change.is)
	}
	if a.quiet {
		return writeJSON(env.Stdout, trustReport(name, change, message))
	}
	fmt.Fprintln(env.Stderr, message)
	return nil
}

// changeOf finds what the owner of a service is to agree to.
func changeOf(s *opened.Home, service *config.Service) (c trustChange, err error) {
	if c.rebound, err = reboundFields(s, service); err != nil {
		return c, err
	}
	if c.is, err = s.Destination(service); err != nil {
		return c, fmt.Errorf("trusting service %q: %w", service.Name, err)
	}
	c.was = vault.Destination{Service: c.is.Service, Type: c.is.Type, Origin: c.is.Origin}
	if len(c.rebound) > 0 {
		got := c.rebound[0].Got
		c.was = vault.Destination{Service: got.Service, Type: got.Type, Origin: got.Origin}
	}
	err = s.Agreed(service)
	unagreed, ok := errors.AsType[*config.UnagreedError](err)
	switch {
	case ok && unagreed.Was != vault.Destination{}:
		c.was, c.why = unagreed.Was, unagreed.Why
	case ok:
		c.why = unagreed.Why
	case err != nil:
		return c, fmt.Errorf("trusting service %q: %w", service.Name, err)
	case len(c.rebound) == 0:
		c.was = c.is
	}
	return c, nil
}

func (c trustChange) empty() bool { return len(c.rebound) == 0 && c.why == "" }

// equal reports whether another look has found the same change.
func (c trustChange) equal(d trustChange) bool {
	same := func(a, b sealed.Field) bool { return a.Sealed == b.Sealed && a.Want == b.Want }
	return c.was == d.was && c.is == d.is && c.why == d.why &&
		slices.EqualFunc(c.rebound, d.rebound, same)
}

// part is one part of a destination, as it was agreed to and as it is.
type part struct{ name, was, is string }

// routeParts are the parts that a sealed value does not carry.
func (c trustChange) routeParts() []part {
	return []part{
		{"proxy", c.was.Proxy, c.is.Proxy}, {"caFile", digestText(c.was.CA), digestText(c.is.CA)},
	}
}

func digestText(digest string) string {
	if digest == "" {
		return ""
	}
	return "SHA-256 " + digest
}

// reboundFields returns the values to seal again. One that does not open, or was sealed for another
// field, is refused: no change of a service moves a password to where a user name is sent.
func reboundFields(s *opened.Home, service *config.Service) (rebound []sealed.Field, err error) {
	if s.Vault == nil {
		return nil, nil // a home without a vault has nothing sealed
	}
	for _, f := range sealed.Fields(s.Vault, service) {
		doing := fmt.Sprintf("trusting %s of service %q", f.Path, service.Name)
		switch {
		case f.Err != nil:
			return nil, hint.New(hint.Failed,
				"type the credential in its place again; Janee seals it there",
				fmt.Errorf("%s: %w", doing, f.Err))
		case f.Moved():
			return nil, hint.Errorf(hint.Failed,
				"type the credential in its place again; Janee seals it there",
				"%s: it was sealed as %q, and no value moves to another field",
				doing, f.Got.Field)
		case f.Rebound():
			rebound = append(rebound, f)
		}
	}
	return rebound, nil
}

// ask has the person agree. Without a terminal every part of the destination must be named exactly:
// a bare yes in a script would agree to whatever the file says at that time.
func (a trustAnswer) ask(env *Env, service *config.Service, c trustChange) (bool, error) {
	doing, command := fmt.Sprintf("trusting service %q", service.Name), yesCommand(c.is)
	if a.given {
		return true, a.check(doing, command, c.is)
	}
	ask := &asker{env: env, quiet: a.quiet}
	defer ask.close()
	t, err := ask.terminal("--yes")
	if err != nil {
		return false, hint.Errorf(hint.Usage,
			"run the command in a terminal; or, if the credential may go there, run `"+command+"`",
			"%s: you have not agreed to %s", doing, routeText(c.is))
	}
	for _, f := range c.rebound {
		t.Print("%s\n  was sealed for  %s\n  is now in       %s\n", printable(f.Path),
			bindingText(f.Got), bindingText(f.Want))
	}
	for _, p := range c.routeParts() {
		if p.was != "" || p.is != "" {
			t.Print("%s\n  you agreed to   %s\n  it is now       %s\n", p.name,
				orNone(p.was), orNone(p.is))
		}
	}
	if service.CAFile != "" {
		t.Print("  in the file     %s\n", printable(service.CAFile))
	}
	if c.why != "" {
		t.Print("reason: %s\n", printable(c.why))
	}
	agreed, err := t.Confirm("Send this credential to " + routeText(c.is) + "?")
	if err == nil && !agreed {
		fmt.Fprintln(env.Stderr, "Nothing was changed.")
	}
	return agreed, err
}

// check compares the parts that were named with the parts of the destination.
func (a trustAnswer) check(doing, command string, is vault.Destination) error {
	next := "if the credential may go there, run `" + command + "`"
	switch {
	case a.origin != is.Origin:
		return hint.Errorf(hint.Failed, next, "%s: it is sent to %s, not to %q", doing,
			is.Origin, a.origin)
	case a.proxy != is.Proxy:
		return hint.Errorf(hint.Failed, next, "%s: its proxy is %s, not %q", doing,
			orNone(is.Proxy), a.proxy)
	case a.ca != is.CA:
		return hint.Errorf(hint.Failed, next, "%s: the SHA-256 of its caFile is %s, not %q", doing,
			orNone(is.CA), a.ca)
	}
	return nil
}

// yesCommand agrees to a destination, as it is pasted into a shell.
func yesCommand(d vault.Destination) string {
	flags := "janee trust " + home.Quote(d.Service) + " --yes " + home.Quote(d.Origin)
	if d.Proxy != "" {
		flags += " --proxy " + home.Quote(d.Proxy)
	}
	if d.CA != "" {
		flags += " --ca-sha256 " + d.CA
	}
	return flags
}

func routeText(d vault.Destination) string {
	text := d.Origin
	if d.Proxy != "" {
		text += " through the proxy " + d.Proxy
	}
	if d.CA != "" {
		text += ", trusting the authorities in its caFile"
	}
	return printable(text)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return printable(text)
}

func bindingText(b vault.Binding) string {
	return printable(fmt.Sprintf("%s, service %s, auth type %s, field %s", b.Origin,
		b.Service, b.Type, b.Field))
}

// trust records the decision and then carries it out, unless the files have changed since the
// person agreed.
func trust(env *Env, s *opened.Home, service string, agreed trustChange) error {
	if err := recordAll(s, agreed.records(service)); err != nil {
		return err
	}
	return edit(env, s, fmt.Sprintf("trusting service %q", service),
		func(text []byte) ([]byte, error) {
			now := s.Config.Services[service]
			if now == nil {
				return nil, changedMeanwhile(fmt.Sprintf("trusting service %q", service))
			}
			change, err := changeOf(s, now)
			if err != nil || !change.equal(agreed) {
				return nil, errors.Join(err,
					changedMeanwhile(fmt.Sprintf("trusting service %q", service)))
			}
			values := map[string]string{}
			for _, f := range change.rebound {
				if values[f.Path], err = s.Seal(f.Want, f.Plain); err != nil {
					return nil, err
				}
			}
			if text, err = config.Reseal(text, service, values); err != nil {
				return nil, err
			}
			return s.Bind(text, service, agreed.is.CA)
		})
}

// records are those of an agreement, one for each value and each part.
func (c trustChange) records(service string) (records []audit.Record) {
	add := func(detail map[string]string) {
		records = append(records, audit.Record{
			TS:      time.Now().UnixMilli(),
			Event:   "key.trust",
			Via:     "cli",
			Service: service,
			Detail:  detail,
		})
	}
	for _, f := range c.rebound {
		add(map[string]string{"field": f.Path, "from": bindingText(f.Got),
			"to": bindingText(f.Want)})
	}
	for _, p := range c.routeParts() {
		if p.was != p.is {
			add(map[string]string{"part": p.name, "from": orNone(p.was), "to": orNone(p.is)})
		}
	}
	if len(records) == 0 {
		add(map[string]string{"to": routeText(c.is), "reason": c.why})
	}
	return records
}

// recordAct records what the person is about to do.
func recordAct(s *opened.Home, event string, detail map[string]string) error {
	return recordAll(s, []audit.Record{{TS: time.Now().UnixMilli(), Event: event,
		Via: core.ViaCLI, Detail: detail}})
}

// recordAll writes records to the disk, in the chain that commands share.
func recordAll(s *opened.Home, records []audit.Record) error {
	log, err := auditlog.Open(s.Home, s.Vault,
		auditlog.Options{Writer: auditlog.CLI, Version: version()})
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

type trustedRoute struct {
	Old vault.Destination `json:"old"`
	New vault.Destination `json:"new"`
}

func trustReport(service string, c trustChange, message string) any {
	fields := []trustedField{}
	for _, f := range c.rebound {
		fields = append(fields, trustedField{f.Path, binding(f.Got), binding(f.Want)})
	}
	return struct {
		OK          bool           `json:"ok"`
		Service     string         `json:"service"`
		Fields      []trustedField `json:"fields"`
		Destination trustedRoute   `json:"destination"`
		Message     string         `json:"message"`
	}{true, service, fields, trustedRoute{c.was, c.is}, message}
}
