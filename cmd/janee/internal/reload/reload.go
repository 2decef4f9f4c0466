// Package reload keeps a running server in step with config.yaml. The file is looked at before each call and each second; a
// changed one is put in force as a whole, a broken one leaves what was in force and is reported once. Calls in flight keep
// what they began with.
package reload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/gateway"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/store"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

// quiet is how long config.yaml must have stood still before a secret in it is sealed: an editor may be at work.
const quiet = 2 * time.Second

// Options of a Source. Record appends to the audit log; Warn takes a line for the person; Changed is told after a new
// configuration is in force. All are needed.
type Options struct {
	Getenv  func(string) string
	Record  func(audit.Record) error
	Warn    func(string)
	Changed func()
}

// Source is a gateway.Source over a home. It is safe for concurrent use.
type Source struct {
	home    *home.Home
	options Options
	current atomic.Pointer[gateway.State]
	looked  atomic.Pointer[home.Stamp] // of the file that was read last, good or bad

	mu     sync.Mutex // held while a file is read and put in force
	store  *store.Store
	told   *config.Config // what an agent that asks knows of: as of the last answer, or the start
	broken error
	stuck  home.Stamp // of a file that could not be sealed: tried once
}

// New starts from a store that was opened.
func New(s *store.Store, o Options) *Source {
	r := &Source{home: s.Home, options: o, store: s, told: s.Config}
	r.looked.Store(&s.Stamp)
	r.current.Store(stateOf(core.New(s.Config, s.Vault), s.Config))
	return r
}

func stateOf(e *core.Engine, c *config.Config) *gateway.State {
	targets := make(map[string]upstream.Target, len(c.Services))
	for name, service := range c.Services {
		targets[name] = upstream.Target{Service: name, CAFile: service.CAFile, Origin: service.Base.Origin(), Proxy: service.Proxy, Guard: service.Guard}
	}
	return &gateway.State{Config: c, Engine: e, Targets: targets}
}

// Current implements gateway.Source: one stat, and a reload where the file has changed. A call that comes while the file is
// being read waits: rules that a person has tightened hold from the next call on.
func (r *Source) Current() *gateway.State {
	if r.stale() {
		r.mu.Lock()
		if r.stale() {
			r.read("", "")
		}
		r.mu.Unlock()
	}
	return r.current.Load()
}

func (r *Source) stale() bool {
	now, err := r.home.ConfigStamp()
	if err != nil {
		now = home.Stamp{} // gone: a stamp that no file has
	}
	return now != *r.looked.Load()
}

// Report is what a reload came to, as the tool reload_config answers it.
type Report struct {
	Success      bool   `json:"success"`
	Message      string `json:"message"`
	Services     int    `json:"services"`
	Capabilities int    `json:"capabilities"`
	Changes      struct {
		Services     config.Changes `json:"services"`
		Capabilities config.Changes `json:"capabilities"`
	} `json:"changes"`
}

// Reload reads the file now, changed or not, for an agent over via. Its answer tells what has changed since it last answered:
// the call that carries the question has already put a changed file in force.
func (r *Source) Reload(agent, via string) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.read(agent, via)
	if !report.Success {
		return report
	}
	report.compare(r.told, r.store.Config)
	r.told = r.store.Config
	return report
}

// read puts the file in force, or keeps what is in force. r.mu is held.
func (r *Source) read(agent, via string) Report {
	stamp, _ := r.home.ConfigStamp()
	s, err := store.Read(r.options.Getenv, r.home)
	if err == nil && (s.Vault == nil || s.Config.Vault.ID != r.store.Config.Vault.ID) {
		err = errors.New("the vault: block is not the one this server began with: put it back, or restart the server")
	}
	if err != nil {
		r.looked.Store(&stamp)
		return r.keep(err, agent, via)
	}
	r.looked.Store(&s.Stamp)
	return r.put(s, agent, via)
}

