package directory

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
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
	if len(list) != 156 {
		t.Errorf("%d entries, want 156", len(list))
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
			checkEnv(t, e)
			checkOperations(t, e)
		})
	}
}

// TestOrder: people look an API up in the list by what it is for, then by its name.
func TestOrder(t *testing.T) {
	if !slices.IsSortedFunc(entries(t), func(a, b Template) int {
		return cmp.Or(cmp.Compare(a.Category(), b.Category()), cmp.Compare(a.Name, b.Name))
	}) {
		t.Error("services.yaml is not in order of first tag and name")
	}
}

func checkAddress(t *testing.T, e Template) {
	filled := Fill(e.BaseURL, sampleWords(e))
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

// sampleWords fills every blank of a template.
func sampleWords(e Template) map[string]string {
	words := map[string]string{}
	texts := append(slices.Collect(maps.Values(e.Auth.Fixed)), e.BaseURL)
	for _, word := range Blanks(strings.Join(texts, " ")) {
		words[word] = "acme"
	}
	return words
}

func field(scheme *sign.Scheme, name string) (sign.Field, bool) {
	i := slices.IndexFunc(scheme.Fields, func(f sign.Field) bool { return f.Name == name })
	if i < 0 {
		return sign.Field{}, false
	}
	return scheme.Fields[i], true
}

// placeholders are secret fields that APIs want and ignore.
var placeholders = []string{
	"anystring", "api", "pat", "X", "api_token", "<email>/token",
}

// checkAuth also checks that no fixed field is one that should be sealed.
func checkAuth(t *testing.T, e Template) {
	scheme, ok := sign.Lookup(e.Auth.Type)
	if !ok {
		return
	}
	for name, value := range e.Auth.Fixed {
		f, known := field(scheme, name)
		if !known || f.Secret && !slices.Contains(placeholders, value) {
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
}

// checkEnv also checks that variables can give the whole credential.
func checkEnv(t *testing.T, e Template) {
	if len(e.Env) == 0 {
		return
	}
	scheme, _ := sign.Lookup(e.Auth.Type)
	for _, part := range e.Needs() {
		inURL := slices.Contains(Blanks(e.BaseURL), strings.Trim(part, "<>"))
		if len(e.Env[part]) == 0 && (!inURL || len(e.Env["url"]) == 0) {
			t.Errorf("no variable gives %s", part)
		}
	}
	for part := range e.Env {
		_, optional := field(scheme, part)
		inURL := slices.Contains(Blanks(e.BaseURL), strings.Trim(part, "<>"))
		if part != "url" && !optional && !inURL && !slices.Contains(e.Needs(), part) {
			t.Errorf("variables of %s lead nowhere", part)
		}
	}
	if _, known := Find(e.YieldsTo); e.YieldsTo != "" && !known {
		t.Errorf("yields to %q, which does not exist", e.YieldsTo)
	}
}

func checkOperations(t *testing.T, e Template) {
	if len(e.QueryOperations) == 1 &&
		slices.Contains(policy.OperationFamilies(), e.QueryOperations[0]) {
		return
	}
	for _, key := range e.QueryOperations {
		if !policy.ValidQueryKey(key) {
			t.Errorf("queryOperations: %q is no query key", key)
		}
	}
}

// TestVariablesAreUnique: a variable must lead to one part of one API. The others that have it too
// say which.
func TestVariablesAreUnique(t *testing.T) {
	valid := regexp.MustCompile(`^(TF_TOKEN_[a-z_]+|[A-Z][A-Z0-9_]*)$`) // Terraform's has a host
	owners := map[string]string{}
	for _, e := range entries(t) {
		for part, names := range e.Env {
			for _, name := range names {
				if !valid.MatchString(name) {
					t.Errorf("%s: %q is not the name of a variable", e.Name, name)
				}
				if e.Part(name) == "" {
					continue // it yields
				}
				if e.Part(name) != part || owners[name] != "" {
					t.Errorf("%s leads to %s and %s of %s", name, owners[name], part, e.Name)
				}
				owners[name] = e.Name
			}
		}
	}
	for name, want := range map[string]string{"GOOGLE_API_KEY": "gemini",
		"AWS_ACCESS_KEY_ID": "aws-s3", "ATLASSIAN_API_TOKEN": "jira",
		"YOUTUBE_API_KEY": "youtube", "TF_TOKEN_app_terraform_io": "terraform-cloud",
		"GITEA_SERVER_TOKEN": "gitea", "NPM_AUTH_TOKEN": "npm", "PD_API_KEY": "pagerduty",
		"X_API_KEY": "twitter", "X_API_KEY_SECRET": "twitter", "X_ACCESS_TOKEN": "twitter",
		"X_ACCESS_TOKEN_SECRET": "twitter"} {
		if owners[name] != want {
			t.Errorf("%s leads to %q, want %s", name, owners[name], want)
		}
	}
}

// TestFirstVariables: the first name is the one that the vendor's own tools read.
func TestFirstVariables(t *testing.T) {
	for name, want := range map[string]string{
		"azure-devops": "AZURE_DEVOPS_EXT_PAT",
		"digitalocean": "DIGITALOCEAN_ACCESS_TOKEN",
		"figma":        "FIGMA_ACCESS_TOKEN",
		"fly":          "FLY_API_TOKEN",
		"gitea":        "GITEA_ACCESS_TOKEN",
		"github":       "GITHUB_TOKEN",
		"gitlab":       "GITLAB_TOKEN",
		"hetzner":      "HCLOUD_TOKEN",
		"huggingface":  "HF_TOKEN",
		"netlify":      "NETLIFY_AUTH_TOKEN",
		"openai":       "OPENAI_API_KEY",
		"pagerduty":    "PAGERDUTY_USER_API_KEY",
	} {
		e, _ := Find(name)
		part := "key"
		if e.Auth.Type == "basic" {
			part = "password"
		}
		if names := e.Env[part]; len(names) == 0 || names[0] != want {
			t.Errorf("%s: %v, want %s first", name, names, want)
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

func TestFill(t *testing.T) {
	for _, c := range []struct{ text, word, want string }{
		{"https://s3.<x>.amazonaws.com", "eu-west-1", "https://s3.eu-west-1.amazonaws.com"},
		{"https://<x>.zendesk.com/api", "acme", "https://acme.zendesk.com/api"},
		{"https://<x>.zendesk.com/api", "acme.zendesk.com", "https://acme.zendesk.com/api"},
		{"https://<x>.zendesk.com/api", "https://acme.zendesk.com/",
			"https://acme.zendesk.com/api"},
		{"https://<x>/api", "grafana.example.com", "https://grafana.example.com/api"},
		{"<x>/token", "ann@example.com", "ann@example.com/token"},
		{"https://<x>.zendesk.com/api", "", "https://<x>.zendesk.com/api"},
	} {
		if got := Fill(c.text, map[string]string{"x": c.word}); got != c.want {
			t.Errorf("%s with %s: %s, want %s", c.text, c.word, got, c.want)
		}
	}
}

func TestUnknownKeysFail(t *testing.T) {
	if _, err := parse([]byte("- {name: x, colour: blue}\n")); err == nil {
		t.Error("an unknown key is taken")
	}
}
