package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

type addOptions struct {
	url, authType, testPath string
	caFile                  string
	secrets                 secretFlags
	noCapability, asJSON    bool
}

func addCommand(env *Env) *cobra.Command {
	var o addOptions
	c := &cobra.Command{
		Use:   "add [service]",
		Short: "Store an API key as a service, with a capability of the same name",
		Long: `Store the credential of an API. What is not given by a flag is asked for on the terminal.
A capability of the same name is made with it: ttl 1h and no rules, so that every method and path is
allowed until you narrow it with "janee cap edit".

A secret given as an argument can be read by other processes: let janee ask for it, pipe it in with
"-k -", or name an environment variable with --key-from-env.`,
		Example: `  janee add
  janee add github -u https://api.github.com --auth-type bearer --key-from-env GITHUB_TOKEN
  pass stripe | janee add stripe -u https://api.stripe.com --auth-type bearer -k -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runAdd(env, strings.Join(args, ""), o) },
	}
	f := c.Flags()
	f.StringVarP(&o.url, "url", "u", "", "base URL of the API, e.g. https://api.stripe.com")
	f.StringVar(&o.authType, "auth-type", "", "how requests are signed: "+strings.Join(sign.Types(), ", "))
	f.StringVar(&o.testPath, "test-path", "", "a harmless path to try the key with, e.g. /v1/balance")
	f.StringVar(&o.caFile, "ca-file", "", "PEM file of the API's own certificate authority")
	f.BoolVar(&o.noCapability, "no-capability", false, "store the service only")
	f.BoolVar(&o.asJSON, "json", false, "print JSON and never ask")
	o.secrets.register(f)
	return c
}

func runAdd(env *Env, name string, o addOptions) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	ask := &asker{env: env, quiet: o.asJSON}
	defer ask.close()
	service, credential, err := o.collect(env, s, ask, name)
	if err != nil {
		return err
	}
	first := s.Vault == nil
	capability := !o.noCapability && s.Config.Capabilities[service.Name] == nil
	if err := s.Edit(env.Getenv, func(text []byte) ([]byte, error) { return addTo(text, s, service, credential, capability) }); err != nil {
		return err
	}
	return o.tell(env, s, service, capability, first)
}

// collect gathers what flags, the terminal and standard input say about the new service.
func (o addOptions) collect(env *Env, s *store.Store, ask *asker, name string) (config.NewService, sign.Credential, error) {
	var service config.NewService
	name, err := ask.line("Service name", name, "SERVICE")
	if err != nil {
		return service, nil, err
	}
	if _, exists := s.Config.Services[name]; exists {
		return service, nil, hint.Errorf(hint.Failed, "choose another name, or change it with `janee service edit`", "adding service %q: it exists already", name)
	}
	address, err := ask.line("Base URL", o.url, "--url")
	if err != nil {
		return service, nil, err
	}
	base, err := policy.ParseBase(address, false)
	if err != nil {
		return service, nil, fmt.Errorf("adding service %q: %w", name, err)
	}
	authType, err := ask.choice("Auth type", o.authType, "--auth-type", sign.Types())
	if err != nil {
		return service, nil, err
	}
	scheme, ok := sign.Lookup(authType)
	if !ok {
		return service, nil, hint.Errorf(hint.Usage, "use one of: "+strings.Join(sign.Types(), ", "), "adding service %q: unknown auth type %q", name, authType)
	}
	credential, err := o.secrets.credential(env, ask, scheme)
	if err != nil {
		return service, nil, fmt.Errorf("adding service %q: %w", name, err)
	}
	return config.NewService{Name: name, BaseURL: base.String(), Type: authType, TestPath: o.testPath, CAFile: o.caFile}, credential, nil
}

// addTo splices the service, its sealed credential and its capability into text.
func addTo(text []byte, s *store.Store, service config.NewService, credential sign.Credential, capability bool) ([]byte, error) {
	base, err := policy.ParseBase(service.BaseURL, false)
	if err != nil {
		return nil, err
	}
	scheme, _ := sign.Lookup(service.Type)
	for _, e := range scheme.Entries(credential) {
		value := credential[e.Path].Reveal()
		if e.Secret {
			binding := vault.Binding{Service: service.Name, Field: e.Path, Type: service.Type, Origin: base.Origin()}
			if value, err = s.Seal(binding, credential[e.Path]); err != nil {
				return nil, err
			}
		}
		service.Fields = append(service.Fields, config.KV{Path: e.Path, Value: value})
	}
	if text, err = config.AddService(text, service); err != nil || !capability {
		return text, err
	}
	return config.AddCapability(text, config.NewCapability{Name: service.Name, Service: service.Name, TTL: "1h"})
}

func (o addOptions) tell(env *Env, s *store.Store, service config.NewService, capability, first bool) error {
	message := fmt.Sprintf("Added service %s (%s, %s)", service.Name, service.BaseURL, service.Type)
	if o.asJSON {
		out := struct {
			OK         bool   `json:"ok"`
			Service    string `json:"service"`
			Capability string `json:"capability,omitempty"`
			Message    string `json:"message"`
		}{OK: true, Service: service.Name, Message: message}
		if capability {
			out.Capability = service.Name
		}
		return writeJSON(env.Stdout, out)
	}
	fmt.Fprintln(env.Stderr, message)
	if capability {
		fmt.Fprintf(env.Stderr, unrestricted, service.Name, service.Name, s.Home.ConfigPath())
	}
	if first {
		sayKey(env.Stderr, s.KeySource)
	}
	return nil
}

const unrestricted = `Added capability %s: ttl 1h, no rules. It is unrestricted: an agent may use every method and path.
To narrow it: janee cap edit %s --allow "GET *"
or write rules in %s, for example:
    rules:
      allow:
        - GET *
`
