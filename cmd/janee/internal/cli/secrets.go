package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// maxSecret bounds what is read as a credential, in bytes.
const maxSecret = 64 << 10

// secretFlags are the flags that hold a credential. A secret "-" is read from standard input.
type secretFlags struct {
	flags   []*secretFlag
	headers []string
	scopes  []string
	fields  []string
	flagSet *pflag.FlagSet
}

func (s *secretFlags) register(f *pflag.FlagSet) {
	s.flagSet = f
	s.flags = newSecretFlags()
	for _, flag := range s.flags {
		flag.register(f)
	}
	f.StringArrayVar(&s.headers, "header", nil,
		"header `NAME=VALUE` for auth type headers; repeatable")
	f.StringSliceVar(&s.scopes, "scope", nil, "OAuth `SCOPE`; repeatable")
	f.StringArrayVar(&s.fields, "field", nil,
		"another field of the auth type as `NAME=VALUE`; repeatable")
}

// credential fills in every field of the scheme from flags, what is known of the API, standard
// input or the terminal, and checks it.
func (s *secretFlags) credential(
	env *Env, ask *asker, scheme *sign.Scheme, known directory.Auth,
) (sign.Credential, error) {
	wanted := scheme
	if len(known.Headers) > 0 && len(s.headers) == 0 {
		wanted = headerParts(scheme, known)
	}
	c := sign.Credential{}
	if err := s.fromFlags(env, wanted, c); err != nil {
		return nil, err
	}
	for name, value := range known.Fixed {
		if _, given := c[name]; !given {
			c[name] = secret.New(value)
		}
	}
	if err := s.askAll(ask, wanted, c); err != nil {
		return nil, err
	}
	if wanted != scheme {
		c = composeHeaders(known, c)
	}
	if err := scheme.Check(c); err != nil {
		return nil, err
	}
	warnShort(env, scheme, c)
	return c, nil
}

// fixedWords asks for the words in fixed fields, such as the user name "<email>/token", unless a
// flag gives the whole field.
func (s *secretFlags) fixedWords(ask *asker, known directory.Auth, words map[string]string) error {
	for _, field := range slices.Sorted(maps.Keys(known.Fixed)) {
		value := known.Fixed[field]
		flag, name := s.flagOf(field)
		if flag != nil && s.given(flag) {
			continue
		}
		for _, word := range directory.Blanks(value) {
			answer, err := ask.line("Value of <"+word+"> in "+value, words[word],
				name+" for "+value)
			if err != nil {
				return err
			}
			words[word] = answer
		}
	}
	return nil
}

// headerParts has the fields that the headers of a known API are made of, in place of the headers.
func headerParts(scheme *sign.Scheme, known directory.Auth) *sign.Scheme {
	parts := &sign.Scheme{Type: scheme.Type,
		Fields: []sign.Field{{Name: "key", Secret: true, Required: true, Label: "API key"}}}
	if known.NeedsSecret() {
		parts.Fields = append(parts.Fields, sign.Field{
			Name:     "apiSecret",
			Secret:   true,
			Required: true,
			Label:    "Second key, secret or token",
		})
	}
	return parts
}

func composeHeaders(known directory.Auth, parts sign.Credential) sign.Credential {
	c := sign.Credential{}
	values := known.Compose(parts["key"].Reveal(), parts["apiSecret"].Reveal())
	for path, value := range values {
		c[path] = secret.New(value)
	}
	return c
}

func (s *secretFlags) fromFlags(env *Env, scheme *sign.Scheme, c sign.Credential) error {
	stdinUsed := false
	for _, flag := range s.flags {
		if !s.given(flag) {
			continue
		}
		field := pick(scheme, flag.fields)
		if field == "" {
			return hint.Errorf(hint.Usage, "leave out this flag",
				"--%s does not apply to auth type %s", flag.name, scheme.Type)
		}
		value, err := flag.read(env, &stdinUsed)
		if err != nil {
			return err
		}
		c[field] = secret.New(value)
	}
	if err := s.readFields(scheme, c); err != nil {
		return err
	}
	return s.readHeaders(env, scheme, c)
}

func (s *secretFlags) given(flag *secretFlag) bool {
	return flag.fromEnv != "" || s.flagSet.Changed(flag.name)
}

func pick(scheme *sign.Scheme, names []string) string {
	for _, name := range names {
		if slices.ContainsFunc(scheme.Fields, func(f sign.Field) bool { return f.Name == name }) {
			return name
		}
	}
	return ""
}

// read takes the value from where the flag says, without the line end that files and pipes add.
func (f *secretFlag) read(env *Env, stdinUsed *bool) (string, error) {
	switch {
	case f.fromEnv != "":
		v := env.Getenv(f.fromEnv)
		if v == "" {
			return "", hint.Errorf(hint.Usage, "export it first",
				"environment variable %q is not set", f.fromEnv)
		}
		return strings.TrimSpace(v), nil
	case f.plain:
		return f.value, nil
	case f.value == "-":
		return readStdin(env, f.name, stdinUsed)
	case f.file:
		return readSecretFile(f.value)
	case f.name != "username":
		warnArgument(env, f.name)
	}
	return f.value, nil
}

