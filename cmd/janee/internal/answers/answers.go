// Package answers is what the owner's commands do with the questions that agents raised: list them,
// find one by the beginning of its id, approve or deny it, and check the PIN. Use Read to look and
// Desk to answer. The call that waits, in whatever process, reads the file that a Desk writes.
//
// Package core/approval says what questions and answers are and how they are encoded; this package
// keeps them in a home. It judges no call: package core does that, from the same files. It prints
// nothing and asks nothing.
package answers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/vault"
)

// Item is a question with what it has come to.
type Item struct {
	approval.Question
	approval.Standing
}

// Read returns the questions that there are files of, the oldest first. v may be nil: a home
// without a key has none.
func Read(r state.Reader, v *vault.Vault, now time.Time) ([]Item, error) {
	if v == nil {
		return nil, nil
	}
	names, err := r.List(approval.Dir)
	if err != nil {
		return nil, fmt.Errorf("reading the questions: %w", err)
	}
	files, key := r.Files(names), v.Key("state")
	var items []Item
	for _, q := range approval.Questions(key, files) {
		items = append(items, Item{q, q.Standing(key, files, now.UnixMilli())})
	}
	return items, nil
}

// Open returns the questions that wait for an answer.
func Open(items []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool {
		return i.State != approval.Open
	})
}

// Find returns the question whose id begins with prefix. Open ones are looked at first; more than
// one is an error that lists them.
func Find(items []Item, prefix string) (Item, error) {
	begins := func(i Item) bool { return strings.HasPrefix(i.ID, strings.ToLower(prefix)) }
	found := slices.DeleteFunc(Open(items), func(i Item) bool { return !begins(i) })
	if len(found) == 0 {
		found = slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !begins(i) })
	}
	switch {
	case prefix == "" || len(found) == 0:
		return Item{}, hint.Errorf(hint.Failed, "`janee approvals` lists the open ones",
			"no question has an id that begins with %q", prefix)
	case len(found) > 1:
		text := ""
		for _, i := range found {
			text += fmt.Sprintf("\n  %s  %s on %s", i.ID, i.Agent, i.Capability)
		}
		return Item{}, hint.Errorf(hint.Failed, "give more digits",
			"%d questions have an id that begins with %q:%s", len(found), prefix, text)
	}
	return found[0], nil
}
