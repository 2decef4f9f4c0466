package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

type serviceEdit struct {
	secrets     secretFlags
	owner       ownerFlags
	headers     headerFlags
	flagSet     *pflag.FlagSet
	yes, asJSON bool
}

func serviceCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Edit services",
		Long: "Edit the services in config.yaml. " +
			"`janee add` and `janee remove` add and remove them.",
		Example: "  janee service edit stripe --key-from-env NEW_KEY",
	}
	c.AddCommand(serviceEditCommand(env))
	return c
}

func serviceEditCommand(env *Env) *cobra.Command {
	var o serviceEdit
	c := &cobra.Command{
		Use:   "edit SERVICE",
		Short: "Change a service or replace its credential",
		Long: `Change a service or replace its credential. Only what the flags name changes; auth
headers are merged. An empty --test-path, --ca-file, --description, --allow-headers, --deny-headers
or --query-operations removes the setting.

A credential is sealed for the place that it is sent to. If the new base URL leads to another place,
the command shows both, asks, and seals the credential again. It does not agree to a proxy or caFile
that somebody has written into config.yaml: "janee trust" does.`,
		Example: `  janee service edit stripe --key-from-env NEW_KEY
  pass stripe | janee service edit stripe -k -
  janee service edit stripe -u https://api.stripe.com/v2 --test-path /balance
  janee service edit minio --query-operations s3
  janee service edit stripe --owner deploy-bot --shared-with claude-code`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runServiceEdit(env, args[0], o)
		},
	}
	f := c.Flags()
	f.StringP("url", "u", "", "base `URL` of the API")
	f.String("test-path", "", "harmless `PATH` to try the credential with, such as /v1/balance")
	f.Var(new(pathFlag), "ca-file", "PEM `FILE` of the API's own certificate authority")
	f.String("description", "", "`TEXT`: what the service is for; agents read it")
	f.BoolVarP(&o.yes, "yes", "y", false, "send the credential to the new place without asking")
	f.BoolVar(&o.asJSON, "json", false, "print JSON and never ask")
	o.secrets.register(f)
	o.owner.register(f)
	o.headers.register(f)
	f.StringSlice("query-operations", nil,
		"query `KEY` that chooses the operation, or s3, azure, git or none; repeatable")
	o.flagSet = f
	return c
}

