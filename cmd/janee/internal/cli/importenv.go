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
		to := t.Part(p.Name)
		if to == "" {
			continue
		}
		v.used[i] = true
		if p.Value.IsZero() {
			v.plans.Left = append(v.plans.Left, fmt.Sprintf("%s: %s is empty", t.Name, p.Name))
			continue
		}
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
	var s legacy.PlannedService
	if name := missing(t, parts); name != "" {
		return s, fmt.Errorf("%s is missing", name)
	}
	scheme, _ := sign.Lookup(t.Auth.Type)
	words, c := map[string]string{}, sign.Credential{}
	for to, value := range parts {
		switch word := strings.Trim(to, "<>"); {
		case word != to:
			words[word] = value.Reveal()
		case to == "secret":
			c["apiSecret"] = value
		case to != "url":
			c[to] = value
		}
	}
	base, err := policy.ParseBase(baseFrom(t, parts["url"].Reveal(), words), false)
	if err != nil {
		return s, err
	}
	known := filled(t.Auth, scheme, words)
	for name, value := range known.Fixed {
		c[name] = secret.New(value)
	}
	if len(known.Headers) > 0 {
		c = composeHeaders(known, c)
	}
	s.Credential = c
	s.NewService = newService(t.Name, base, scheme, t)
	return s, scheme.Check(s.Credential)
}

// missing names the most usual variable of the first part that is needed and that no variable has.
func missing(t directory.Template, parts map[string]secret.Text) string {
	address := directory.Blanks(t.BaseURL)
	for _, part := range t.Needs() {
		names := t.Env[part]
		_, have := parts[part]
		if slices.Contains(address, strings.Trim(part, "<>")) {
			_, whole := parts["url"]
			have, names = have || whole, append(slices.Clip(names), t.Env["url"]...)
		}
		if !have && len(names) > 0 {
			return names[0]
		}
	}
	return ""
}

// baseFrom is the base URL of a template. An address from a variable lacks the path that the
// template knows.
func baseFrom(t directory.Template, address string, words map[string]string) string {
	base := directory.Fill(t.BaseURL, words)
	if address == "" {
		return base
	}
	if !strings.Contains(address, "://") { // GITLAB_HOST is a bare host
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Path != "" && u.Path != "/" {
		return address
	}
	_, rest, _ := strings.Cut(base, "://")
	_, path, _ := strings.Cut(rest, "/")
	if path == "" || len(directory.Blanks(path)) > 0 {
		return address
	}
	return strings.TrimSuffix(address, "/") + "/" + path
}
