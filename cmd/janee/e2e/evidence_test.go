//go:build !race

package e2e

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/sealed"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/sign"
	"github.com/true-and-useful/janee/core/vault"
)

// evidence is what one test has seen of janee, and where its files lie. At the end no secret of the
// test may stand in any of it: neither what its home holds sealed by then, nor what it was given on
// the way, nor the root key.
type evidence struct {
	dir    string // all files of the test
	getenv func(string) string

	mu    sync.Mutex
	seen  bytes.Buffer    // what agents, terminals and other processes saw
	given []string        // secrets that may be gone by the end
	plain map[string]bool // files that hold a secret on purpose
}

// Write keeps what was seen. A nil evidence keeps nothing.
func (e *evidence) Write(p []byte) (int, error) {
	if e == nil {
		return len(p), nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen.Write(p)
}

// secret names one of the test.
func (e *evidence) secret(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text = strings.TrimSpace(text); !slices.Contains(e.given, text) {
		e.given = append(e.given, text)
	}
}

// process keeps what other processes see of one: its arguments and, where they may be read, its
// environment.
func (e *evidence) process(pid int) {
	for _, name := range []string{"cmdline", "environ"} {
		text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		_, _ = e.Write(text)
	}
}

// fault is in each line by which janee reports that it is wrong itself, such as calls that never
// came to an end.
const fault = "this is a fault in Janee"

// problems searches everything.
func (e *evidence) problems() (all []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	secrets := append(e.stored(), e.given...)
	if what := found(e.seen.Bytes(), secrets); what != "" {
		all = append(all, "a secret was shown: "+what)
	}
	if bytes.Contains(e.seen.Bytes(), []byte(fault)) {
		all = append(all, "janee has found a fault in itself: see what it said to its owner")
	}
	_ = filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || e.plain[path] ||
			path == e.getenv("JANEE_KEY_FILE") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.HasPrefix(text, []byte("janee-key-v1:")) {
			if what := found(text, secrets); what != "" {
				all = append(all, path+": "+what)
			}
		}
		return nil
	})
	return all
}

// stored is every secret of the home, sealed or in plaintext, and its root key. What does not open
// is none.
func (e *evidence) stored() (secrets []string) {
	dir, err := home.Dir(e.getenv)
	if err != nil {
		return nil
	}
	h, err := home.Open(dir)
	if err != nil {
		return nil
	}
	s, err := opened.Read(keysource.New(e.getenv), h)
	if err != nil || s.Vault == nil {
		return nil
	}
	if s.Config.HasPlaintext() {
		e.plain[h.ConfigPath()] = true
	}
	for _, service := range s.Config.Services {
		secrets = append(secrets, secretsOf(s.Vault, service)...)
	}
	return append(secrets, e.rootKey()...)
}

// secretsOf is what must not be shown of a service, whether it is sealed or stands in config.yaml
// as a person wrote it. What names an account may be shown.
func secretsOf(v *vault.Vault, service *config.Service) (secrets []string) {
	scheme, ok := sign.Lookup(service.Auth.Type)
	if !ok {
		return nil
	}
	held := sign.Credential{}
	for path, v := range service.Auth.Fields {
		held[path] = v.Plain
	}
	for _, f := range sealed.Fields(v, service) {
		if f.Err == nil {
			held[f.Path] = f.Plain
		}
	}
	for _, text := range scheme.Secrets(held) {
		secrets = append(secrets, text.Reveal())
	}
	return secrets
}

func (e *evidence) rootKey() []string {
	text, err := os.ReadFile(e.getenv("JANEE_KEY_FILE"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, encoded, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	raw, _ := base64.RawURLEncoding.DecodeString(encoded)
	return []string{encoded, string(raw)}
}

// watched is the T of a story: it reads the log of what each command printed.
type watched struct {
	*testing.T
	*evidence
}

func (w watched) Run(name string, f func(testscript.T)) {
	w.T.Run(name, func(t *testing.T) { f(watched{t, &evidence{plain: map[string]bool{}}}) })
}

// Verbose has testscript keep what successful commands printed.
func (w watched) Verbose() bool { return true }

func (w watched) Log(args ...any) {
	w.T.Helper()
	for _, arg := range args {
		text, _ := arg.(string)
		_, _ = w.evidence.Write([]byte(printed(text)))
	}
	for _, problem := range w.problems() {
		w.T.Error(problem)
	}
	w.T.Log(args...)
}

// printed is what commands said in the log of a story. Left out are the lines of the story itself,
// which may name its key, what an API was asked, and what follows `plaintext stdout`.
func printed(log string) string {
	var said strings.Builder
	wanted, quiet := false, false
	for line := range strings.Lines(log) {
		if command, ok := strings.CutPrefix(line, "> "); ok {
			quiet, wanted = wanted || strings.HasPrefix(command, "requests "),
				command == "plaintext stdout\n"
		} else if !quiet && !strings.HasPrefix(line, "#") {
			said.WriteString(line)
		}
	}
	return said.String()
}

// watch is the part of a story's setup that the search needs. Files that come with a story hold
// what it wants.
func watch(env *testscript.Env) {
	w := env.T().(watched)
	w.dir, w.getenv, env.Values["evidence"] = env.WorkDir, env.Getenv, w.evidence
	_ = filepath.WalkDir(env.WorkDir, func(path string, _ fs.DirEntry, _ error) error {
		w.plain[path] = true
		return nil
	})
}

// cmdPlaintext names files that hold a secret because the story wants it so, `plaintext FILE…`, or
// says that the next command will print one, `plaintext stdout`.
func cmdPlaintext(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: plaintext FILE…")
	}
	for _, name := range args {
		onPurpose(ts, name)
	}
}

// onPurpose names a file that holds a secret because the story wants it so.
func onPurpose(ts *testscript.TestScript, name string) {
	e := ts.Value("evidence").(*evidence)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plain[ts.MkAbs(name)] = true
}

// TestEvidenceIsSearched leaves a key where it must not be: in a file, on the way to an agent,
// after it was removed; and has janee find a fault in itself.
func TestEvidenceIsSearched(t *testing.T) {
	const key = "key_that_a_test_leaves_behind"
	for name, leave := range map[string]func(p *place){
		"file": func(p *place) {
			_ = os.WriteFile(filepath.Join(p.dir, "left"), []byte(percent(key)), 0o600)
		},
		"output":   func(p *place) { _, _ = p.Write([]byte("Bearer " + key)) },
		"root key": func(p *place) { _, _ = p.Write([]byte(p.rootKey()[0])) },
		"fault": func(p *place) {
			_, _ = p.Write([]byte("janee: 2 calls never came to an end; " + fault + "\n"))
		},
		"removed": func(p *place) {
			p.run("", "remove", "api", "--yes")
			_, _ = p.Write([]byte(key))
		},
		"nothing": func(*place) {},
	} {
		p := newPlace(t)
		p.run(key+"\n", "add", "api", "-u", "https://api.example.com", "--auth-type",
			"bearer", "-k", "-")
		if leave(p); (len(p.problems()) == 0) != (name == "nothing") {
			t.Errorf("%s: %v", name, p.problems())
		}
		p.seen.Reset()
		_ = os.Remove(filepath.Join(p.dir, "left"))
	}
}
