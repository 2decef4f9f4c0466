package cli

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/config"
)

func TestTokens(t *testing.T) {
	form, seen := regexp.MustCompile(`^janee_[A-Za-z0-9_-]{43}$`), map[string]bool{}
	for range 100 {
		token := newAgentToken()
		if !form.MatchString(token) || seen[token] {
			t.Fatalf("%d characters, seen before: %t", len(token), seen[token])
		}
		seen[token] = true
	}
}

func TestOnlyTheDigestIsKept(t *testing.T) {
	token := newAgentToken()
	text, err := registerAgent([]byte("version: 1\n"), "alice", token,
		time.Date(2026, 11, 23, 10, 33, 45, 0, time.FixedZone("", 3600)))
	if err != nil || strings.Contains(string(text), token) ||
		!strings.Contains(string(text), `created: "2026-11-23T09:33:45Z"`) {
		t.Fatalf("%v\n%s", err, text)
	}
	c, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := c.AgentByToken(token); !ok || name != "alice" {
		t.Errorf("the token is that of %q", name)
	}
}