func (r *Source) keep(err error, agent, via string) Report {
	if r.broken == nil || r.broken.Error() != err.Error() {
		r.broken = err
		r.options.Warn(fmt.Sprintf("the changed configuration is not in force, the one before it is: %v", err))
		r.record(agent, via, "refused", map[string]string{"error": first(err.Error())})
	}
	report := Report{Message: "not reloaded, the previous configuration stays in force: " + strings.ReplaceAll(err.Error(), r.home.ConfigPath(), "config.yaml"),
		Services: len(r.store.Config.Services), Capabilities: len(r.store.Config.Capabilities)}
	report.Changes.Services, report.Changes.Capabilities = config.Diff(r.store.Config, r.store.Config)
	return report
}

func (r *Source) put(s *store.Store, agent, via string) Report {
	report := Report{Success: true, Services: len(s.Config.Services), Capabilities: len(s.Config.Capabilities)}
	changed, agents := report.compare(r.store.Config, s.Config), config.DiffAgents(r.store.Config, s.Config)
	r.current.Store(stateOf(r.current.Load().Engine.Next(s.Config, s.Vault), s.Config))
	mended := r.broken != nil
	r.store, r.broken = s, nil
	if c := report.Changes; mended || changed {
		r.options.Warn(report.Message)
		r.record(agent, via, "", map[string]string{"services": summary(c.Services), "capabilities": summary(c.Capabilities), "agents": summary(agents)})
		r.options.Changed()
	}
	return report
}

// compare fills in what differs, and reports whether anything does. Agents are not named: the report is for one of them.
func (r *Report) compare(old, now *config.Config) (changed bool) {
	r.Changes.Services, r.Changes.Capabilities = config.Diff(old, now)
	rest := old.Server != now.Server || !config.DiffAgents(old, now).Empty()
	if r.Changes.Services.Empty() && r.Changes.Capabilities.Empty() && !rest {
		r.Message = "nothing has changed"
		return false
	}
	r.Message = fmt.Sprintf("reloaded: services %s; capabilities %s", summary(r.Changes.Services), summary(r.Changes.Capabilities))
	if rest {
		r.Message += "; agents or the server's settings changed"
	}
	return true
}

func (r *Source) record(agent, via, decision string, detail map[string]string) {
	err := r.options.Record(audit.Record{TS: time.Now().UnixMilli(), Event: "config.reload", Agent: agent, Via: via, Decision: decision, Detail: detail})
	if err != nil {
		r.options.Warn(err.Error())
	}
}

// summary writes changes as "+added -removed ~changed".
func summary(c config.Changes) string {
	if c.Empty() {
		return "unchanged"
	}
	var parts []string
	for _, group := range []struct {
		sign  string
		names []string
	}{{"+", c.Added}, {"-", c.Removed}, {"~", c.Changed}} {
		for _, name := range group.names {
			parts = append(parts, group.sign+name)
		}
	}
	return strings.Join(parts, " ")
}

func first(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Run looks at the file each second, and at once for each hangup signal, until ctx is done. It seals what a person typed in
// plaintext once the file has stood still.
func (r *Source) Run(ctx context.Context, hangup <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			r.hangup()
		case <-tick.C:
			r.Current()
			r.seal()
		}
	}
}

func (r *Source) hangup() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Warn("hangup signal: " + r.read("", "").Message)
}

func (r *Source) seal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamp := *r.looked.Load()
	if r.broken != nil || stamp == r.stuck || !r.store.Config.HasPlaintext() || time.Since(time.Unix(0, stamp.MTime)) < quiet {
		return
	}
	sealed, err := store.Read(r.options.Getenv, r.home)
	if err != nil || sealed.Stamp != stamp {
		return // changed again: the next look sees it
	}
	r.stuck = stamp
	if err := sealed.SealInPlace(r.options.Getenv); err != nil {
		r.options.Warn(err.Error())
		return
	}
	for _, w := range sealed.Warnings {
		r.options.Warn(w)
	}
	r.read("", "")
}
