package doctor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
)

func TestSecretNames(t *testing.T) {
	const v = "a1b2c3d4e5f6g7h8i9j0"
	for text, want := range map[string]string{
		`{"env":{"STRIPE_KEY":"` + v + `"}}`:                            "STRIPE_KEY",
		"{\n \"env\": {\n  \"apiToken\" : \"" + v + "\"\n }}":           "apiToken",
		"export OPENAI_API_KEY=" + v + "\nA=1\n":                        "OPENAI_API_KEY",
		"DB_PASSWORD='" + v + "' # mine":                                "DB_PASSWORD",
		"[mcp_servers.x.env]\nSECRET = \"" + v + "\"\n":                 "SECRET",
		"\r\nA_KEY=" + v + "\r\nB_KEY=" + v + "\r\n":                    "A_KEY,B_KEY",
		`{"headers":{"Authorization":"Bearer ghp_` + v + `"}}`:          "Authorization",
		`{"args":["--key","sk-` + v + `"]}`:                             unnamed,
		`{"args":["-H","Authorization: Bearer xoxb-` + v + `"]}`:        unnamed,
		"MY_AWS=AKIA" + strings.ToUpper(v):                              "MY_AWS",
		"GL=glpat-" + v + "\nGP=github_pat_" + v:                        "GL,GP",
		"JANEE_MASTER_KEY=janee-key-v1:" + v:                            "JANEE_MASTER_KEY",
		"JANEE_TOKEN=" + v:                                              "",
		"A_KEY=short1":                                                  "",
		"A_KEY=only-letters-and-no-digits":                              "",
		"A_KEY=12345678901234567890":                                    "",
		"A_KEY=${env:A1_LONG_ENOUGH_NAME}":                              "",
		"A_KEY=$A1_LONG_ENOUGH_NAME":                                    "",
		"A_KEY=op://vault1/item/field":                                  "",
		"A_KEY=/home/me/keys/number1.pem":                               "",
		"A_KEY_FILE=keys-of-mine-number-1":                              "",
		"A_KEY=your-api-key-goes-here-1":                                "",
		"A_KEY=sk-xxxxxxxxxxxxxxxxxxx1":                                 "",
		"A_NAME=" + v:                                                   "",
		`{"task":"risk-assessment-of-number-12345 task-a1b2c3d4e5f6g"}`: "",
		"": "",
	} {
		if got := strings.Join(secretNames(text), ","); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

// TestSecretNamesIsLinear reads a file that is hostile to backtracking.
func TestSecretNamesIsLinear(t *testing.T) {
	began := time.Now()
	secretNames(strings.Repeat(`a="\`, 1<<16) + strings.Repeat("KEY=", 1<<16))
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("took %v for half a MiB", d)
	}
}

func TestClientFilesAreNamedOnce(t *testing.T) {
	p := &patient{Machine: Machine{Clients: clients.Machine{OS: "linux", Home: "/home/me",
		ConfigDir: "/home/me/.config", WorkDir: "/home/me",
		Getenv: func(string) string { return "" }, Exists: func(string) bool { return false }}}}
	var files []string
	for _, f := range p.clientFiles() {
		files = append(files, f.path)
	}
	sorted := slices.Sorted(slices.Values(files))
	if len(files) < 24 || len(slices.Compact(sorted)) != len(files) {
		t.Errorf("%q", files)
	}
}

// FuzzSecretNames: no value is ever returned.
func FuzzSecretNames(f *testing.F) {
	f.Add(`{"A_KEY":"a1b2c3d4e5f6g7h8i9j0"}`)
	f.Add("A_KEY=sk-a1b2c3d4e5f6g7h8i9j0")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range secretNames(text) {
			if name != unnamed && (len(name) > 64 || !strings.Contains(text, name)) {
				t.Errorf("%q", name)
			}
		}
	})
}
