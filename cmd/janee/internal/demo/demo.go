// Package demo shows a newcomer what Janee does (`janee demo`). Run sets up a temporary home with
// the real binary, has an agent talk to a real `janee serve` over stdio, and lets it call an HTTPS
// API on the loopback interface that needs a key. At the end it searches everything that the agent
// has received for the key.
//
// Only the API is simulated. The demo does not touch the user's own home, and removes its files.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options configure a run of the demo.
type Options struct {
	Janee  string // the path of the binary
	Out    io.Writer
	Getenv func(string) string
}

type story struct {
	Options
	ctx     context.Context
	dir     string
	environ []string
	key     string
	api     *api
}

// Run runs the whole demo. It returns an error if a step has another outcome than it should.
func Run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "janee-demo-")
	if err != nil {
		return fmt.Errorf("making a temporary home: %w", err)
	}
	defer os.RemoveAll(dir)
	s := &story{Options: o, ctx: ctx, dir: dir, key: newKey(), environ: environ(o.Getenv, dir)}
	if s.api, err = startAPI(s.key, filepath.Join(dir, "ca.pem")); err != nil {
		return err
	}
	defer s.api.server.Close()
	if err := s.owner(); err != nil {
		return err
	}
	received, err := s.agent()
	if err != nil {
		return err
	}
	return errors.Join(s.record(), s.search(received))
}

func newKey() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return "demo_key_" + hex.EncodeToString(b[:])
}

// environ is a minimal environment with the demo's own home and key file, and nothing that names
// the user's own.
func environ(getenv func(string) string, dir string) []string {
	return []string{
		"PATH=" + getenv("PATH"), "HOME=" + dir, "JANEE_HOME=" + filepath.Join(dir, "home"),
		"JANEE_KEY_FILE=" + filepath.Join(dir, "root.key"),
	}
}

// owner does what an owner does once: init, add, and a read-only capability.
func (s *story) owner() error {
	s.say("\nYou, once\n")
	if _, err := s.janee("", "init"); err != nil {
		return err
	}
	s.step("janee init", "a home with config.yaml; the root key is kept outside of it")
	if _, err := s.janee(s.key, "add", "bank", "-u", s.api.url, "--auth-type", "bearer", "-k", "-",
		"--ca-file", filepath.Join(s.dir, "ca.pem"), "--no-capability"); err != nil {
		return err
	}
	s.step("janee add bank -u "+s.api.url+" --auth-type bearer",
		"the key is stored, sealed with AES-256-GCM")
	if _, err := s.janee("", "cap", "add", "bank_readonly", "-s", "bank", "--allow", "GET *",
		"--deny", "POST *"); err != nil {
		return err
	}
	s.step(`janee cap add bank_readonly -s bank --allow "GET *" --deny "POST *"`,
		"agents may read, for an hour at a time, but not charge")
	return nil
}

// agent plays the agent's part and returns everything that the agent received.
func (s *story) agent() ([]byte, error) {
	s.say("\nYour agent, through `janee serve`\n")
	a, err := startAgent(s.ctx, s.Janee, s.environ)
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.conversation(a), a.close())
	return a.received.Bytes(), err
}

func (s *story) conversation(a *agent) error {
	list, err := a.tool("list_services", nil)
	if err != nil {
		return err
	}
	if !strings.Contains(list.text(), "bank_readonly") {
		return fmt.Errorf("list_services does not name the capability: %s", list.text())
	}
	s.step("list_services", "it sees: capability bank_readonly of service bank, and its rules")
	return errors.Join(
		s.execute(a, "GET", "/v1/balance", "200"),
		s.execute(a, "POST", "/v1/charges", "RULE_DENY"),
		s.execute(a, "GET", "/v1/balance/../charges", "REQUEST_REJECTED"))
}

// execute makes one call and checks its outcome, which is a status or a reason code.
func (s *story) execute(a *agent, method, path, want string) error {
	got, err := a.tool("execute", map[string]any{"capability": "bank_readonly", "method": method,
		"path": path, "reason": "showing how Janee works"})
	if err != nil {
		return err
	}
	var reply struct {
		Status int
		Body   string
		Error  string
		Denial struct{ ReasonCode, EvaluatedPolicy string }
	}
	if err := json.Unmarshal([]byte(got.text()), &reply); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	outcome, detail := reply.Denial.ReasonCode, reply.Error
	if !got.IsError {
		outcome, detail = fmt.Sprint(reply.Status), strings.TrimSpace(reply.Body)
	}
	if p := reply.Denial.EvaluatedPolicy; p != "" {
		outcome += ", " + p
	}
	s.step(method+" "+path, outcome+": "+detail)
	if !strings.HasPrefix(outcome, want) {
		return fmt.Errorf("%s %s ended with %s, not with %s", method, path, outcome, want)
	}
	return nil
}

// record shows the audit log, which stays for the owner to read.
func (s *story) record() error {
	s.say("\nThe audit log (janee logs)\n")
	logs, err := s.janee("", "logs")
	s.say("%s", indent(logs))
	if err != nil {
		return err
	}
	verified, err := s.janee("", "logs", "verify")
	s.say("\nIs it complete? (janee logs verify)\n%s", indent(verified))
	return err
}

// search looks for the key in everything that the agent was sent, in several encodings.
func (s *story) search(received []byte) error {
	text := string(received)
	b := []byte(s.key)
	for form, needle := range map[string]string{
		"raw": s.key, "base64": base64.RawStdEncoding.EncodeToString(b),
		"hex": hex.EncodeToString(b), "URL-encoded": url.QueryEscape(s.key),
	} {
		if strings.Contains(text, needle) {
			return fmt.Errorf("the key reached the agent, %s", form)
		}
	}
	if s.api.keyed.Load() != 1 || s.api.calls.Load() != 1 {
		return fmt.Errorf("the API saw %d calls, %d of them with the key; it should have been one",
			s.api.calls.Load(), s.api.keyed.Load())
	}
	s.say("\nDid the key get out?\n")
	s.say("  The API was called once, with the real key, and repeated the key in its reply.\n")
	s.say("  The agent received %d bytes; the key is in none of them (raw, base64, hex, "+
		"URL-encoded).\n\n", len(received))
	return nil
}

// janee runs one command of the binary and returns its standard output. Its standard error is part
// of the error if it fails.
func (s *story) janee(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(s.ctx, s.Janee, args...)
	cmd.Env = s.environ
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("janee %s: %w\n%s", strings.Join(args, " "),
			err, stderr.String())
	}
	return string(out), nil
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.Out, format, args...) }

func (s *story) step(what, came string) { s.say("  %s\n      %s\n", what, came) }

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") + "\n"
}
