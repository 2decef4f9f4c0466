package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/config"
)

// edit changes config.yaml under its lock. Where package config refuses the new text, the error
// leaves out its line numbers: that text was not written anywhere.
func edit(env *Env, s *opened.Home, doing string, change func(text []byte) ([]byte, error)) error {
	err := s.Edit(env.Keys(), change)
	var missing *config.NotFoundError
	var invalid *config.Error
	switch {
	case errors.As(err, &missing):
		return unknownName(missing.Kind, missing.Name, missing.Known)
	case errors.As(err, &invalid):
		var texts []string
		for _, p := range invalid.Problems {
			texts = append(texts, p.Text)
		}
		return hint.Errorf(hint.Failed, "correct it and run the command again",
			"%s: %s; nothing was changed", doing, strings.Join(texts, "; "))
	case errors.Is(err, config.ErrInUse):
		return changedMeanwhile(doing)
	}
	return err
}

// changedMeanwhile refuses what the person has not been asked about.
func changedMeanwhile(doing string) error {
	return hint.Errorf(hint.Failed, "look at config.yaml and run the command again",
		"%s: config.yaml changed in the meantime", doing)
}

// consent asks on the terminal whether to go on, unless yes. With --json it never asks and requires
// the flag --yes.
func consent(env *Env, yes, asJSON bool, doing, question string) error {
	if asJSON && !yes {
		return hint.Errorf(hint.Usage, "add --yes to confirm",
			"%s: not confirmed: %s", doing, question)
	}
	return agree(env, yes, question)
}

// warnings prints what is valid in a capability but was hardly meant.
func warnings(env *Env, c *config.Config, capability string) {
	for _, p := range c.Warnings {
		if strings.HasPrefix(p.Text, "capability "+strconv.Quote(capability)+" ") {
			fmt.Fprintf(env.Stderr, "janee: warning: %s\n", p.Text)
		}
	}
}

// editedCapability is the answer of the commands that change a capability.
type editedCapability struct {
	OK         bool   `json:"ok"`
	Capability string `json:"capability"`
	Service    string `json:"service,omitempty"`
	TTL        string `json:"ttl,omitempty"`
	Message    string `json:"message"`
}

func (e editedCapability) tell(env *Env, asJSON bool) error {
	if asJSON {
		return writeJSON(env.Stdout, e)
	}
	fmt.Fprintln(env.Stderr, e.Message)
	return nil
}
