package abi

import (
	"errors"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// engine is a loaded config.yaml: what decides, and the chain that its records go into.
type engine struct {
	core     *core.Engine
	config   *config.Config
	vault    *vault.Vault // nil: no root key, so that nothing can be opened and nothing recorded
	chain    chain
	reloads  *core.Reloads
	verifier *audit.Verifier // of the verification under way
}

func (i *Instance) engine(f *fields) *engine {
	h := f.number("engine")
	e := i.engines[h]
	if e == nil && f.fault == nil {
		f.fault = &fault{code: noSuchEngine, message: "there is no such engine: load one"}
		e = &engine{}
	}
	return e
}

// vaultInfo is what config.yaml says of its vault. Source is where the root key is kept.
type vaultInfo struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Check  string `json:"check"`
	Source string `json:"source,omitempty"`
}

// inspectAnswer is what a config.yaml says without a key. Vault is null where it names none.
type inspectAnswer struct {
	Vault     *vaultInfo `json:"vault"`
	Plaintext bool       `json:"plaintext"`
	Warnings  []item     `json:"warnings"`
}

// inspect reads a config.yaml without a key: which vault it wants, and what in it looks like a
// mistake.
func inspect(_ *Instance, f *fields, raw []byte) (any, []byte, error) {
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	c, err := parse(raw)
	if err != nil {
		return nil, nil, err
	}
	answer := inspectAnswer{nil, c.HasPlaintext(), items(c.Warnings)}
	if c.Vault.ID != "" {
		answer.Vault = &vaultInfo{c.Vault.ID, c.Vault.Key, c.Vault.Check, c.Vault.Source}
	}
	return answer, nil, nil
}

// loadAnswer is the handle of an engine.
type loadAnswer struct {
	Engine   int64  `json:"engine"`
	Warnings []item `json:"warnings"`
}

// load makes an engine of a config.yaml, the root key that it wants, and a writer for the records.
// Without a root key the engine refuses what needs one, as VAULT_LOCKED.
func load(i *Instance, f *fields, raw []byte) (any, []byte, error) {
	key := f.optional("rootKey")
	e := &engine{}
	link := f.link(key != "")
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	c, err := parse(raw)
	if err != nil {
		return nil, nil, err
	}
	if e.config = c; key != "" {
		if e.vault, err = unlock(c, key); err != nil {
			return nil, nil, err
		}
		e.chain.start(e.vault, link)
	}
	e.core, e.reloads = core.New(c, e.vault), core.NewReloads(c)
	h := i.handle()
	if i.engines == nil {
		i.engines = map[int64]*engine{}
	}
	i.engines[h] = e
	return loadAnswer{h, items(c.Warnings)}, nil, nil
}

func unlock(c *config.Config, key string) (*vault.Vault, error) {
	root, err := vault.ParseRoot(key)
	if err != nil {
		return nil, &fault{code: keyInvalid, message: err.Error()}
	}
	if c.Vault.ID == "" {
		return nil, &fault{code: keyInvalid,
			message: "config.yaml has no vault that the root key could be of: run janee init"}
	}
	v := vault.New(root, c.Vault.ID)
	if v.Check() != c.Vault.Check {
		return nil,
			&fault{code: keyInvalid, message: "the root key is not that of the vault " + c.Vault.ID}
	}
	return v, nil
}

func parse(text []byte) (*config.Config, error) {
	c, err := config.Parse(text)
	var wrong *config.Error
	if errors.As(err, &wrong) {
		return nil, &fault{code: configInvalid, message: err.Error(), items: items(wrong.Problems)}
	}
	return c, err
}

func items(problems []config.Problem) []item {
	list := make([]item, len(problems))
	for i, p := range problems {
		list[i] = item(p)
	}
	return list
}
