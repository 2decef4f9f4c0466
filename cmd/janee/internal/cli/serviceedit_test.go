package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
)

const editedServices = `
services:
  one:
    baseUrl: https://one.example
    auth: {type: bearer, key: key_of_service_one}
  two:
    baseUrl: https://two.example
    auth: {type: bearer, key: key_of_service_two}
`

// editing is a home with two services, whose secrets are sealed.
func editing(t *testing.T) (env *Env, stderr *bytes.Buffer, path string) {
	t.Helper()
	dir := t.TempDir()
	vars := map[string]string{
		"JANEE_HOME":     filepath.Join(dir, "home"),
		"JANEE_KEY_FILE": filepath.Join(dir, "key", "root.key"),
	}
	stderr = &bytes.Buffer{}
	env = &Env{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: stderr,
		Getenv:   func(name string) string { return vars[name] },
		Terminal: func() (*term.Terminal, error) { return nil, term.ErrNone }}
	s, err := opened.Init(env.Keys(), vars["JANEE_HOME"])
	if err != nil {
		t.Fatal(err)
	}
	path = s.Home.ConfigPath()
	rewrite(t, path, func(text string) string { return text + editedServices })
	if _, err := opened.Open(env.Keys()); err != nil {
		t.Fatal(err)
	}
	return env, stderr, path
}

func rewrite(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestMovedTextIsNotResealed: sealed text that was copied under another service must not be opened
// for that service's site.
func TestMovedTextIsNotResealed(t *testing.T) {
	env, stderr, path := editing(t)
	s, err := opened.Open(env.Keys())
	if err != nil {
		t.Fatal(err)
	}
	one, two := s.Config.Services["one"].Auth.Fields["key"].Sealed,
		s.Config.Services["two"].Auth.Fields["key"].Sealed
	rewrite(t, path, func(text string) string { return strings.Replace(text, two, one, 1) })
	for _, args := range [][]string{
		{"-u", "https://evil.example", "--yes"}, {"-u", "https://two.example/v2", "--yes"},
	} {
		stderr.Reset()
		if code := Main(append([]string{"service", "edit", "two"}, args...), env); code != 1 ||
			!strings.Contains(stderr.String(), `was sealed as key of service "one"`) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	// A credential given anew replaces it, whatever it was.
	env.Stdin = strings.NewReader("a_new_key_for_two")
	if code := Main([]string{"service", "edit", "two", "-k", "-"}, env); code != 0 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestAgreementHoldsForWhatWasShown: config.yaml may change while the person reads the question.
func TestAgreementHoldsForWhatWasShown(t *testing.T) {
	env, _, path := editing(t)
	s, err := opened.Open(env.Keys())
	if err != nil {
		t.Fatal(err)
	}
	var o serviceEdit
	c := serviceEditCommand(env)
	o.flagSet = c.Flags()
	if err := o.flagSet.Set("url", "https://new.example"); err != nil {
		t.Fatal(err)
	}
	agreed, err := o.plan(s, s.Config.Services["two"], nil)
	if err != nil || strings.Join(agreed.leaves, " ") != "https://two.example" {
		t.Fatalf("%v, leaves %v", err, agreed.leaves)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.apply(s, before, "two", nil, agreed); err != nil {
		t.Error(err)
	}
	agreed.leaves = []string{"https://harmless.example"}
	if out, err := o.apply(s, before, "two", nil, agreed); err == nil ||
		!strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("%v\n%s", err, out)
	}
}
