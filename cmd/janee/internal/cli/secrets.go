package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// secretFlag is a flag for one field of a credential, under the name that the auth type gives it.
type secretFlag struct {
	name, short string
	fields      []string // auth fields it stands for: the first that the auth type has
	usage       string
	value       string
	fromEnv     string
}

// secretFlags are the flags that hold a credential. A value "-" is read from standard input.
type secretFlags struct {
	flags   []*secretFlag
	headers []string
	flagSet *pflag.FlagSet
}

func (s *secretFlags) register(f *pflag.FlagSet) {
	s.flagSet = f
	s.flags = []*secretFlag{
		{name: "key", short: "k", fields: []string{"key", "apiKey"}, usage: "the API key"},
		{name: "api-secret", fields: []string{"apiSecret"}, usage: "the API secret that goes with the key"},
		{name: "username", fields: []string{"username"}, usage: "user name for basic auth"},
		{name: "password", fields: []string{"password"}, usage: "password for basic auth"},
	}
	for _, flag := range s.flags {
		f.StringVarP(&flag.value, flag.name, flag.short, "", flag.usage+` ("-": read it from standard input)`)
		f.StringVar(&flag.fromEnv, strings.TrimPrefix(flag.name, "api-")+"-from-env", "", "environment variable that holds "+flag.usage)
	}
	f.StringArrayVar(&s.headers, "header", nil, "header for auth type headers, as name=value; may be repeated")
}

// credential fills in every field of the scheme from flags, standard input or the terminal, and checks it.
func (s *secretFlags) credential(env *Env, ask *asker, scheme *sign.Scheme) (sign.Credential, error) {
	c := sign.Credential{}
	if err := s.fromFlags(env, scheme, c); err != nil {
		return nil, err
	}
	for _, field := range scheme.Fields {
		if err := s.ask(ask, field, c); err != nil {
			return nil, err
		}
	}
	if err := scheme.Check(c); err != nil {
		return nil, err
	}
	warnShort(env, c)
	return c, nil
}

func (s *secretFlags) fromFlags(env *Env, scheme *sign.Scheme, c sign.Credential) error {
	stdinUsed := false
	for _, flag := range s.flags {
		given := s.flagSet.Changed(flag.name)
		if !given && flag.fromEnv == "" {
			continue
		}
		field := pick(scheme, flag.fields)
		if field == "" {
			return hint.Errorf(hint.Usage, "leave it out", "--%s does not fit auth type %s", flag.name, scheme.Type)
		}
		value, err := flag.read(env, given, &stdinUsed)
		if err != nil {
			return err
		}
		c[field] = secret.New(value)
	}
	return s.readHeaders(env, scheme, c)
}

func pick(scheme *sign.Scheme, names []string) string {
	for _, name := range names {
		for _, f := range scheme.Fields {
			if f.Name == name {
				return name
			}
		}
	}
	return ""
}

// read takes the value from where the flag says, without the line end that files and pipes add.
func (f *secretFlag) read(env *Env, given bool, stdinUsed *bool) (string, error) {
	if f.fromEnv != "" {
		v := env.Getenv(f.fromEnv)
		if v == "" {
			return "", hint.Errorf(hint.Usage, "export it first", "the environment variable %q is not set", f.fromEnv)
		}
		return strings.TrimSpace(v), nil
	}
	if f.value != "-" {
		if f.name != "username" {
			warnArgument(env, f.name)
		}
		return f.value, nil
	}
	if *stdinUsed {
		return "", hint.Errorf(hint.Usage, "pipe one secret in and name an environment variable for the other", "only one flag can read standard input")
	}
	*stdinUsed = true
	b, err := io.ReadAll(io.LimitReader(env.Stdin, 64<<10))
	if err != nil {
		return "", fmt.Errorf("reading --%s from standard input: %w", f.name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

func warnArgument(env *Env, flag string) {
	fmt.Fprintf(env.Stderr, "janee: warning: a secret in --%s can be read by other processes and stays in the shell's history; "+
		"next time pipe it in with \"-\", or name an environment variable that holds it\n", flag)
}

func (s *secretFlags) readHeaders(env *Env, scheme *sign.Scheme, c sign.Credential) error {
	if len(s.headers) == 0 {
		return nil
	}
	if pick(scheme, []string{"headers"}) == "" {
		return hint.Errorf(hint.Usage, "leave it out", "--header does not fit auth type %s", scheme.Type)
	}
	warnArgument(env, "header")
	for _, h := range s.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok || name == "" {
			return hint.Errorf(hint.Usage, "write --header X-Api-Key=VALUE", "a --header has no name and value")
		}
		c["headers."+name] = secret.New(strings.TrimSpace(value))
	}
	return nil
}

// ask puts the question for a field that no flag has given.
func (s *secretFlags) ask(ask *asker, f sign.Field, c sign.Credential) error {
	if _, have := c[f.Name]; have || !f.Required {
		return nil
	}
	if f.Map {
		return s.askMap(ask, f, c)
	}
	flag := "--" + f.Name
	for _, have := range s.flags {
		for _, name := range have.fields {
			if name == f.Name {
				flag = "--" + have.name
			}
		}
	}
	value, err := ask.field(f, flag)
	if err == nil {
		c[f.Name] = value
	}
	return err
}

func (s *secretFlags) askMap(ask *asker, f sign.Field, c sign.Credential) error {
	for path := range c {
		if strings.HasPrefix(path, f.Name+".") {
			return nil
		}
	}
	name, err := ask.line("Header name, e.g. X-Api-Key", "", "--header NAME=VALUE")
	if err != nil {
		return err
	}
	value, err := ask.secret("Value of "+name, "--header NAME=VALUE")
	if err == nil {
		c[f.Name+"."+name] = value
	}
	return err
}

// warnShort says which secrets a reply cannot be searched for.
func warnShort(env *Env, c sign.Credential) {
	for _, v := range c {
		if n := v.Len(); n > 0 && n < secret.MinLength {
			fmt.Fprintf(env.Stderr, "janee: warning: a value of fewer than %d characters is too short to be masked in replies\n", secret.MinLength)
			return
		}
	}
}
