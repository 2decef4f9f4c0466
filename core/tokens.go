package core

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// retryMs is how long a token stays in use after it could not be renewed, in milliseconds.
const retryMs = 30_000

// tokens keeps the tokens that credentials were exchanged for. It passes from engine to engine with
// the process and is never stored.
type tokens struct {
	mu     sync.Mutex
	slots  map[string]*slot // by tokenKey
	rounds int64
}

// slot is the place of one credential's token. Each exchange is a round of its own: what a round
// brings is put here once, however many flows bring it, and no two rounds have the same name.
type slot struct {
	service string
	round   int64
	token   *minted // nil: none
	refused bool    // the API did not take the token before
}

// minted is a token in use.
type minted struct {
	token       sign.Token
	scrubber    *secret.Scrubber // over the secrets of the service and the token
	renew, ends int64            // Now.Mono
	// it came in place of one that the API refused, and no reply shows yet that it is better
	distrusted bool
}

func newTokens() *tokens { return &tokens{slots: map[string]*slot{}} }

// tokenKey tells credentials apart, scopes and all, and tells nothing of them.
func (e *Engine) tokenKey(s *config.Service, c sign.Credential) string {
	mac := hmac.New(sha256.New, e.stateKey)
	add := func(text string) {
		_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		_, _ = mac.Write([]byte(text))
	}
	add("token")
	add(s.Name)
	add(s.Auth.Type)
	add(s.Base.Origin())
	for _, field := range slices.Sorted(maps.Keys(c)) {
		add(field)
		add(c[field].Reveal())
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// slot returns the slot of key; t.mu is held.
func (t *tokens) slot(key, service string) *slot {
	s := t.slots[key]
	if s == nil {
		t.rounds++
		s = &slot{service: service, round: t.rounds}
		t.slots[key] = s
	}
	return s
}

// ready returns the token to use, or the name of the flight that brings one.
func (t *tokens) ready(key, service string, now Now) (m *minted, flight string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(key, service)
	if m := s.token; m != nil && now.Mono < min(m.renew, m.ends) {
		return m, ""
	}
	return nil, s.flight(key)
}

func (s *slot) flight(key string) string { return fmt.Sprintf("%s.%d", key, s.round) }

// landed takes the token that a flight has brought. Of equal flights the first fills the slot, and
// the others use what it made.
func (t *tokens) landed(
	key, service, flight string, now Now, token sign.Token, secrets []secret.Text,
	scrubber func([]secret.Text) *secret.Scrubber,
) *minted {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(key, service)
	if s.flight(key) != flight && s.token != nil {
		return s.token
	}
	secrets = append(slices.Clone(secrets), token.Text)
	if old := s.token; old != nil { // it is good for a while yet
		secrets = append(secrets, old.token.Text)
	}
	life := token.Expires - now.Wall
	m := &minted{token: token, scrubber: scrubber(secrets), renew: now.Mono + life/5*4,
		ends: now.Mono + life, distrusted: s.refused}
	t.rounds++
	s.round, s.token, s.refused = t.rounds, m, false
	return m
}

// crashed ends the round of a flight that has brought none. It returns the token in use where that
// one still serves.
func (t *tokens) crashed(key, service, flight string, now Now) *minted {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(key, service)
	if s.flight(key) == flight {
		t.rounds++
		s.round = t.rounds
	}
	m := s.token
	if m == nil || now.Mono >= m.ends {
		return nil
	}
	m.renew = max(m.renew, now.Mono+retryMs)
	return m
}

// answered notes whether the API took a token. It reports whether another is worth a try: not in
// place of one that was itself another try, or a key without rights would be traded again at each
// call.
func (t *tokens) answered(key string, m *minted, taken bool) (another bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if taken {
		m.distrusted = false
		return false
	}
	if m.distrusted {
		return false
	}
	if s := t.slots[key]; s != nil && s.token == m {
		s.token, s.refused = nil, true
	}
	return true
}

// forget drops the tokens of services.
func (t *tokens) forget(services []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.slots, func(_ string, s *slot) bool {
		return slices.Contains(services, s.service)
	})
}
