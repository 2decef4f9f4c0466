package doctor

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/core/vault"
)

// checkKey checks that the root key exists, fits the home, and is kept outside of it.
func checkKey(p *patient) []Check {
	switch {
	case p.config == nil:
		return nil
	case p.config.Vault.ID == "" && p.config.HasSealed():
		return []Check{failed("root key",
			"restore the vault: block from a backup of "+p.home.ConfigPath(),
			"config.yaml holds sealed credentials, but no vault: block that names their root key")}
	case p.config.Vault.ID == "":
		return passed("root key", "none yet: nothing is sealed")
	}
	state, err := p.Keys.Inspect(p.config.Vault)
	if err != nil {
		return []Check{failed("root key", hint.Of(err), "%v", err)}
	}
	root, _, err := p.Keys.Load(p.config.Vault)
	if err != nil {
		return []Check{failed("root key", hint.Of(err), "%v", err)}
	}
	p.vault, p.keyAt = vault.New(root, p.config.Vault.ID), state.Where
	mode := ""
	if state.File != "" {
		mode = fmt.Sprintf(" (mode %04o)", state.Mode)
	}
	found := passed("root key", "%s fits this home%s", state.Where, mode)
	if inside(p.home.Path("."), state.File) {
		found = append(found, warned("root key", p.moveKey(state.File),
			"%s is in the home, so anyone with a copy of the home can open it", state.File))
	}
	if state.Left != "" {
		found = append(found,
			warned("root key", "rm "+home.Quote(state.Left),
				"%s still holds the root key, although config.yaml says that it is kept elsewhere",
				state.Left))
	}
	return found
}

// moveKey is the command that moves the key to where Load looks for it by default.
func (p *patient) moveKey(from string) string {
	unset := func(string) string { return "" }
	to, _, err := (&keysource.Keys{Getenv: unset, ConfigDir: p.ConfigDir}).Path(p.config.Vault.ID)
	if err != nil {
		return "move it to another directory, and set " + keysource.KeyFileEnv + " to its path"
	}
	return fmt.Sprintf("mkdir -p -m 700 %s && mv %s %s && unset %s", home.Quote(filepath.Dir(to)),
		home.Quote(from), home.Quote(to), keysource.KeyFileEnv)
}

func inside(dir, path string) bool {
	return path != "" && strings.HasPrefix(resolved(path), resolved(dir)+string(filepath.Separator))
}

func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// checkBackup looks in the audit log for an export of the root key. It skips a key from the
// environment, because whatever sets the variable already has a copy.
func checkBackup(p *patient) []Check {
	if p.vault == nil || p.Getenv(keysource.MasterKeyEnv) != "" {
		return nil
	}
	at, err := auditlog.LastCommand(p.home, p.vault, "key.export")
	switch {
	case err != nil:
		return []Check{warned("backup", "janee logs verify",
			"looking for an export of the root key: %v", err)}
	case at.IsZero():
		return []Check{warned("backup", "janee key export",
			"the root key was never exported: if it is lost, nothing can be decrypted")}
	}
	return passed("backup", "the root key was exported on %s", at.Local().Format("2006-01-02"))
}
