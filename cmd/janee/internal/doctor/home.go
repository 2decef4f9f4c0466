package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
)

// maxListed bounds how many files of one kind are named: thousands of sessions may have the same
// wrong mode.
const maxListed = 5

// checkHome checks the owner and mode of every file that Janee keeps, and opens the home if all are
// right.
func checkHome(p *patient) []Check {
	dir, err := home.Dir(p.Getenv)
	if err != nil {
		return []Check{failed("home", hint.Of(err), "%v", err)}
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return []Check{failed("home", "janee init", "there is no home in %s yet", dir)}
	}
	guard := home.GuardFromEnv(p.Getenv)
	if found := openToOthers(dir, guard); len(found) > 0 {
		return append(found, warned("config", "janee doctor",
			"the rest of the home can be checked only when that is fixed"))
	}
	h, err := home.Open(dir)
	if err != nil {
		return []Check{failed("home", hint.Of(err), "%v", err)}
	}
	p.home, p.opened.Home = h, h
	if guard.Container {
		return passed("home", "%s and its files belong to you or to root, in a container that "+
			"Janee has to itself", dir)
	}
	return passed("home", "%s and its files belong to you, and no one else can access them", dir)
}

// openToOthers finds what others can access: the home, its files, and everything in its
// directories.
func openToOthers(dir string, guard home.Guard) (found []Check) {
	more := 0
	note := func(err error) {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return
		}
		if len(found) >= maxListed {
			more++
			return
		}
		found = append(found, failed("home", hint.Of(err), "%v", err))
	}
	note(guard.CheckDir(dir))
	if config, err := guard.Follow(filepath.Join(dir, "config.yaml")); err != nil {
		note(err)
	} else {
		note(guard.CheckFile(config))
	}
	for _, name := range []string{".lock", session.LockFile} {
		note(guard.CheckFile(filepath.Join(dir, name)))
	}
	for _, name := range []string{"logs", session.Dir, approval.Dir, "backups"} {
		_ = filepath.WalkDir(filepath.Join(dir, name),
			func(path string, d fs.DirEntry, err error) error {
				switch {
				case err != nil:
					note(err)
				case d.IsDir():
					note(guard.CheckDir(path))
				default:
					note(guard.CheckFile(path))
				}
				return nil
			})
	}
	if more > 0 {
		found = append(found,
			failed("home", guard.Remedy("chmod -R go=", dir), "%d more files have the same problem",
				more))
	}
	return found
}

// checkConfig parses config.yaml and reports all of its problems.
func checkConfig(p *patient) []Check {
	if p.home == nil {
		return nil
	}
	path := p.home.ConfigPath()
	if legacy.Found(p.home.Path(".")) {
		return []Check{failed("config", "janee import --apply",
			"it was written by the TypeScript Janee; `janee import` shows what it would become")}
	}
	text, _, err := p.home.ReadConfig()
	if err != nil {
		return []Check{failed("config", hint.Of(err), "%v", err)}
	}
	if p.config, err = config.Parse(text); err != nil {
		return problems(path, err)
	}
	found := passed("config", "%s: %s, %s", path,
		count(len(p.config.ServiceNames), "service", "services"),
		count(len(p.config.CapabilityNames), "capability", "capabilities"))
	for _, w := range p.config.Warnings {
		found = append(found,
			warned("config", home.EditLine(path, w.Line), "line %d: %s", w.Line, w.Text))
	}
	if p.config.HasPlaintext() {
		found = append(found, warned("config", "janee list",
			"a credential is in plaintext; any command that opens the home seals it in place"))
	}
	return found
}

func problems(path string, err error) (found []Check) {
	var all *config.Error
	if !errors.As(err, &all) {
		return []Check{failed("config", home.EditLine(path, 1), "%v", err)}
	}
	for _, problem := range all.Problems {
		found = append(found, failed("config", home.EditLine(path, problem.Line), "line %d: %s",
			problem.Line, problem.Text))
	}
	return found
}

// checkLock warns that everything is refused, because the owner may have forgotten the lock.
func checkLock(p *patient) []Check {
	if p.home == nil {
		return nil
	}
	if data, err := p.home.Read(session.LockFile); data != nil || err != nil {
		return []Check{warned("lock", "janee unlock", "Janee is locked: every call is refused")}
	}
	return nil
}
