// Package setup adds Janee to the MCP clients of package clients, and removes it again. Plan says
// what would change in which file, Change.Diff shows it, and Change.Apply writes it. Try starts
// the server that the entry names, as a client would, before anything is written.
//
// A file is changed by package splice, so that all else in it stays as it is, or by the client's
// own program where the table says so. What stays untouched, with a reason in Change.Err: a file
// that cannot be read as what it should be, that leads elsewhere over a symbolic link, that belongs
// to somebody else or is read-only, and one that already has another server named janee. An error
// in one file says nothing about the others.
package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// Request is what to set up.
type Request struct {
	Machine clients.Machine
	Server  clients.Server
	Remote  *clients.Remote // in place of Server
	Project bool            // the files of the project in the working directory
	Replace bool            // also an entry that setup did not make
	Known   []string        // paths of this program and its copy, to recognise entries
	Secret  []Secret        // what to keep from the file tools of clients
}

// Secret is a path that agents should not read. Links are followed by the caller.
type Secret struct {
	Path string
	Dir  bool // with all that is in it
}

// Action is what setup does to a file.
type Action string

// The actions.
const (
	Add     Action = "add"
	Update  Action = "update"  // an entry that setup made
	Replace Action = "replace" // another one, which Request.Replace allows
	Keep    Action = "keep"    // it is set up already
	Remove  Action = "remove"
	None    Action = "none"   // there is nothing to remove
	Refuse  Action = "refuse" // Err says why
)

// Change is what setup does to one file.
type Change struct {
	Client clients.Client
	File   string
	Rules  bool // it changes the rules of the client, not its list of servers
	Action Action
	Err    error  // of exit code 1, with a hint
	Own    string // the client's own program, if that writes the file

	file    *file
	line    int    // of the entry that is there
	without []byte // the text without Janee
	after   []byte
	absent  bool                    // the file is to be removed
	own     [][]string              // command lines of the client's own program
	check   func(text []byte) error // of what that has written
}

// Writes reports whether Apply changes the file.
func (c *Change) Writes() bool { return !slices.Contains([]Action{Keep, None, Refuse}, c.Action) }

// Plan says what setting up these clients changes.
func (r Request) Plan(list ...clients.Client) []*Change { return r.each(list, r.add, r.deny) }

// PlanRemoval says what removing Janee from these clients changes.
func (r Request) PlanRemoval(list ...clients.Client) []*Change {
	return r.each(list, r.remove, r.allow)
}

// Has reports whether Janee is set up in a client: whether a file of the user has an entry for it.
func (r Request) Has(c clients.Client) bool {
	return slices.ContainsFunc(r.places(c), func(p clients.Place) bool {
		f, err := read(p)
		if err != nil {
			return false
		}
		_, _, found, err := c.Format.Find(f.data, c.Path)
		return found && err == nil
	})
}

type planner func(clients.Client, clients.Place, *Change) error

func (r Request) each(list []clients.Client, entry, rules planner) (changes []*Change) {
	plan := func(c clients.Client, p clients.Place, isRules bool, make planner) {
		change := &Change{Client: c, File: p.File, Rules: isRules}
		if err := make(c, p, change); err != nil {
			change.Action, change.Err = Refuse, located(p.File, err)
		}
		changes = append(changes, change)
	}
	for _, c := range list {
		places := r.places(c)
		if len(places) == 0 {
			changes = append(changes,
				&Change{Client: c, Action: Refuse, Err: noPlace(c, r.Project)})
		}
		for _, p := range places {
			plan(c, p, false, entry)
		}
		if c.Rules == nil || r.Project {
			continue
		}
		if p, ok := c.Rules.Place(r.Machine); ok {
			plan(c, p, true, rules)
		}
	}
	return changes
}

func (r Request) places(c clients.Client) []clients.Place {
	if r.Project {
		if p, ok := c.ProjectPlace(r.Machine); ok {
			return []clients.Place{p}
		}
		return nil
	}
	used := c.InUse(r.Machine)
	if all := c.Places(r.Machine); len(used) == 0 && len(all) > 0 {
		used = all[:1]
	}
	return used
}

func noPlace(c clients.Client, project bool) error {
	if project {
		return hint.Errorf(hint.Failed, "leave --project out",
			"%s has no settings file of a project", c.Title)
	}
	return hint.Errorf(hint.Failed, "set HOME", "the settings file of %s cannot be found", c.Title)
}

// located puts the file, and the line if it is known, before an error.
func located(file string, err error) error {
	where, next := file, hint.Of(err)
	at := (*splice.Error)(nil)
	if errors.As(err, &at) && at.Line > 0 && at.Error() == err.Error() {
		where = fmt.Sprintf("%s:%d", file, at.Line)
		err = errors.New(at.Text)
	}
	return hint.New(hint.Failed, next, fmt.Errorf("%s: %w", where, err))
}

// Apply makes the change.
func (c *Change) Apply(ctx context.Context) error {
	if !c.Writes() {
		return nil
	}
	if err := c.apply(ctx); err != nil {
		return located(c.File, err)
	}
	return nil
}

func (c *Change) apply(ctx context.Context) error {
	if c.own != nil {
		return c.runOwn(ctx)
	}
	if c.Action == Remove {
		return c.file.restore(c.after, c.absent)
	}
	return c.file.replace(c.after)
}

// Files returns the files that setting up a client would change, without those of its rules.
func (r Request) Files(c clients.Client) (files []string) {
	for _, p := range r.places(c) {
		files = append(files, p.File)
	}
	return files
}
