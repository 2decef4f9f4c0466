// Package core decides, and shells act. An [Engine] holds a configuration and its root key. A shell
// begins a [Call] with it, carries out each [Step] that comes back, and tells the [Flow] what came
// of it as an [Event], until the step is [Done].
//
// # The order of an execute
//
// A flow is straight code; each of these is a function that can be read top to bottom:
//
//	Engine.Begin       the tools (tools.go), one file each
//	Flow.execute       the whole story (execute.go)
//	  check            every check in its order (checks.go, access.go, limits.go, mark.go)
//	  askPerson        where the owner wants a person to approve (approve.go, elicit.go, form.go)
//	  enter            counts the call, and gives it a session (limits.go, open.go, session.go)
//	  perform          makes the intent durable, then
//	    deliver        opens the credential, signs, sends, takes the reply (send.go, reply.go)
//	      fetchToken   where the credential is exchanged for a token (exchange.go, tokens.go)
//	    recordResult   makes the result durable
//	Flow.refuse        records a refusal (denial.go has the texts)
//
// Where a flow needs the shell it calls do or commit (talk.go): the call returns when the
// shell has answered. A flow that does not come to Done must be dropped.
//
// # What holds everywhere
//
// Every exported function is pure: time, randomness and the contents of state files come in with
// [In], nothing is read from the machine, and no goroutine is started. That makes the native server
// and the WebAssembly module the same program. An intent is in the log before anything is opened or
// sent; what fails, fails closed, and says why. Paths are judged in core/policy, requests are
// signed in core/sign: package core has no policy of its own.
package core

import (
	"sync"
	"sync/atomic"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
	"github.com/true-and-useful/janee/core/wire"
)

// Header is one HTTP field.
type Header = wire.Header

// Record is one line of the audit log before the chain numbers and seals it.
type Record = audit.Record

// Now is the time of a shell: Wall in Unix milliseconds, Mono in milliseconds from any point, never
// going back.
type Now struct{ Wall, Mono int64 }

// In goes with every Begin and Resume.
type In struct {
	Now  Now
	Rand [64]byte // fresh for each step; ids and nonces are cut from it
	// Files holds the state files named by Needs as found now. An absent name is no such file; a
	// nil value is a file that could not be read, which fails closed.
	Files map[string][]byte
}

// Engine decides for one configuration. It is safe for concurrent use.
type Engine struct {
	config *config.Config
	// nil: the root key is not there, calls that need a credential are refused
	vault    *vault.Vault
	stateKey []byte
	sessions *sessionMemory
	tokens   *tokens
	limits   *limit.Book
	pinned   *atomic.Bool // there is a PIN now: it counts for calls under way too
	parked   *atomic.Int64
	runners  *runners

	mu sync.Mutex
	// by service; a credential does not change while the engine lives
	scrubbers map[string]*secret.Scrubber

	mark  string           // what takes the place of a secret in all that this home shows to agents
	marks *secret.Scrubber // finds mark in requests; nil without a root key
}

// New makes an engine. v may be nil where the root key is missing; the engine then refuses with
// VAULT_LOCKED.
func New(c *config.Config, v *vault.Vault) *Engine {
	e := &Engine{config: c, vault: v, sessions: newSessionMemory(), tokens: newTokens(),
		limits: limit.NewBook(), pinned: new(atomic.Bool), parked: new(atomic.Int64),
		runners:   new(runners),
		scrubbers: map[string]*secret.Scrubber{},
		mark:      secret.Marker}
	e.pinned.Store(c.Approvals.PIN != "")
	if v != nil {
		e.stateKey = v.Key("state")
		e.mark = markOf(v)
		e.marks = secret.NewScrubber(secret.New(e.mark))
	}
	return e
}

// Next makes an engine for a changed configuration that remembers which sessions this process has
// seen end, what its agents have used of their limits, and the tokens of the services that are as
// they were. A PIN that c has binds calls that e has begun as well.
func (e *Engine) Next(c *config.Config, v *vault.Vault) *Engine {
	n := New(c, v)
	n.sessions, n.tokens, n.limits, n.pinned, n.parked, n.runners = e.sessions, e.tokens,
		e.limits, e.pinned, e.parked, e.runners
	n.pinned.Store(c.Approvals.PIN != "")
	services, _ := config.Diff(e.config, c)
	n.tokens.forget(append(services.Changed, services.Removed...))
	return n
}

// scrubber returns the automaton over the secrets of a service, which is built once.
func (e *Engine) scrubber(service string, secrets []secret.Text) *secret.Scrubber {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.scrubbers[service]
	if !ok {
		s = e.newScrubber(secrets)
		e.scrubbers[service] = s
	}
	return s
}
