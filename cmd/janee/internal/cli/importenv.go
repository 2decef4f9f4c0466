package cli

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

const envLayout = ".env file"

func (i *importer) runEnv(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	pairs, err := parseDotenv(text)
	if err != nil {
		return hint.New(hint.Failed, "fix the line in a copy of the file, and import the copy",
			fmt.Errorf("importing from %q: %w", path, err))
	}
	i.source = path
	i.report = importReport{From: path, Layout: envLayout}
	v := &variables{pairs: pairs, used: map[int]bool{}}
	plan := v.plan()
	i.report.Unknown = v.unknown()
	return i.run(plan)
}

// variables are those of a .env file, and which of them belong to a known API.
type variables struct {
	pairs []variable
	used  map[int]bool
	plans legacy.Plan
}

func (v *variables) plan() *legacy.Plan {
	for _, t := range directory.All() {
		parts := v.parts(t)
		if len(parts) == 0 {
			continue
		}
		s, err := fromVariables(t, parts)
		if err != nil {
			v.plans.Left = append(v.plans.Left,
				fmt.Sprintf("%s: %v: `janee add %s` asks for what is missing", t.Name, err, t.Name))
			continue
		}
		v.plans.Services = append(v.plans.Services, s)
		v.plans.Capabilities = append(v.plans.Capabilities, config.NewCapability{
			Name:    t.Name,
			Service: t.Name,
			TTL:     "1h",
		})
	}
	return &v.plans
}

// parts collects the values of a template's variables, by where they go. If two variables are for
// one place, the first in the file counts.
func (v *variables) parts(t directory.Template) map[string]secret.Text {
	parts := map[string]secret.Text{}
	for i, p := range v.pairs {
		to := t.Env[p.Name]
		if to == "" || p.Value.IsZero() {
			continue
		}
		v.used[i] = true
		if first, twice := parts[to]; !twice {
			parts[to] = p.Value
		} else if first.Reveal() != p.Value.Reveal() {
			v.plans.Left = append(v.plans.Left,
				fmt.Sprintf("%s: %s has another value than a variable above it", t.Name, p.Name))
		}
	}
	return parts
}

// unknown names the variables that no known API has.
func (v *variables) unknown() (names []string) {
	for i, p := range v.pairs {
		if !v.used[i] && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

func fromVariables(
	t directory.Template, parts map[string]secret.Text,
) (legacy.PlannedService, error) {
	s := legacy.PlannedService{Credential: sign.Credential{}}
	if missing := absent(t, parts); len(missing) > 0 {
		return s, fmt.Errorf("%s is missing", strings.Join(missing, " or "))
	}
	scheme, _ := sign.Lookup(t.Auth.Type)
	words := map[string]string{}
	for to, value := range parts {
		if word := strings.Trim(to, "<>"); word != to {
			words[word] = value.Reveal()
		} else if to != "url" {
			s.Credential[to] = value
		}
	}
	base, err := policy.ParseBase(baseFrom(t, parts["url"].Reveal(), words), false)
	if err != nil {
		return s, err
	}
	for name, value := range t.Auth.Fixed {
		s.Credential[name] = secret.New(value)
	}
	if len(t.Auth.Headers) > 0 {
		s.Credential = composeHeaders(t.Auth,
			sign.Credential{"key": parts["key"], "apiSecret": parts["secret"]})
	}
	s.NewService = config.NewService{
		Name:        t.Name,
		BaseURL:     base.String(),
		Type:        t.Auth.Type,
		TestPath:    t.TestPath,
		Description: t.Description,
		Docs:        t.Docs,
		Headers:     wireHeaders(t.Headers),
	}
	return s, scheme.Check(s.Credential)
}

// absent names the variables of which one is needed, for the first part that none of them has.
func absent(t directory.Template, parts map[string]secret.Text) (names []string) {
	var places []string
	for _, to := range t.Env {
		if _, have := parts[to]; !have {
			places = append(places, to)
		}
	}
	slices.Sort(places)
	for name, to := range t.Env {
		if len(places) > 0 && to == places[0] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// baseFrom is the base URL of a template. An address from a variable lacks the path that the
// template knows.
func baseFrom(t directory.Template, address string, words map[string]string) string {
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return t.Fill(words)
	}
	if u.Path == "" || u.Path == "/" {
		_, rest, _ := strings.Cut(t.BaseURL, "://")
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return strings.TrimSuffix(address, "/") + rest[i:]
		}
	}
	return address
}
