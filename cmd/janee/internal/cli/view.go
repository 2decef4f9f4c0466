package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/vault"
)

// view is a home in whatever state it is, for the commands that explain: they have to work where
// others fail. Looking changes nothing; it does not even seal plaintext secrets.
type view struct {
	dir       string
	home      *home.Home
	config    *config.Config // nil: err says why
	vault     *vault.Vault   // nil: keyErr says why, or there is no vault yet
	keySource string
	err       error         // of the home or its config.yaml
	problems  *config.Error // what err says of config.yaml, nil if that is not why
	keyErr    error
}

func look(env *Env) (*view, error) {
	v, err := glance(env)
	if err != nil || v.config == nil || v.config.Vault.ID == "" {
		return v, err
	}
	root, where, err := env.Keys().Load(v.config.Vault)
	if errors.Is(err, term.ErrInterrupted) {
		return nil, err
	}
	v.keySource, v.keyErr = where, err
	if err == nil {
		v.vault = vault.New(root, v.config.Vault.ID)
	}
	return v, nil
}

// glance is look without the root key: it asks nobody for anything, and decrypts nothing.
func glance(env *Env) (*view, error) {
	v := &view{}
	var err error
	if v.dir, err = home.Dir(env.Getenv); err != nil {
		return nil, err
	}
	if v.home, v.err = home.Open(v.dir); v.err != nil {
		return v, nil
	}
	text, _, err := v.home.ReadConfig()
	if err != nil {
		v.err = err
		return v, nil
	}
	c, err := config.Parse(text)
	if err != nil {
		errors.As(err, &v.problems)
		if v.err = opened.ConfigError(v.home.ConfigPath(), err); legacy.Found(v.dir) {
			v.err = opened.Unconverted(v.dir)
		}
		return v, nil
	}
	v.config = c
	return v, nil
}

// lookAtConfig is look for commands that can say nothing without a configuration.
func lookAtConfig(env *Env) (*view, error) {
	v, err := look(env)
	if err == nil {
		err = v.err
	}
	return v, err
}

func (v *view) absent() bool { return v.config == nil && errors.Is(v.err, fs.ErrNotExist) }

// answer lets the engine answer a tool that sends nothing, as it would answer an agent.
func (v *view) answer(c core.Call, into any) error {
	e := core.New(v.config, v.vault)
	in := core.In{Now: v.now()}
	if c.Tool == core.ExplainAccess {
		in = v.in(e.Needs(c))
	}
	flow, step := e.Begin(in, c)
	defer flow.Drop()
	done, ok := step.(core.Done)
	if !ok || done.Result == nil {
		return hint.Errorf(hint.Failed, "", "asking the engine for %s: it refuses", c.Tool)
	}
	return json.Unmarshal(done.Result.Data, into)
}

func (v *view) now() core.Now { return core.Now{Wall: time.Now().UnixMilli()} }

func (v *view) in(names []string) core.In {
	return core.In{Now: v.now(), Files: v.home.Files(names)}
}

func (v *view) locked() bool {
	data, err := v.home.Read(session.LockFile)
	return data != nil || err != nil
}

// sessions returns the grants on file, and those among them that are open now. Without the root key
// it can read none.
func (v *view) sessions() (all, open []session.Grant, err error) {
	if v.vault == nil {
		return nil, nil, nil
	}
	names, err := v.home.List(session.Dir)
	if err != nil {
		return nil, nil, err
	}
	e := core.New(v.config, v.vault)
	for _, name := range names {
		if _, ok := session.PairOfFile(name); !ok {
			continue
		}
		data, err := v.home.Read(name)
		if err != nil {
			continue // its owner is told by `janee doctor`; what cannot be read opens nothing
		}
		g, err := session.Decode(v.vault.Key("state"), data)
		if err != nil {
			continue
		}
		all = append(all, g)
		c := core.Call{
			Caller: core.Caller{Agent: g.Agent, Via: g.Via},
			Tool:   core.ExplainAccess,
			Args:   tool.Arguments{Capability: g.Capability},
		}
		if now, ok := e.OpenSession(v.in(e.Needs(c)), c); ok && now.ID == g.ID {
			open = append(open, g)
		}
	}
	return all, open, nil
}
