package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// importTarget is the home that is written to.
type importTarget struct {
	*importer
	dir    string
	home   *home.Home   // nil: there is none yet
	opened *opened.Home // nil: config.yaml is to be created or replaced
}

// open looks at the home that is written to. It changes nothing.
func (i *importer) open() (*importTarget, error) {
	w := &importTarget{importer: i}
	var err error
	if w.dir, err = home.Dir(i.env.Getenv); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(w.dir); errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if w.home, err = home.Open(w.dir); err != nil {
		return nil, err
	}
	if _, err := w.home.ConfigStamp(); errors.Is(err, fs.ErrNotExist) || i.old != nil {
		return w, nil
	}
	w.opened, err = opened.Read(i.env.Keys(), w.home)
	return w, err
}

// leaveOutSame removes from the plan what the home has already, so that an interrupted import can
// be run again. Any other service of the same name is an error.
func (w *importTarget) leaveOutSame(plan *legacy.Plan) error {
	if w.opened == nil {
		return nil
	}
	var taken []string
	plan.Services = slices.DeleteFunc(plan.Services, func(s legacy.PlannedService) bool {
		there := w.opened.Config.Services[s.Name]
		if there == nil {
			return false
		}
		if !holds(w.opened, there, s) {
			taken = append(taken, s.Name)
			return false
		}
		plan.Changes = append(plan.Changes,
			fmt.Sprintf("service %q already exists, with the same credential", s.Name))
		return true
	})
	if len(taken) > 0 {
		return hint.Errorf(hint.Failed,
			"remove or rename the existing services, or import into another home (JANEE_HOME)",
			"importing from %q: services of the same name already exist: %s; "+
				"nothing was imported", w.source, strings.Join(taken, ", "))
	}
	plan.Capabilities = slices.DeleteFunc(plan.Capabilities, func(c config.NewCapability) bool {
		there := w.opened.Config.Capabilities[c.Name] != nil
		if there {
			plan.Changes = append(plan.Changes,
				fmt.Sprintf("capability %q already exists and stays as it is", c.Name))
		}
		return there
	})
	return nil
}

// holds reports whether a service of the home has the same base URL, auth type and credential.
func holds(s *opened.Home, there *config.Service, planned legacy.PlannedService) bool {
	if there.Base.String() != planned.BaseURL || there.Auth.Type != planned.Type {
		return false
	}
	whole, _, err := kept(s, there, func(string) bool { return false })
	if err != nil || len(whole) != len(planned.Credential) {
		return false
	}
	for path, value := range planned.Credential {
		if whole[path].Reveal() != value.Reveal() {
			return false
		}
	}
	return true
}

// tryOut composes the file with a temporary key, so that a dry run fails where writing would.
func (w *importTarget) tryOut(plan *legacy.Plan) error {
	text := config.Template()
	if w.opened != nil {
		read, _, err := w.home.ReadConfig()
		if err != nil {
			return err
		}
		text = read
	}
	throwAway := vault.New(vault.NewRoot([32]byte{1}), "dry-run")
	_, err := compose(text, plan, w.opened == nil,
		func(b vault.Binding, plain secret.Text) (string, error) {
			return throwAway.Seal("k1", b, [12]byte{}, plain), nil
		})
	return err
}

// write makes or changes config.yaml, in one step.
func (w *importTarget) write(plan *legacy.Plan) error {
	if w.opened != nil {
		err := w.opened.Edit(w.env.Keys(), func(text []byte) ([]byte, error) {
			return compose(text, plan, false, w.opened.Seal)
		})
		if w.opened.NewKey {
			w.report.key = w.opened.KeySource
		}
		return err
	}
	var err error
	if w.home == nil {
		if w.home, err = home.Create(w.dir); err != nil {
			return err
		}
	}
	s, err := opened.Replace(w.env.Keys(), w.home, w.accept,
		func(s *opened.Home, text []byte) ([]byte, error) {
			return compose(text, plan, true, s.Seal)
		})
	if err == nil {
		w.report.key = s.KeySource
	}
	return err
}

// accept checks what is to be replaced, with the home locked, and first gives the old files a
// second name.
func (w *importTarget) accept(old []byte) error {
	if !bytes.Equal(old, w.old) {
		return hint.Errorf(hint.Failed, "run the command again",
			"config.yaml changed in the meantime")
	}
	if !w.inPlace {
		return nil
	}
	var err error
	w.report.MovedTo, err = w.home.Keep(asideName(), append(oldFiles(w.dir), "config.yaml"))
	return err
}

// compose adds everything in the plan to text. If fresh, the text is new, and settings of the whole
// server may be set.
func compose(
	text []byte, plan *legacy.Plan, fresh bool,
	seal func(vault.Binding, secret.Text) (string, error),
) (_ []byte, err error) {
	for _, s := range plan.Services {
		service := s.NewService
		service.Ownership = s.Ownership
		if text, err = addSealed(text, seal, service, s.Credential); err != nil {
			return nil, fmt.Errorf("adding service %q: %w", s.Name, err)
		}
	}
	for _, c := range plan.Capabilities {
		if plan.Restricted && !fresh && c.Access == "" {
			c.Access = string(config.Restricted)
		}
		if text, err = config.AddCapability(text, c); err != nil {
			return nil, fmt.Errorf("adding capability %q: %w", c.Name, err)
		}
	}
	if plan.Restricted && fresh {
		return config.Set(text, "server.defaultAccess", string(config.Restricted))
	}
	return text, nil
}

func asideName() string { return "ts-" + time.Now().Format(time.DateOnly) }

var oldLog = regexp.MustCompile(`^\d{4}-\d\d-\d\d\.jsonl$`)

// oldFiles are the files beside config.yaml that the TypeScript Janee has made, by their names in
// the home.
func oldFiles(dir string) (names []string) {
	for _, name := range []string{"credentials.json", "config.json", "sessions.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			names = append(names, name)
		}
	}
	logs, _ := os.ReadDir(filepath.Join(dir, "logs")) // no logs, nothing to move
	for _, e := range logs {
		if oldLog.MatchString(e.Name()) {
			names = append(names, "logs/"+e.Name())
		}
	}
	return names
}

// leftOver are the old files of a home whose config.yaml is a new one.
func leftOver(dir string) []string {
	if _, err := os.Lstat(filepath.Join(dir, "config.yaml")); err != nil {
		return nil
	}
	return oldFiles(dir)
}

// moveAside takes the old files out of the home, whose config.yaml is the new one by now.
func (i *importer) moveAside(h *home.Home) error {
	names := oldFiles(i.source)
	dir, err := h.Keep(asideName(), names)
	if err == nil {
		err = h.Drop(dir, names)
	}
	i.report.MovedTo = h.Path(dir)
	return hint.New(hint.Failed, "run the command again", err)
}
