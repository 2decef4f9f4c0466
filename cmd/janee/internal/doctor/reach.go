package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
)

// User is the user that runs Janee, with what checkReach asks about it. An agent that runs commands
// as that user reaches the same.
type User struct {
	ID       int                    // user id, -1 on Windows
	Groups   []string               // names of its groups
	Sockets  []string               // paths of container engines
	Proc     string                 // where proc(5) is mounted
	Sudo     func() bool            // reports whether sudo asks for no password
	CanWrite func(path string) bool // by mode or access list
}

// checkReach tells what an agent could reach that runs commands as this user. Janee itself is not
// at fault, so these are notes. In a container of its own, Janee has no agents beside it.
func checkReach(p *patient) []Check {
	if home.GuardFromEnv(p.Getenv).Container {
		return nil
	}
	found := p.writableProgram()
	if p.User.ID == 0 {
		return append(found, noted("run janee and agents as other users than root",
			"you are root: an agent that runs commands as root can reach everything here"))
	}
	return slices.Concat(found, p.freeSudo(), p.openEngines(), p.rootGroups(), p.otherHomes(),
		p.environments(), p.tracing(), p.sameUser())
}

func noted(fix, format string, args ...any) Check {
	c := warned("reach", fix, format, args...)
	c.Result = Note
	return c
}

func (p *patient) freeSudo() []Check {
	if p.User.Sudo == nil || !p.User.Sudo() {
		return nil
	}
	return []Check{noted("sudo -l shows the rule; remove NOPASSWD from it with sudo visudo",
		"sudo asks for no password: an agent that runs commands as you can be root")}
}

// powerful are groups whose members can become root: by a container or a machine with the disks of
// the host in it, or by writing to the disks themselves. Group incus only gives access to a project
// that confines its members.
var powerful = []string{"docker", "lxd", "incus-admin", "disk"}

func (p *patient) rootGroups() (found []Check) {
	for _, name := range p.User.Groups {
		if slices.Contains(powerful, name) {
			found = append(found, noted(`sudo gpasswd -d "$USER" `+name,
				"you are in group %s, whose members can become root without a password", name))
		}
	}
	return found
}

// otherHomes looks for the home that Janee uses by default, if another one is in use, and for
// copies with a longer name.
func (p *patient) otherHomes() (found []Check) {
	if p.home == nil {
		return nil
	}
	used, err := os.Stat(p.home.Path("."))
	if err != nil {
		return nil
	}
	dirs, _ := filepath.Glob(globQuote(filepath.Clean(p.home.Path("."))) + "?*")
	usual, err := home.Dir(func(name string) string {
		if name == "JANEE_HOME" {
			return ""
		}
		return p.Getenv(name)
	})
	if err == nil && !slices.Contains(dirs, usual) {
		dirs = append(dirs, usual)
	}
	for _, dir := range dirs {
		fi, err := os.Stat(dir)
		if err != nil || os.SameFile(fi, used) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "config.yaml")); err == nil {
			found = append(found, noted("rm -r "+home.Quote(dir)+", if you no longer need it",
				"%s is a home beside the one in use: its keys can be used too", dir))
		}
	}
	return found
}

// globQuote escapes what filepath.Match would take for a pattern. On Windows it has no escapes, and
// a name has only brackets of these.
func globQuote(path string) string {
	if filepath.Separator == '\\' {
		return strings.ReplaceAll(path, "[", "[[]")
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// environments looks for what opens the vault in environments that this user can read. Janee closes
// its own, but what has started it does not.
func (p *patient) environments() (found []Check) {
	for _, name := range []string{keysource.MasterKeyEnv, keysource.PassphraseEnv} {
		pids := holders(p.User.Proc, name)
		if len(pids) == 0 && p.Getenv(name) == "" {
			continue
		}
		of := "of this command"
		if len(pids) > 0 {
			of = "of process " + strings.Join(pids[:min(len(pids), maxListed)], ", ")
		}
		found = append(found, noted("unset "+name+", and `janee key move` to a safer place",
			"%s is in the environment %s, where an agent may read it", name, of))
	}
	return found
}

// holders returns the ids of processes whose environment can be read and has a value for name.
func holders(proc, name string) (pids []string) {
	if proc == "" {
		return nil
	}
	paths, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "environ"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil && slices.ContainsFunc(strings.Split(string(text), "\x00"),
			func(pair string) bool {
				value, ok := strings.CutPrefix(pair, name+"=")
				return ok && value != ""
			}) {
			pids = append(pids, filepath.Base(filepath.Dir(path)))
		}
	}
	return pids
}

// tracing reads the setting of Yama, the Linux security module.
func (p *patient) tracing() []Check {
	path := filepath.Join(p.User.Proc, "sys", "kernel", "yama", "ptrace_scope")
	text, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(text)) != "0" {
		return nil
	}
	return []Check{noted("sudo sysctl kernel.yama.ptrace_scope=1",
		"ptrace_scope is 0: a program of yours can look into any other, your shell included")}
}

// sameUser says what no check can change.
func (p *patient) sameUser() []Check {
	if p.keyAt == "" {
		return nil
	}
	return []Check{noted("run such an agent as another user, in a container or on another "+
		"machine: docs/threat-model.md",
		"an agent that runs commands as you can get at the root key (%s), and change rules",
		p.keyAt)}
}
