package cli

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
	"github.com/true-and-useful/janee/cmd/janee/internal/directory/directorytest"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/sign"
)

// TestAddEveryTemplate adds each API that Janee knows without a terminal, as scripts do. Each
// category has a home of its own, because a large config.yaml takes long to change.
func TestAddEveryTemplate(t *testing.T) {
	categories := map[string][]directory.Template{}
	for _, known := range directory.All() {
		categories[known.Category()] = append(categories[known.Category()], known)
	}
	for category, list := range categories {
		t.Run(category, func(t *testing.T) {
			t.Parallel()
			addAll(t, list)
		})
	}
}

func addAll(t *testing.T, list []directory.Template) {
	m := newMachine(t)
	if code, _, stderr := m.run("init"); code != 0 {
		t.Fatal(stderr)
	}
	for _, known := range list {
		args := m.addArguments(t, known)
		if code, stdout, _ := m.run(args...); code != 0 {
			t.Fatalf("%s: exit %d %s", strings.Join(args, " "), code, stdout)
		}
	}
	text, err := os.ReadFile(filepath.Join(m.home, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range list {
		s := c.Services[known.Name]
		if s.TestPath != known.TestPath || s.Docs != known.Docs || s.Auth.Type != known.Auth.Type {
			t.Errorf("%s: %s %s %s", known.Name, s.TestPath, s.Docs, s.Auth.Type)
		}
		if want := operations(known); s.Options.Operations.String() != want {
			t.Errorf("%s: query operations %q, want %q", known.Name, s.Options.Operations, want)
		}
	}
}

// operations is what config.yaml makes of the query operations of a template.
func operations(known directory.Template) string {
	keys := known.QueryOperations
	if known.Name == "aws-s3" { // its auth type has them by default
		keys = []string{"s3"}
	}
	if len(keys) == 1 {
		if family, ok := policy.NamedOperations(keys[0]); ok {
			return family.String()
		}
	}
	return policy.ListedOperations(keys).String()
}

// addArguments is the command line for a template, with secrets in the environment.
func (m *machine) addArguments(t *testing.T, known directory.Template) []string {
	scheme, _ := sign.Lookup(known.Auth.Type)
	flags := secretFlags{flags: newSecretFlags()}
	args := []string{"add", known.Name, "--json"}
	words := map[string]string{}
	for _, part := range known.Needs() {
		word := strings.Trim(part, "<>")
		if word != part {
			words[word] = "acme"
			if pick(scheme, []string{word}) != "" {
				args = append(args, "--field", word+"=acme")
			}
			continue
		}
		field := part
		if part == "secret" {
			field = "apiSecret"
		}
		value := directorytest.Value(known.Auth.Type, part)
		switch flag, text := flags.flagOf(field); {
		case flag == nil:
			t.Errorf("%s: no flag for %s: %s", known.Name, part, text)
		case flag.env == "":
			args = append(args, "--"+flag.name, value)
		default:
			args = append(args, "--"+flag.env, m.variable(value))
		}
	}
	if len(directory.Blanks(known.BaseURL)) > 0 {
		args = append(args, "-u", directory.Fill(known.BaseURL, words))
	}
	if user := known.Auth.Fixed["username"]; len(directory.Blanks(user)) > 0 {
		args = append(args, "--username", directory.Fill(user, words))
	}
	return args
}

// variable puts value into the environment, and returns its name there.
func (m *machine) variable(value string) string {
	rest, name := m.Getenv, fmt.Sprintf("SAMPLE_%x", sha256.Sum256([]byte(value)))
	m.Getenv = func(asked string) string {
		if asked == name {
			return value
		}
		return rest(asked)
	}
	return name
}

// TestImportEveryVariable imports a .env file with a variable for each part of each API, under the
// most usual name.
func TestImportEveryVariable(t *testing.T) {
	t.Parallel()
	file, want := dotenv(func(names []string) string { return names[0] }, false)
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	code, stdout, stderr := m.run("import", "--env", path, "--apply", "--json")
	var report importReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 0 {
		t.Fatalf("exit %d: %v %s %s", code, err, stdout, stderr)
	}
	var got []string
	for _, s := range report.Services {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("imported %v, want %v", got, want)
	}
	if len(report.Unknown) > 0 || len(report.NotCarried) > 0 {
		t.Errorf("left out: %v %v", report.Unknown, report.NotCarried)
	}
}

// TestPlanEveryVariable is the same for the least usual names, and addresses in place of words.
func TestPlanEveryVariable(t *testing.T) {
	file, want := dotenv(func(names []string) string { return names[len(names)-1] }, true)
	pairs, err := parseDotenv([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	v := &variables{pairs: pairs, used: map[int]bool{}}
	plan := v.plan()
	var got []string
	for _, s := range plan.Services {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, want) || len(v.unknown()) > 0 || len(plan.Left) > 0 {
		t.Errorf("got %v, want %v; left out: %v %v", got, want, v.unknown(), plan.Left)
	}
}

// dotenv is a .env file of all APIs that have variables, and their names.
func dotenv(choose func([]string) string, byURL bool) (file string, services []string) {
	for _, known := range directory.All() {
		if lines := dotenvOf(known, choose, byURL); lines != "" {
			file += lines
			services = append(services, known.Name)
		}
	}
	return file, services
}

// dotenvOf gives each part that a template needs, or nothing if the variables are another's.
func dotenvOf(known directory.Template, choose func([]string) string, byURL bool) string {
	var b strings.Builder
	for _, part := range known.Needs() {
		value, names := directorytest.Value(known.Auth.Type, part), known.Env[part]
		if part != strings.Trim(part, "<>") {
			value = "acme"
			inURL := slices.Contains(directory.Blanks(known.BaseURL), strings.Trim(part, "<>"))
			if urls := known.Env["url"]; inURL && len(urls) > 0 && (byURL || len(names) == 0) {
				value, names = "https://acme.example.com", urls
			}
		}
		names = slices.DeleteFunc(slices.Clone(names), func(n string) bool {
			return known.Part(n) == ""
		})
		if len(names) == 0 {
			return ""
		}
		fmt.Fprintf(&b, "%s=\"%s\"\n", choose(names), value)
	}
	return b.String()
}

func TestPlans(t *testing.T) {
	const left = "has another value than a variable above it"
	for _, c := range []struct{ file, base, credential, left string }{
		{"GITHUB_TOKEN=one_value\nGH_TOKEN=one_value", "https://api.github.com", "key=one_value",
			""},
		{"GH_TOKEN=one_value\nGITHUB_TOKEN=other", "https://api.github.com", "key=one_value",
			"github: GITHUB_TOKEN " + left},
		{"GITHUB_TOKEN=\nGH_TOKEN=one_value", "https://api.github.com", "key=one_value",
			"github: GITHUB_TOKEN is empty"},
		{"GITHUB_TOKEN=x_value\nGITHUB_API_URL=https://git.example.com/api/v3",
			"https://git.example.com/api/v3", "key=x_value", ""},
		{"GITLAB_TOKEN=x_value\nGITLAB_HOST=git.example.com", "https://git.example.com/api/v4",
			"key=x_value", ""},
		{"GOOGLE_API_KEY=x_value", "https://generativelanguage.googleapis.com",
			"headers.x-goog-api-key=x_value", ""},
		{"ZENDESK_EMAIL=ann@example.com\nZENDESK_API_TOKEN=x_value\nZENDESK_SUBDOMAIN=acme",
			"https://acme.zendesk.com/api/v2",
			"password=x_value showIdentity=true username=ann@example.com/token", ""},
		{"SHOPIFY_SHOP=acme.myshopify.com\nSHOPIFY_ACCESS_TOKEN=x_value",
			"https://acme.myshopify.com", "headers.X-Shopify-Access-Token=x_value", ""},
		{"AWS_ACCESS_KEY_ID=an_id\nAWS_SECRET_ACCESS_KEY=x_value\nAWS_REGION=eu-west-1",
			"https://s3.eu-west-1.amazonaws.com",
			"accessKeyId=an_id awsService=s3 region=eu-west-1 secretAccessKey=x_value " +
				"showIdentity=true", ""},
		{"AZURE_STORAGE_ACCOUNT=acme\nAZURE_STORAGE_KEY=eF92YWx1ZQ==",
			"https://acme.blob.core.windows.net", "account=acme key=eF92YWx1ZQ==", ""},
		{"AZURE_DEVOPS_PAT=x_value\nAZURE_DEVOPS_ORG_URL=https://ado.example.com",
			"https://ado.example.com", "password=x_value showIdentity=true username=pat", ""},
		{"TRELLO_API_KEY=a_key\nTRELLO_TOKEN=x_value", "https://api.trello.com/1",
			`headers.Authorization=OAuth oauth_consumer_key="a_key", oauth_token="x_value"`, ""},
		{"AWS_ACCESS_KEY_ID=an_id\nAWS_SECRET_ACCESS_KEY=x_value", "", "",
			"aws-s3: AWS_REGION is missing"},
		{"SUPABASE_KEY=x_value", "", "", "supabase: SUPABASE_URL is missing"},
		{"HASS_TOKEN=x_value\nHASS_SERVER=http://192.168.1.5:8123", "", "",
			"home-assistant: reading base URL: plain http"},
	} {
		pairs, err := parseDotenv([]byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		plan := (&variables{pairs: pairs, used: map[int]bool{}}).plan()
		base, credential := "", []string{}
		for _, s := range plan.Services {
			base += s.BaseURL
			for path, value := range s.Credential {
				credential = append(credential, path+"="+value.Reveal())
			}
		}
		slices.Sort(credential)
		if base != c.base || strings.Join(credential, " ") != c.credential {
			t.Errorf("%s: %s %s", c.file, base, credential)
		}
		if told := strings.Join(plan.Left, "; "); (c.left == "") != (told == "") ||
			!strings.HasPrefix(told, c.left) {
			t.Errorf("%s: told %q, want %q", c.file, told, c.left)
		}
	}
}