func readStdin(env *Env, flag string, used *bool) (string, error) {
	if *used {
		return "", hint.Errorf(hint.Usage,
			"pipe in one secret, and name an environment variable for the other",
			"only one flag can read standard input")
	}
	*used = true
	b, err := io.ReadAll(io.LimitReader(env.Stdin, maxSecret))
	if err != nil {
		return "", fmt.Errorf("reading --%s from standard input: %w", flag, err)
	}
	return strings.TrimSpace(string(b)), nil
}

func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the credential: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(b) > maxSecret {
		err = fmt.Errorf("%q is larger than %d KiB", path, maxSecret>>10)
	}
	if err != nil {
		return "", fmt.Errorf("reading the credential: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func warnArgument(env *Env, flag string) {
	fmt.Fprintf(env.Stderr,
		"janee: warning: other processes can read the secret in --%s, and it stays in the shell's "+
			"history; next time pipe it in with \"-\", or name an environment variable that "+
			"holds it\n",
		flag)
}

// readFields takes --scope and --field. A secret has a flag of its own, which can keep it off the
// command line.
func (s *secretFlags) readFields(scheme *sign.Scheme, c sign.Credential) error {
	if len(s.scopes) > 0 {
		if pick(scheme, []string{"scopes"}) == "" {
			return hint.Errorf(hint.Usage, "leave out this flag",
				"--scope does not apply to auth type %s", scheme.Type)
		}
		c["scopes"] = secret.New(strings.Join(s.scopes, " "))
	}
	for _, given := range s.fields {
		name, value, _ := strings.Cut(given, "=")
		i := slices.IndexFunc(scheme.Fields, func(f sign.Field) bool { return f.Name == name })
		if i < 0 {
			return hint.Errorf(hint.Usage, "use one of: "+fieldNames(scheme),
				"--field: auth type %s has no field of that name", scheme.Type)
		}
		if f := scheme.Fields[i]; f.Secret || f.Map {
			_, flag := s.flagOf(name)
			return hint.Errorf(hint.Usage, "use "+flag,
				"--field: %s is a secret, which has its own flag", name)
		}
		c[name] = secret.New(value)
	}
	return nil
}

func fieldNames(scheme *sign.Scheme) string {
	var names []string
	for _, f := range scheme.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func (s *secretFlags) readHeaders(env *Env, scheme *sign.Scheme, c sign.Credential) error {
	if len(s.headers) == 0 {
		return nil
	}
	if pick(scheme, []string{"headers"}) == "" {
		return hint.Errorf(hint.Usage, "leave out this flag",
			"--header does not apply to auth type %s", scheme.Type)
	}
	warnArgument(env, "header")
	for _, h := range s.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok || name == "" {
			return hint.Errorf(hint.Usage, "write --header X-Api-Key=VALUE",
				"--header is not NAME=VALUE")
		}
		c["headers."+name] = secret.New(strings.TrimSpace(value))
	}
	return nil
}

// askAll asks for the required fields that no flag gives. A person who answers any is also asked
// for secrets that may be empty, such as a password.
func (s *secretFlags) askAll(ask *asker, scheme *sign.Scheme, c sign.Credential) error {
	asked := false
	for _, f := range scheme.Fields {
		if _, have := c[f.Name]; have || !f.Required {
			continue
		}
		asked = asked || !f.Map
		if err := s.ask(ask, f, c); err != nil {
			return err
		}
	}
	for _, f := range scheme.Fields {
		if _, have := c[f.Name]; !asked || have || f.Required || !f.Secret {
			continue
		}
		_, flag := s.flagOf(f.Name)
		value, err := ask.secret(f.Label, flag)
		if err != nil {
			return err
		}
		if !value.IsZero() {
			c[f.Name] = value
		}
	}
	return nil
}

// ask asks for a required field.
func (s *secretFlags) ask(ask *asker, f sign.Field, c sign.Credential) error {
	if f.Map {
		return s.askMap(ask, f, c)
	}
	have, flag := s.flagOf(f.Name)
	if have != nil && have.file {
		path, err := ask.line(f.Label+": path of the file", "", flag)
		if err != nil {
			return err
		}
		value, err := readSecretFile(path)
		c[f.Name] = secret.New(value)
		return err
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
	name, err := ask.line("Header name, such as X-Api-Key", "", "--header NAME=VALUE")
	if err != nil {
		return err
	}
	value, err := ask.secret("Value of "+name, "--header NAME=VALUE")
	if err == nil {
		c[f.Name+"."+name] = value
	}
	return err
}

// warnShort warns of secrets that are too short to be searched for in responses.
func warnShort(env *Env, scheme *sign.Scheme, c sign.Credential) {
	if len(scheme.Unmasked(c)) > 0 {
		fmt.Fprintf(env.Stderr,
			"janee: warning: a value of fewer than %d characters is too short to be masked in "+
				"responses\n", secret.MinLength)
	}
}
