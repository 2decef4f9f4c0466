package setup

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// entry returns the entry for a client.
func (r Request) entry(c clients.Client) (splice.Object, error) {
	if r.Remote == nil {
		return c.Stdio(r.Server), nil
	}
	if c.HTTP == nil {
		return nil, hint.Errorf(hint.Failed, c.NoHTTP, "%s cannot be set up for HTTP", c.Title)
	}
	return c.HTTP(*r.Remote), nil
}

func (r Request) read(p clients.Place) (*file, error) {
	f, err := read(p)
	if err == nil && f.info == nil && r.Project { // a file for everybody who works on it
		f.mode, f.dirMode = 0o644, 0o755
	}
	return f, err
}

// add plans the entry in the client's list of servers.
func (r Request) add(c clients.Client, p clients.Place, change *Change) (err error) {
	want, err := r.entry(c)
	if err != nil {
		return err
	}
	if change.file, err = r.read(p); err != nil {
		return err
	}
	old, line, found, err := c.Format.Find(change.file.data, c.Path)
	if err != nil {
		return unread(err)
	}
	change.line = line
	if found && r.made(c, old) {
		change.Action, want = Update, chosen(c, old, want)
	}
	switch {
	case !found:
		change.Action = Add
	case includes(old, want) && r.keeps(c, old, want, change.Action == Update):
		change.Action = Keep
		return nil
	case change.Action == Update:
	case r.Replace:
		change.Action = Replace
	default:
		return hint.New(hint.Failed, "--replace replaces it",
			&splice.Error{Line: line, Text: "another server is named " + clients.Entry})
	}
	if err := change.set(want); err != nil {
		return unread(err)
	}
	r.addOwn(c, want, found, change)
	return change.file.writable()
}

// set plans the text with the entry. Set alone would keep the layout of an entry that is there.
func (c *Change) set(want splice.Object) (err error) {
	format, path := c.Client.Format, c.Client.Path
	if c.without, err = format.Remove(c.file.data, path); err != nil {
		return err
	}
	from := c.file.data
	switch {
	case c.file.info == nil:
		from = []byte(c.Client.New)
	case c.Action == Replace:
		from = c.without // without the comments in it
	}
	c.after, err = format.Set(from, path, want)
	return err
}

// addOwn has the client's own program make the change, if it is there.
func (r Request) addOwn(c clients.Client, want splice.Object, found bool, change *Change) {
	if !r.ownUsable(c) {
		return
	}
	entry, err := json.Marshal(says(want))
	if err != nil { // strings, lists of strings and objects of them only
		panic(err)
	}
	change.Own = c.Program
	if found {
		change.own = append(change.own, c.Own.Remove)
	}
	change.own = append(change.own, c.Own.Add(string(entry)))
	change.check = func(text []byte) error {
		got, _, _, err := c.Format.Find(text, c.Path)
		if err == nil && !includes(got, want) {
			err = fmt.Errorf("it has not written the entry")
		}
		return err
	}
}

// ownUsable reports whether the client's own program can be used. It writes the files of the user
// only in the usual place.
func (r Request) ownUsable(c clients.Client) bool {
	if c.Own == nil || r.Project {
		return false
	}
	_, err := r.Machine.LookPath(c.Program)
	return err == nil
}

// remove plans to take the entry out.
func (r Request) remove(c clients.Client, p clients.Place, change *Change) (err error) {
	if change.file, err = r.read(p); err != nil {
		return err
	}
	old, line, found, err := c.Format.Find(change.file.data, c.Path)
	if err != nil {
		return unread(err)
	}
	if !found {
		change.Action = None
		return nil
	}
	if !r.made(c, old) {
		return hint.New(hint.Failed, "remove it by hand if you do not want it",
			&splice.Error{Line: line, Text: "the server named " + clients.Entry +
				" was not made by setup, or has been changed since"})
	}
	change.Action = Remove
	if change.after, err = c.Format.Remove(change.file.data, c.Path); err != nil {
		return unread(err)
	}
	change.without = change.after
	restored, err := change.putBack(func(text []byte) bool {
		old, _, found, err := c.Format.Find(text, c.Path)
		return err == nil && !(found && r.made(c, old))
	})
	if err != nil {
		return err
	}
	if !restored && r.ownUsable(c) {
		change.Own, change.own = c.Program, [][]string{c.Own.Remove}
		change.check = func(text []byte) error {
			_, _, found, err := c.Format.Find(text, c.Path)
			if err == nil && found {
				err = errors.New("it has not removed the entry")
			}
			return err
		}
	}
	return change.file.writable()
}

// putBack replaces the planned text by that of the backup, if the file is as setup left it and the
// backup is of a file that setup had not changed before.
func (c *Change) putBack(untouched func(text []byte) bool) (bool, error) {
	c.absent = string(c.after) == "" || string(c.after) == c.Client.New
	old, found, err := c.file.saved()
	if err != nil || !found || !untouched(old) {
		return false, err
	}
	c.after, c.absent = old, false
	return true, nil
}

// rules returns the deny rules for the secrets.
func (r Request) rules(c clients.Client) (rules []string) {
	for _, s := range r.Secret {
		rules = append(rules, c.Rules.Deny(r.Machine, s.Path, s.Dir)...)
	}
	return rules
}

// deny plans the rules that keep the client's tools from the secrets.
func (r Request) deny(c clients.Client, p clients.Place, change *Change) (err error) {
	for _, s := range r.Secret {
		if c.Rules.Deny(r.Machine, s.Path, s.Dir) == nil {
			return hint.Errorf(hint.Failed, "move it to a path without such characters",
				"no rule can be written for %q: its path has characters that mean something "+
					"in a rule", s.Path)
		}
	}
	if change.file, err = r.read(p); err != nil {
		return err
	}
	text := change.file.data
	if change.after, err = c.Format.Append(text, c.Rules.Path, r.rules(c)); err != nil {
		return unread(err)
	}
	change.without = text
	if change.Action = Add; string(change.after) == string(text) {
		change.Action = Keep
		return nil
	}
	return change.file.writable()
}

// allow plans to take the rules out.
func (r Request) allow(c clients.Client, p clients.Place, change *Change) (err error) {
	if change.file, err = r.read(p); err != nil {
		return err
	}
	text := change.file.data
	if change.after, err = c.Format.Cut(text, c.Rules.Path, r.rules(c)); err != nil {
		return unread(err)
	}
	change.without = change.after
	if change.Action = Remove; string(change.after) == string(text) {
		change.Action = None
		return nil
	}
	if _, err := change.putBack(func(old []byte) bool {
		cut, err := c.Format.Cut(old, c.Rules.Path, r.rules(c))
		return err == nil && string(cut) == string(old)
	}); err != nil {
		return err
	}
	return change.file.writable()
}

// unread adds what to do about a file that cannot be edited.
func unread(err error) error {
	return hint.New(hint.Failed, "correct the file, and run the command again", err)
}
