package abi

import (
	"github.com/true-and-useful/janee/core"
)

// reloadAnswer says what became of a reload.
type reloadAnswer struct {
	Report   core.Reload `json:"report"`
	Warnings []item      `json:"warnings"`
	Commit   commitStep  `json:"commit"`
}

// reload puts a changed config.yaml in force, as a whole or not at all. Calls under way keep the
// configuration that they began with, sessions that have been seen to end stay ended, and the chain
// goes on. With tell it is the tool reload_config, whose answer is the report.
func reload(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	e, now, tell := i.engine(f), f.now(), f.flag("tell")
	at := core.Record{TS: now.Wall, Agent: f.optional("agent"), Via: f.optional("via")}
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	warnings := []item{}
	var report core.Reload
	var record *core.Record
	c, err := parse(raw)
	// Another sealing key, or place of the root key, changes nothing for those who have the root
	// key.
	if was := e.config.Vault; err == nil && (c.Vault.ID != was.ID || c.Vault.Check != was.Check) {
		err = &fault{code: configInvalid,
			message: "the vault: block is not the one that was loaded: put it back, " +
				"or load the file again"}
	}
	if err != nil {
		report, record = e.reloads.Refuse(err.Error(), at)
	} else {
		report, record = e.reloads.Accept(c, at)
		e.config, e.core, warnings = c, e.core.Next(c, e.vault), items(c.Warnings)
		if tell {
			report = e.reloads.Tell()
		}
	}
	var records []core.Record
	if record != nil {
		records = []core.Record{*record}
	}
	return reloadAnswer{report, warnings, e.record(now, records...)}, nil, nil
}

// unrecordedAnswer has the lines about refusals that had no record of their own. Parked is how many
// calls have begun and neither ended nor been dropped; at the end of a shell there should be none.
type unrecordedAnswer struct {
	Commit commitStep `json:"commit"`
	Parked int64      `json:"parked"`
}

// unrecorded makes the lines about refusals that had no record of their own. A shell asks for them
// before it ends.
func unrecorded(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	e, now := i.engine(f), f.now()
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	return unrecordedAnswer{e.record(now, e.core.Unrecorded(now)...), e.core.Parked()}, nil, nil
}
