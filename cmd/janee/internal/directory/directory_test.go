package directory

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/wire"
)

// exchanged are auth types that trade the credential for a token first. Their templates are offered
// once package sign has them.
var exchanged = []string{"service-account", "github-app"}

func entries(t *testing.T) []Template {
	t.Helper()
	list, err := all()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 44 {
		t.Errorf("%d entries, want 44", len(list))
	}
	return list
}

func TestEntries(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range entries(t) {
		t.Run(e.Name, func(t *testing.T) {
			if seen[e.Name] || e.Name == "" ||
				strings.Trim(e.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
				t.Errorf("name %q is taken or not a name", e.Name)
			}
			seen[e.Name] = true
			if e.Description == "" || len(e.Tags) == 0 || !strings.HasPrefix(e.Docs, "https://") {
				t.Error("description, tags or docs are missing")
			}
			if !slices.Contains(append(sign.Types(), exchanged...), e.Auth.Type) {
				t.Errorf("auth type %q is not known", e.Auth.Type)
			}
			checkAddress(t, e)
			checkAuth(t, e)
		})
	}
}

func checkAddress(t *testing.T, e Template) {
	filled := e.Fill(map[string]string{"region": "eu-west-1", "project": "abc",
		"site": "acme", "shop": "acme"})
	if _, err := policy.ParseBase(filled, false); err != nil ||
		!strings.HasPrefix(filled, "https://") {
		t.Errorf("%s: %v", filled, err)
	}
	if u, err := url.Parse(e.Docs); err != nil || u.Host == "" {
		t.Errorf("docs %q: %v", e.Docs, err)
	}
	if e.TestPath != "" {
		if _, d := policy.Judge(policy.Unrestricted(), policy.Options{},
			"GET", e.TestPath); d.Outcome != policy.Allowed {
			t.Errorf("testPath: %s", d.Reason)
		}
	}
	for name, value := range e.Headers {
		if !wire.ValidName(name) || !wire.ValidValue(value) {
			t.Errorf("header %s: %s", name, value)
		}
	}
}

// checkAuth also checks that no fixed field is one that should be sealed.
func checkAuth(t *testing.T, e Template) {
	scheme, ok := sign.Lookup(e.Auth.Type)
	if !ok {
		return
	}
	field := func(name string) (sign.Field, bool) {
		i := slices.IndexFunc(scheme.Fields, func(f sign.Field) bool { return f.Name == name })
		if i < 0 {
			return sign.Field{}, false
		}
		return scheme.Fields[i], true
	}
	for name := range e.Auth.Fixed {
		if f, known := field(name); !known || f.Secret {
			t.Errorf("%s is no field that a template may fix", name)
		}
	}
	if (e.Auth.Type == "headers") != (len(e.Auth.Headers) > 0) {
		t.Error("type headers and the headers of auth belong together")
	}
	for name, value := range e.Auth.Headers {
		if !wire.ValidName(name) ||
			!strings.Contains(value, "{key}") && !strings.Contains(value, "{secret}") {
			t.Errorf("auth header %s holds no credential", name)
		}
	}
	for variable, to := range e.Env {
		_, known := field(to)
		word := strings.Trim(to, "<>")
		ofHeaders := len(e.Auth.Headers) > 0 &&
			(to == "key" || to == "secret" && e.Auth.NeedsSecret())
		if !known && !ofHeaders && to != "url" &&
			!(word != to && slices.Contains(e.Blanks(), word)) {
			t.Errorf("%s leads to %q, which is nowhere", variable, to)
		}
	}
}

// TestVariablesAreUnique: a variable of a .env file must lead to one API.
func TestVariablesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, e := range entries(t) {
		for name := range e.Env {
			if seen[name] != "" {
				t.Errorf("%s leads to %s and %s", name, seen[name], e.Name)
			}
			seen[name] = e.Name
		}
	}
}

// TestOnlyKnownTypesAreOffered: a template with an unknown auth type would make a service that
// cannot be loaded.
func TestOnlyKnownTypesAreOffered(t *testing.T) {
	var hidden []string
	for _, e := range entries(t) {
		_, signs := sign.Lookup(e.Auth.Type)
		if _, offered := Find(e.Name); offered != signs {
			t.Errorf("%s: offered %v, and auth type %s is known: %v", e.Name, offered,
				e.Auth.Type, signs)
		}
		if !signs {
			hidden = append(hidden, e.Name)
		}
	}
	if len(All())+len(hidden) != len(entries(t)) {
		t.Errorf("%d offered, %v hidden", len(All()), hidden)
	}
}

// TestCorrected checks what the real APIs need and earlier directories had wrong.
func TestCorrected(t *testing.T) {
	for name, want := range map[string]string{
		"twilio": "basic", "mixpanel": "basic", "discord": "bearer Bot", "linear": "bearer none",
		"coinbase": "jwt-es256", "anthropic": "headers", "supabase": "headers",
		"planetscale": "headers", "pagerduty": "headers", "kraken": "hmac-kraken",
	} {
		e, ok := Find(name)
		if got := strings.TrimSpace(e.Auth.Type + " " + e.Auth.Fixed["scheme"]); !ok ||
			got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, header := range map[string]string{
		"anthropic": "anthropic-version", "notion": "Notion-Version",
	} {
		if e, _ := Find(name); e.Headers[header] == "" {
			t.Errorf("%s sends no %s", name, header)
		}
	}
	if e, _ := Find("supabase"); e.Auth.Headers["apikey"] != "{key}" ||
		e.Auth.Headers["Authorization"] != "Bearer {key}" {
		t.Errorf("supabase: %v", e.Auth.Headers)
	}
}

func TestSearch(t *testing.T) {
	for query, want := range map[string]string{
		"STRIPE": "stripe", "payments": "shopify stripe", "voice of nobody": "", "s3": "aws-s3",
		"e-mail": "aws-ses jira resend sendgrid",
	} {
		var got []string
		for _, e := range Search(query) {
			got = append(got, e.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
	if len(Search("")) != len(All()) {
		t.Error("an empty query does not show everything")
	}
}

func TestBlanks(t *testing.T) {
	e, _ := Find("aws-s3")
	if got := e.Fill(map[string]string{"region": "eu-west-1"}); got !=
		"https://s3.eu-west-1.amazonaws.com" {
		t.Error(got)
	}
	if got := e.Fill(nil); got != e.BaseURL || strings.Join(e.Blanks(), " ") != "region" {
		t.Error(got, e.Blanks())
	}
}

func TestUnknownKeysFail(t *testing.T) {
	if _, err := parse([]byte("- {name: x, colour: blue}\n")); err == nil {
		t.Error("an unknown key is taken")
	}
}
