package config

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Unnamed is the agent whose client gave no name, or claimed a name that it may not use. It has no
// rights of its own.
const Unnamed = "unnamed"

// TokenPrefix begins every token of an agent, so that people and scanners recognize one.
const TokenPrefix = "janee_"

const digestPrefix = "sha256:"

// maxUser is the longest name of a user in bytes, as useradd(8) has it.
const maxUser = 32

// UnnamedOf is Unnamed for the clients of one system user.
func UnnamedOf(user string) string { return Unnamed + "@" + user }

// Agent is a registered agent: nobody can use its name without its token, or without being its
// user.
type Agent struct {
	Name    string
	Digest  [sha256.Size]byte // of the token, which is stored nowhere; zero if it has none
	User    string            // the system user that it runs as: a name, or a uid in digits; or ""
	Created string            // RFC 3339, "" if the file names none
	Line    int               // 1-based, of the name
}

// TokenDigest returns what config.yaml keeps of a token: "sha256:" and 64 hex digits. Tokens are
// 256 random bits, which no dictionary contains, so a slow hash would protect nothing more.
func TokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return digestPrefix + hex.EncodeToString(sum[:])
}

// AgentByToken finds the agent that has the token. It takes the same time whichever agent that is,
// or if there is none.
func (c *Config) AgentByToken(token string) (name string, ok bool) {
	sum := sha256.Sum256([]byte(token))
	for _, each := range c.AgentNames {
		if subtle.ConstantTimeCompare(sum[:], c.Agents[each].Digest[:]) == 1 {
			name, ok = each, true
		}
	}
	return name, ok
}

// AgentsOf names the agents that are bound to a system user, in the order of the file. A binding in
// digits is a uid. Every other one is the name of the user, so that a user who is called "1001" is
// not taken for the one with that uid.
func (c *Config) AgentsOf(uid, user string) (names []string) {
	for _, name := range c.AgentNames {
		switch bound := c.Agents[name].User; {
		case bound == "":
		case isUID(bound) && bound == uid, !isUID(bound) && bound == user:
			names = append(names, name)
		}
	}
	return names
}

func isUID(s string) bool { return strings.Trim(s, "0123456789") == "" }

func (r *configReader) agent(key, n *yaml.Node) {
	a := &Agent{Name: key.Value, Line: key.Line}
	what := "agent " + brief(a.Name)
	switch {
	case !ValidName(a.Name):
		r.problem(key.Line, "agent name %s: %s", brief(a.Name), nameHelp)
	case a.Name == Unnamed, strings.HasPrefix(a.Name, UnnamedOf("")):
		r.problem(key.Line,
			"%s: Janee gives this name to clients without one: choose another", what)
	}
	r.config.Agents[a.Name] = a
	r.config.AgentNames = append(r.config.AgentNames, a.Name)

	r.mapping(n, what,
		known{"token", func(n *yaml.Node) { r.digest(n, what, a) }},
		known{"created", r.moment(&a.Created, what+": created")},
		known{"user", func(n *yaml.Node) { r.agentUser(n, what, a) }},
	)
	if n.Kind == yaml.MappingNode && lookup(n, "token") == nil && lookup(n, "user") == nil {
		r.problem(key.Line, "%s has neither token nor user: `janee agent add` writes a token", what)
	}
}

func (r *configReader) agentUser(n *yaml.Node, what string, a *Agent) {
	user, ok := r.text(n, what+": user")
	if !ok {
		return
	}
	a.User = user
	if !ValidName(user) || len(user) > maxUser {
		r.problem(n.Line, "%s: user %s: write the name of a system user or its uid",
			what, brief(user))
	}
}

// digest shows nothing of what it refuses, which may be a token.
func (r *configReader) digest(n *yaml.Node, what string, a *Agent) {
	s, ok := r.text(n, what+": token")
	if !ok {
		return
	}
	digits, prefixed := strings.CutPrefix(s, digestPrefix)
	sum, err := hex.DecodeString(digits)
	if !prefixed || err != nil || len(sum) != len(a.Digest) || strings.ToLower(digits) != digits {
		r.problem(n.Line,
			"%s: token must be sha256: and 64 hex digits, as `janee agent rotate %s` writes it",
			what, a.Name)
		return
	}
	copy(a.Digest[:], sum)
	for _, name := range r.config.AgentNames {
		if other := r.config.Agents[name]; other != a && other.Digest == a.Digest {
			r.problem(n.Line,
				"%s has the same token as agent %s: give it its own with `janee agent rotate`",
				what, brief(name))
		}
	}
}
