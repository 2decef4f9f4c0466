package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
	"github.com/true-and-useful/janee/core/wire"
)

type addOptions struct {
	url, authType, testPath string
	caFile, description     string
	secrets                 secretFlags
	noCapability, asJSON    bool
}

func addCommand(env *Env) *cobra.Command {
	var o addOptions
	c := &cobra.Command{
		Use:   "add [SERVICE]",
		Short: "Store an API key as a service, with a capability of the same name",
		Long: `Store the credential of an API as a service. Janee knows many APIs ("janee search"):
if you name one of them, Janee fills in its base URL, its auth type and whatever else it needs;
flags override that. Janee asks on the terminal for what is still missing. With --json it never
asks.

The command also adds a capability of the same name, with a ttl of 1h and no rules: agents may use
every method and path until you narrow it with "janee cap edit".

Other processes can read a secret that you pass as an argument. Let Janee ask for it, pipe it in
with "-" as its value ("-k -"), or name an environment variable with --key-from-env or a flag like
it.`,
		Example: `  janee add
  janee add github --key-from-env GITHUB_TOKEN
  janee add internal -u https://api.example.com --auth-type bearer
  pass stripe | janee add stripe -k -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runAdd(env, strings.Join(args, ""), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.url, "url", "u", "", "base `URL` of the API, such as https://api.stripe.com")
	f.StringVar(&o.authType, "auth-type", "",
		"auth `TYPE`: "+strings.Join(sign.Types(), ", "))
	f.StringVar(&o.testPath, "test-path", "",
		"harmless `PATH` to try the credential with, such as /v1/balance")
	f.StringVar(&o.description, "description", "",
		"`TEXT`: what the service is for; agents read it")
	f.Var((*pathFlag)(&o.caFile), "ca-file", "PEM `FILE` of the API's own certificate authority")
	f.BoolVar(&o.noCapability, "no-capability", false, "store the service without a capability")
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
	if err := s.Edit(env.Keys(), func(text []byte) ([]byte, error) {
		return addTo(text, s, service, credential, capability)
	}); err != nil {
		return err
	}
	return o.tell(env, s, service, capability, first)
}

// collect gathers what flags, the directory, the terminal and standard input say about the new
// service.
func (o addOptions) collect(
	env *Env, s *opened.Home, ask *asker, name string,
) (config.NewService, sign.Credential, error) {
	var service config.NewService
	name, err := ask.line("Service name (or search term)", name, "SERVICE")
	if err != nil {
		return service, nil, err
	}
	known, name, err := o.known(ask, name)
	if err != nil {
		return service, nil, err
	}
	if _, exists := s.Config.Services[name]; exists {
		return service, nil, hint.Errorf(hint.Failed,
			"choose another name, or change it with `janee service edit`",
			"adding service %q: it already exists", name)
	}
	service, credential, err := o.fill(env, ask, name, known)
	if err != nil {
		return service, nil, fmt.Errorf("adding service %q: %w", name, err)
	}
	return service, credential, nil
}

// fill asks for what neither the flags nor the directory say.
func (o addOptions) fill(
	env *Env, ask *asker, name string, known directory.Template,
) (service config.NewService, _ sign.Credential, err error) {
	base, words, err := o.base(ask, known)
	if err != nil {
		return service, nil, err
	}
	scheme, err := o.scheme(ask, known)
	if err != nil {
		return service, nil, err
	}
	if known.Auth.Type != scheme.Type {
		known.Auth = directory.Auth{}
	}
	if err := o.secrets.fixedWords(ask, known.Auth, words); err != nil {
		return service, nil, err
	}
	credential, err := o.secrets.credential(env, ask, scheme, filled(known.Auth, scheme, words))
	if err != nil {
		return service, nil, err
	}
	service = newService(name, base, scheme, known)
	service.CAFile = o.caFile
	service.TestPath = cmp.Or(o.testPath, service.TestPath)
	service.Description = cmp.Or(o.description, service.Description)
	return service, credential, nil
}

// newService is a service without its credential, with what the directory knows of it.
func newService(
	name string, base policy.Base, scheme *sign.Scheme, known directory.Template,
) config.NewService {
	return config.NewService{
		Name:            name,
		BaseURL:         base.String(),
		Type:            scheme.Type,
		Description:     known.Description,
		Docs:            known.Docs,
		Headers:         wireHeaders(known.Headers),
		QueryOperations: known.QueryOperations,
		TestPath:        known.TestPath,
	}
}

// known looks the API up. Part of a name is a search term where the person can be asked; elsewhere
// it is a name.
func (o addOptions) known(ask *asker, name string) (directory.Template, string, error) {
	if t, ok := directory.Find(name); ok {
		return t, name, nil
	}
	found := directory.Search(name)
	if len(found) == 0 || o.url != "" || !ask.can() {
		return directory.Template{}, name, nil
	}
	t, agreed, err := ask.template(found)
	if err != nil || !agreed {
		return directory.Template{}, name, err
	}
	return t, t.Name, nil
}

// base is the base URL, and the words that fill the blanks of the directory's base URL.
func (o addOptions) base(
	ask *asker, known directory.Template,
) (policy.Base, map[string]string, error) {
	address, words := o.url, map[string]string{}
	if address == "" && known.BaseURL != "" {
		for _, word := range directory.Blanks(known.BaseURL) {
			have, flag := "", "--url for "+known.BaseURL
			if f, name := o.secrets.flagOf(word); f != nil {
				have, flag = f.value, name
			}
			answer, err := ask.line("Value of <"+word+"> in "+known.BaseURL, have, flag)
			if err != nil {
				return policy.Base{}, nil, err
			}
			words[word] = answer
		}
		address = directory.Fill(known.BaseURL, words)
	}
	address, err := ask.line("Base URL, such as https://api.example.com", address, "--url")
	if err != nil {
		return policy.Base{}, nil, err
	}
	base, err := policy.ParseBase(address, false)
	return base, words, err
}

func (o addOptions) scheme(ask *asker, known directory.Template) (*sign.Scheme, error) {
	authType, err := ask.choice("Auth type", cmp.Or(o.authType, known.Auth.Type), "--auth-type",
		sign.Types(), titleOf)
	if err != nil {
		return nil, err
	}
	scheme, ok := sign.Lookup(authType)
	if !ok {
		return nil, hint.Errorf(hint.Usage, "use one of: "+strings.Join(sign.Types(), ", "),
			"unknown auth type %q", authType)
	}
	return scheme, nil
}

func titleOf(authType string) string {
	if scheme, ok := sign.Lookup(authType); ok {
		return scheme.Title
	}
	return ""
}

// filled is what the directory knows of a credential, with the words filled in. Words of the base
// URL may be fields as well: AWS wants the region in both.
func filled(auth directory.Auth, scheme *sign.Scheme, words map[string]string) directory.Auth {
	auth = auth.Filled(words)
	for word, value := range words {
		if pick(scheme, []string{word}) != "" {
			auth.Fixed[word] = value
		}
	}
	return auth
}

func wireHeaders(named map[string]string) (list []wire.Header) {
	for name, value := range named {
		list = append(list, wire.Header{Name: name, Value: value})
	}
	slices.SortFunc(list, func(a, b wire.Header) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// addTo splices the service, its sealed credential and its capability into text.
func addTo(
	text []byte, s *opened.Home, service config.NewService,
	credential sign.Credential, capability bool,
) ([]byte, error) {
	named := config.Service{Name: service.Name, CAFile: service.CAFile}
	to, err := s.Destination(&named)
	if err != nil {
		return nil, err
	}
	if text, err = addSealed(text, s.Seal, service, credential); err == nil {
		text, err = s.Bind(text, service.Name, to.CA)
	}
	if err != nil || !capability {
		return text, err
	}
	return config.AddCapability(text, config.NewCapability{
		Name:    service.Name,
		Service: service.Name,
		TTL:     "1h",
	})
}

// addSealed splices the service and its credential into text, sealed for where the service sends
// it.
func addSealed(
	text []byte, seal func(vault.Binding, secret.Text) (string, error), service config.NewService,
	credential sign.Credential,
) ([]byte, error) {
	base, err := policy.ParseBase(service.BaseURL, service.AllowHTTP)
	if err != nil {
		return nil, err
	}
	scheme, _ := sign.Lookup(service.Type)
	for _, e := range scheme.Entries(credential) {
		value := credential[e.Path].Reveal()
		if e.Secret {
			binding := vault.Binding{
				Service: service.Name,
				Field:   e.Path,
				Type:    service.Type,
				Origin:  scheme.Origin(base.Origin(), credential),
			}
			if value, err = seal(binding, credential[e.Path]); err != nil {
				return nil, err
			}
		}
		service.Fields = append(service.Fields, config.KV{Path: e.Path, Value: value})
	}
	return config.AddService(text, service)
}

func (o addOptions) tell(
	env *Env, s *opened.Home, service config.NewService, capability, first bool,
) error {
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

const unrestricted = `Added capability %s: ttl 1h, no rules. Agents may use every method and path.
To narrow it, run: janee cap edit %s --allow "GET *"
or add rules to it in %s, for example:
    rules:
      allow:
        - GET *
`