func runServiceEdit(env *Env, name string, o serviceEdit) error {
	if err := errors.Join(o.owner.check(), o.headers.check()); err != nil {
		return err
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	doing := fmt.Sprintf("editing service %q", name)
	service := s.Config.Services[name]
	if service == nil {
		return unknownName("service", name, s.Config.ServiceNames)
	}
	scheme, _ := sign.Lookup(service.Auth.Type)
	fresh := sign.Credential{}
	if err := o.secrets.fromFlags(env, scheme, fresh); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	warnShort(env, scheme, fresh)
	planned, err := o.plan(s, service, fresh)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if len(planned.changes) == 0 {
		return hint.Errorf(hint.Usage, "`janee service edit --help` lists the flags",
			"%s: no flag says what to change", doing)
	}
	if err := consent(env, o.yes || len(planned.leaves) == 0, o.asJSON, doing,
		planned.question()); err != nil {
		return err
	}
	if err := planned.record(s); err != nil {
		return err
	}
	err = edit(env, s, doing, func(text []byte) ([]byte, error) {
		return o.apply(s, text, name, fresh, planned)
	})
	if err != nil {
		return err
	}
	return planned.tell(env, o.asJSON)
}

// movePlan is what an edit of a service would do. The person agrees to it before config.yaml is
// locked.
type movePlan struct {
	name string
	base policy.Base
	// where the credential is sent: to base, and to the endpoints of its auth type
	origin     string
	credential sign.Credential // secrets to be sealed for origin
	leaves     []string        // other origins that secrets were sealed for: the owner is asked
	route      string          // how the credential goes besides, "" for straight
	cas        [2]string       // digests of the caFile, as agreed to and as this edit leaves it
	// why the owner has not agreed to where the credential goes; this edit does not agree to it
	unagreed error
	changes  []string // names of what changes
}

func (o serviceEdit) plan(
	s *opened.Home, service *config.Service, fresh sign.Credential,
) (movePlan, error) {
	p := movePlan{name: service.Name, base: service.Base, credential: sign.Credential{}}
	var err error
	moves := o.flagSet.Changed("url")
	if moves {
		if p.base, err = policy.ParseBase(o.flagSet.Lookup("url").Value.String(),
			service.AllowHTTP); err != nil {
			return p, fmt.Errorf("--url: %w", err)
		}
	}
	for flag, key := range map[string]string{"url": "baseUrl", "test-path": "testPath",
		"ca-file": "caFile", "description": "description",
		"allow-headers": "allowHeaders", "deny-headers": "denyHeaders",
		"query-operations": "queryOperations"} {
		if o.flagSet.Changed(flag) {
			p.changes = append(p.changes, key)
		}
	}
	if o.owner.given() {
		p.changes = append(p.changes, "ownership")
	}
	slices.Sort(p.changes)
	p.unagreed = o.unagreed(s, service)
	if p.unagreed == nil && s.Typed(service) &&
		(moves || len(fresh) > 0 || o.flagSet.Changed("ca-file")) {
		p.unagreed = &config.UnagreedError{Is: service.Destination(),
			Why: "it goes " + service.Route() + ", which was typed beside the old values"}
	}
	if err := p.reroute(s, service, given(o.flagSet, "ca-file")); err != nil {
		return p, err
	}
	if moves || len(fresh) > 0 {
		err = p.seal(s, service, fresh, moves)
	}
	return p, err
}

// reroute plans what a service trusts, and by which route its credential then goes.
func (p *movePlan) reroute(s *opened.Home, service *config.Service, caFile *string) error {
	is := *service
	was, _ := vault.ReadBound(service.Bound) // unagreed verifies it
	p.cas = [2]string{was.CA, was.CA}
	if caFile != nil {
		is.CAFile = *caFile
		to, err := s.Destination(&is)
		if err != nil {
			return err
		}
		p.cas[1] = to.CA
	}
	p.route = is.Route()
	return nil
}

// unagreed says what the owner has not agreed to besides what the flags name. An edit of one part
// never agrees to another that somebody put into the file.
func (o serviceEdit) unagreed(s *opened.Home, service *config.Service) error {
	if !o.flagSet.Changed("ca-file") || s.Vault == nil {
		return s.Agreed(service)
	}
	if service.Bound == "" {
		others := *service
		others.CAFile = ""
		return s.Agreed(&others)
	}
	_, err := sealed.Agreed(s.Vault, service) // what the file holds that is replaced does not count
	return err
}

// seal plans which fields are sealed: those that are new, and with a new base URL or token endpoint
// those that were sealed for another place.
func (p *movePlan) seal(
	s *opened.Home, service *config.Service, fresh sign.Credential, moves bool,
) error {
	whole, held, err := kept(s, service, func(path string) bool {
		_, replaced := find(fresh, path)
		return replaced
	})
	if err != nil {
		return err
	}
	scheme, _ := sign.Lookup(service.Auth.Type)
	for path, value := range fresh {
		if old, replaces := find(service.Auth.Fields, path); replaces {
			path = old
		}
		whole[path], p.credential[path] = value, value
		p.changes = append(p.changes, path)
		moves = moves || slices.ContainsFunc(scheme.Fields, func(f sign.Field) bool {
			return f.Endpoint && f.Name == path
		})
	}
	slices.Sort(p.changes)
	p.origin = scheme.Origin(p.base.Origin(), whole)
	for _, f := range held {
		if moves && f.Got.Origin != p.origin {
			p.credential[f.Path] = f.Plain
			p.leave(f.Got.Origin)
		}
	}
	p.replace(s, service, fresh)
	slices.Sort(p.leaves)
	return scheme.Check(whole)
}

// replace looks at the values that fresh ones replace. If config.yaml has changed since they were
// sealed, whoever changed it decides where the new key goes, not the owner: so the owner is asked,
// as for a key that is kept.
func (p *movePlan) replace(s *opened.Home, service *config.Service, fresh sign.Credential) {
	if s.Vault == nil {
		return
	}
	for _, f := range sealed.Fields(s.Vault, service) {
		if _, replaced := find(fresh, f.Path); !replaced || !f.Rebound() {
			continue
		}
		there := f.Want
		there.Origin = f.Got.Origin
		if f.Got == there && f.Got.Origin != p.origin {
			p.leave(f.Got.Origin)
		}
	}
}

// leave notes an origin that the credential is no longer sent to.
func (p *movePlan) leave(origin string) {
	if !slices.Contains(p.leaves, origin) {
		p.leaves = append(p.leaves, origin)
	}
}

// find looks a field up without regard to case, as headers are compared.
func find[V any](fields map[string]V, path string) (string, bool) {
	for have := range fields {
		if strings.EqualFold(have, path) {
			return have, true
		}
	}
	return "", false
}

// apply makes the edit of a plan, if the file still leads to the plan that the person has seen.
func (o serviceEdit) apply(
	s *opened.Home, text []byte, name string, fresh sign.Credential, agreed movePlan,
) ([]byte, error) {
	service := s.Config.Services[name]
	if service == nil {
		return nil, &config.NotFoundError{Kind: "service", Name: name, Known: s.Config.ServiceNames}
	}
	now, err := o.plan(s, service, fresh)
	if err != nil {
		return nil, err
	}
	if now.base != agreed.base || now.origin != agreed.origin ||
		!slices.Equal(now.leaves, agreed.leaves) ||
		now.route != agreed.route || now.cas != agreed.cas ||
		(now.unagreed == nil) != (agreed.unagreed == nil) {
		return nil, changedMeanwhile(fmt.Sprintf("editing service %q", name))
	}
	e := config.ServiceEdit{
		Ownership:       o.owner.change(service.Ownership),
		TestPath:        given(o.flagSet, "test-path"),
		CAFile:          given(o.flagSet, "ca-file"),
		Description:     given(o.flagSet, "description"),
		AllowHeaders:    listed(o.flagSet, "allow-headers"),
		DenyHeaders:     listed(o.flagSet, "deny-headers"),
		QueryOperations: listed(o.flagSet, "query-operations"),
	}
	if o.flagSet.Changed("url") {
		base := now.base.String()
		e.BaseURL = &base
	}
	if e.Fields, err = sealFields(s, service, now); err != nil {
		return nil, err
	}
	text, err = config.EditService(text, name, e)
	if err != nil || now.unagreed != nil {
		return text, err
	}
	return s.Bind(text, name, now.cas[1])
}

// record records, as `janee trust` does, that the person has agreed to send a kept credential
// elsewhere, or to trust other authorities.
func (p movePlan) record(s *opened.Home) error {
	var records []audit.Record
	add := func(detail map[string]string) {
		records = append(records, audit.Record{TS: time.Now().UnixMilli(), Event: "key.trust",
			Via: "cli", Service: p.name, Detail: detail})
	}
	if len(p.leaves) > 0 {
		add(map[string]string{"from": strings.Join(p.leaves, ", "), "to": p.origin})
	}
	if p.unagreed == nil && p.cas[0] != p.cas[1] {
		add(map[string]string{"part": "caFile",
			"from": orNone(digestText(p.cas[0])), "to": orNone(digestText(p.cas[1]))})
	}
	if s.Vault == nil || len(records) == 0 {
		return nil
	}
	return recordAll(s, records)
}

// question shows where the credential was sent so far, and where it would be sent.
func (p movePlan) question() string {
	return fmt.Sprintf("The credential of %s was stored for %s. Send it to %s from now on?", p.name,
		strings.Join(p.leaves, ", "), p.origin)
}

func (p movePlan) tell(env *Env, asJSON bool) error {
	message := fmt.Sprintf("Changed service %s: %s", p.name, strings.Join(p.changes, ", "))
	if p.unagreed != nil {
		message += fmt.Sprintf(". Janee refuses calls until you run `janee trust %s`: %v",
			p.name, p.unagreed)
	}
	switch {
	case len(p.leaves) > 0:
		message += fmt.Sprintf(". Its credential, stored for %s, is now sealed for %s",
			strings.Join(p.leaves, ", "), p.origin)
	case len(p.credential) > 0:
		message += ". Its credential is sealed for " + p.origin
	}
	if p.unagreed == nil && p.route != "" {
		message += ". It goes " + p.route
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK      bool     `json:"ok"`
			Service string   `json:"service"`
			Changes []string `json:"changes"`
			Message string   `json:"message"`
		}{true, p.name, p.changes, message})
	}
	fmt.Fprintln(env.Stderr, printable(message))
	return nil
}
