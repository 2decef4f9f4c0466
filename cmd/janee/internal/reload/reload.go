// Package reload keeps a running server in step with config.yaml. A [Source] looks at the file
// before each call and once a second. A file that has changed is put in force as a whole; one with
// an error is reported once and changes nothing. Calls under way keep the configuration that they
// began with.
//
// The package also writes to the file: it seals secrets that a person has typed into it, and what
// an agent decides about a service that it owns (Share).
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
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/upstream"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
)

// quiet is how long config.yaml must be unchanged before a secret in it is sealed, because somebody
// may be editing it.
const quiet = 2 * time.Second

// Options of a Source, all of which are required. Record appends to the audit log, Warn gets a line
// for the owner, and Changed is called when a new configuration is in force.
type Options struct {
	Keys    *keysource.Keys
	Record  func(audit.Record) error
	Warn    func(string)
	Changed func()
}

// configFile is config.yaml as it is looked at between two readings.
type configFile interface {
	ConfigStamp() (home.Stamp, error)
	ConfigPath() string
}

// Source is a gateway.Source over a home. It is safe for concurrent use.
type Source struct {
	file    configFile
	again   func() (*opened.Home, error) // opens the home as it is now
	options Options
	current atomic.Pointer[gateway.InForce]
	looked  atomic.Pointer[home.Stamp] // of the file that was read last, good or bad

	mu      sync.Mutex // held while a file is read and put in force
	opened  *opened.Home
	reloads *core.Reloads
	stuck   home.Stamp // of a file that could not be sealed, which is tried once
}

// New returns a Source whose configuration is that of the opened home.
func New(s *opened.Home, o Options) *Source {
	r := &Source{file: s.Home, options: o, opened: s, reloads: core.NewReloads(s.Config)}
	r.again = func() (*opened.Home, error) { return opened.Read(o.Keys, s.Home) }
	r.looked.Store(&s.Stamp)
	r.current.Store(InForceOf(core.New(s.Config, s.Vault), s.Config))
	return r
}

// InForceOf returns what calls are decided with by e, whose configuration is c. It is also a
// gateway.Source, one that never reloads.
func InForceOf(e *core.Engine, c *config.Config) *gateway.InForce {
	targets := make(map[string]upstream.Target, len(c.Services))
	for name, service := range c.Services {
		targets[name] = upstream.Target{
			Service: name,
			CAFile:  service.CAFile,
			Origin:  service.Base.Origin(),
			Proxy:   service.Proxy,
			Guard:   service.Guard,
		}
	}
	return &gateway.InForce{Config: c, Engine: e, Targets: targets}
}

// Current implements gateway.Source: it takes one stat, and reloads the file if that has changed. A
// call that comes while the file is being read waits, so that rules which a person has tightened
// apply to the next call.
func (r *Source) Current() *gateway.InForce {
	if r.stale() {
		r.mu.Lock()
		if r.stale() {
			r.read("", "")
		}
		r.mu.Unlock()
	}
	return r.current.Load()
}

// Ready looks at the file and reports whether what is in it is in force. A file with an error is
// not.
func (r *Source) Ready() bool {
	r.Current()
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.reloads.Broken()
}

func (r *Source) stale() bool {
	now, err := r.file.ConfigStamp()
	if err != nil {
		now = home.Stamp{} // gone: a stamp that no file has
	}
	return now != *r.looked.Load()
}

// Reload reads the file, changed or not, for an agent over via. It reports what has changed since
// the last report, because the call that asks for it has already put a changed file in force.
func (r *Source) Reload(agent, via string) core.Reload {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.read(agent, via)
	if !report.Success {
		return report
	}
	return r.reloads.Tell()
}

// read puts the file in force, or keeps what is in force. r.mu is held.
func (r *Source) read(agent, via string) core.Reload {
	stamp, _ := r.file.ConfigStamp()
	s, err := r.again()
	if err == nil && (s.Vault == nil || s.Config.Vault.ID != r.opened.Config.Vault.ID) {
		err = errors.New("the vault: block is not the one this server began with: put it back, " +
			"or restart the server")
	}
	if err != nil {
		r.looked.Store(&stamp)
		return r.keep(err, agent, via)
	}
	r.looked.Store(&s.Stamp)
	return r.put(s, agent, via)
}

func (r *Source) keep(err error, agent, via string) core.Reload {
	report, record := r.reloads.Refuse(strings.ReplaceAll(err.Error(), r.file.ConfigPath(),
		"config.yaml"), at(agent, via))
	if record != nil {
		r.options.Warn(
			fmt.Sprintf("the changed configuration is not in force, the one before it is: %v", err))
		r.record(record)
	}
	return report
}

func (r *Source) put(s *opened.Home, agent, via string) core.Reload {
	report, record := r.reloads.Accept(s.Config, at(agent, via))
	r.current.Store(InForceOf(r.current.Load().Engine.Next(s.Config, s.Vault), s.Config))
	r.opened = s
	if record != nil {
		r.options.Warn(report.Message)
		r.record(record)
		r.options.Changed()
	}
	return report
}

func at(agent, via string) audit.Record {
	return audit.Record{TS: time.Now().UnixMilli(), Agent: agent, Via: via}
}

func (r *Source) record(record *audit.Record) {
	if err := r.options.Record(*record); err != nil {
		r.options.Warn(err.Error())
	}
}

// Run looks at the file once a second, and reads it on each hangup signal, until ctx is done. It
// seals what a person typed in plaintext once the file has been unchanged for a while.
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
	if r.reloads.Broken() || stamp == r.stuck || !r.opened.Config.HasPlaintext() ||
		time.Since(time.Unix(0, stamp.MTime)) < quiet {
		return
	}
	sealed, err := r.again()
	if err != nil || sealed.Stamp != stamp {
		return // it has changed again: the next look finds that
	}
	r.stuck = stamp
	if err := sealed.SealInPlace(r.options.Keys); err != nil {
		r.options.Warn(err.Error())
		return
	}
	for _, w := range sealed.Warnings {
		r.options.Warn(w)
	}
	r.read("", "")
}
