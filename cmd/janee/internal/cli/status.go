package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
)

func statusCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what is set up and whether it works",
		Long: `Show where the configuration and the root key are, whether they can be read, how
many sessions are open, and how large the audit log is. The exit code is 0 even if something is
broken; "janee doctor" finds faults.`,
		Example: "  janee status\n  janee status --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runStatus(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type statusAnswer struct {
	Version      string `json:"version"`
	ConfigDir    string `json:"configDir"`
	ConfigExists bool   `json:"configExists"`
	ConfigError  string `json:"configError,omitempty"`
	// there is a vault, and no secret is in plaintext
	Encrypted bool `json:"encrypted"`
	// null: config.yaml, which names it, cannot be read
	RootKey           *rootKey `json:"rootKey"`
	Locked            bool     `json:"locked"`
	Services          int      `json:"services"`
	Capabilities      int      `json:"capabilities"`
	ActiveSessions    int      `json:"activeSessions"`
	TotalSessions     int      `json:"totalSessions"`
	SessionsError     string   `json:"sessionsError,omitempty"`
	AuditLogEntries   int64    `json:"auditLogEntries"`
	AuditLogEstimated bool     `json:"auditLogEstimated,omitempty"`
	AuditLogSize      string   `json:"auditLogSize"`
	AuditLogError     string   `json:"auditLogError,omitempty"`
	// why it cannot be written, so that every call is refused
	AuditLogBlocked string        `json:"auditLogBlocked,omitempty"`
	Anchor          *anchorAnswer `json:"anchor,omitempty"`
	NextStep        string        `json:"nextStep,omitempty"`
}

type rootKey struct {
	Present bool   `json:"present"`
	Kind    string `json:"kind,omitempty"`   // what vault.source says
	Source  string `json:"source,omitempty"` // where it came from
	Error   string `json:"error,omitempty"`
	locked  bool   // it is there, and what holds it does not give it
}

func runStatus(env *Env, asJSON bool) error {
	v, err := look(env)
	if err != nil {
		return err
	}
	a := v.status()
	if asJSON {
		return writeJSON(env.Stdout, a)
	}
	printStatus(env.Stdout, a)
	return nil
}

// status gathers what there is. A part that fails says so in its own field and leaves the others
// alone.
func (v *view) status() statusAnswer {
	a := statusAnswer{
		Version:      version(),
		ConfigDir:    v.dir,
		ConfigExists: !v.absent(),
		AuditLogSize: byteText(0),
	}
	if v.err != nil {
		a.NextStep = hint.Of(v.err)
		if a.ConfigExists {
			a.ConfigError = v.err.Error()
		}
	}
	if v.home == nil {
		return a
	}
	a.Locked = v.locked()
	v.logStatus(&a)
	if v.config != nil {
		v.configStatus(&a)
	}
	return a
}

func (v *view) logStatus(a *statusAnswer) {
	if size, err := auditlog.Measure(v.home); err != nil {
		a.AuditLogError = err.Error()
	} else {
		a.AuditLogEntries, a.AuditLogEstimated, a.AuditLogSize = size.Lines, size.Estimated,
			byteText(size.Bytes)
	}
	if err := auditlog.Writable(v.home); err != nil {
		a.AuditLogBlocked, a.NextStep = err.Error(),
			"free disk space, or fix the owner and mode of "+v.home.LogsPath()
	}
}

// configStatus needs a config.yaml that can be read.
func (v *view) configStatus(a *statusAnswer) {
	a.Services, a.Capabilities = len(v.config.ServiceNames), len(v.config.CapabilityNames)
	a.Anchor = v.anchor()
	a.Encrypted = v.config.Vault.ID != "" && !v.config.HasPlaintext()
	a.RootKey = &rootKey{Present: v.vault != nil, Source: v.keySource}
	if v.config.Vault.ID != "" {
		a.RootKey.Kind = v.config.Vault.Kept()
	}
	if v.keyErr != nil {
		a.RootKey.Error, a.NextStep = v.keyErr.Error(), hint.Of(v.keyErr)
		a.RootKey.locked = errors.Is(v.keyErr, keysource.ErrLocked)
	}
	all, open, err := v.sessions()
	if err != nil {
		a.SessionsError = err.Error()
	}
	a.TotalSessions, a.ActiveSessions = len(all), len(open)
}

func printStatus(w io.Writer, a statusAnswer) {
	say := func(name, text string) { fmt.Fprintf(w, "%-11s%s\n", name+":", text) }
	say("Janee", a.Version)
	say("Home", printable(a.ConfigDir))
	switch {
	case !a.ConfigExists:
		say("Config", "none yet")
	case a.ConfigError != "":
		say("Config", "BROKEN\n"+a.ConfigError)
	default:
		say("Config", count(a.Services, "service", "services")+", "+
			count(a.Capabilities, "capability", "capabilities"))
		say("Root key", a.RootKey.text())
		say("Secrets", secretsText(a))
		say("Sessions", fmt.Sprintf("%d open, %d on file%s", a.ActiveSessions, a.TotalSessions,
			orText(a.SessionsError)))
	}
	if a.Locked {
		say("Locked", "yes: Janee refuses every call until you run `janee unlock`")
	}
	if a.ConfigExists {
		about := ""
		if a.AuditLogEstimated {
			about = "about "
		}
		say("Audit log", fmt.Sprintf("%s%d lines, %s%s", about, a.AuditLogEntries, a.AuditLogSize,
			orText(a.AuditLogError)))
	}
	if a.Anchor != nil {
		say("Anchor", a.Anchor.text())
	}
	if a.AuditLogBlocked != "" {
		say("Refusing",
			"every call, because the audit log cannot be written: "+printable(a.AuditLogBlocked))
	}
	if a.NextStep != "" {
		say("Next step", a.NextStep)
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func orText(err string) string {
	if err == "" {
		return ""
	}
	return " (" + err + ")"
}

func (k rootKey) text() string {
	switch {
	case k.locked:
		return "LOCKED: " + k.Error
	case k.Error != "":
		return "MISSING: " + k.Error
	case k.Present:
		return k.Source + "; back it up too"
	}
	return "none yet: storing the first secret creates it"
}

func secretsText(a statusAnswer) string {
	if a.Encrypted {
		return "sealed"
	}
	if a.Services == 0 {
		return "none"
	}
	return "some are in plaintext; the next command that opens the home seals them"
}

// byteText writes a size in bytes for a person, in powers of 1024.
func byteText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < 3 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %s", value, []string{"KB", "MB", "GB", "TB"}[unit])
}
