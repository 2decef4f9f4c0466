package cli

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/httpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/reload"
	"github.com/true-and-useful/janee/core/config"
)

// defaultAgent is the agent of JANEE_TOKEN and JANEE_TOKEN_FILE, and the one that the first start
// over HTTP makes.
const defaultAgent = "default"

// site is where Janee serves over HTTP. It is opened before anything else, so that a port in use is
// reported at once.
type site struct {
	listener     net.Listener
	host         string // as it was given
	certificate  *tls.Certificate
	allowedHosts []string
	envToken     string // of JANEE_TOKEN or JANEE_TOKEN_FILE, "" where neither is set
	tokenFile    string // JANEE_TOKEN_FILE
	newToken     string // of the agent that was made now, "" where there was no need
}

func openSite(env *Env, s *opened.Home, o httpOptions) (*site, error) {
	t := &site{allowedHosts: o.allowedHosts, tokenFile: env.Getenv(tokenFileEnv)}
	var err error
	if t.envToken, err = tokenOf(env, s, t.tokenFile); err != nil {
		return nil, err
	}
	if o.certFile != "" {
		cert, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		t.certificate = &cert
	}
	host, port := o.address(env.Getenv, s.Config.Server)
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil,
			hint.New(hint.Failed,
				"the port may be in use, or the address may not be one of this machine: "+
					"choose others with --port and --host",
				fmt.Errorf("listening: %w", err))
	}
	t.listener, t.host = listener, host
	if err := t.ensureAgent(env, s); err != nil {
		_ = listener.Close()
		return nil, err
	}
	return t, nil
}

// ensureAgent registers an agent if there is none: otherwise nobody could call a tool.
func (t *site) ensureAgent(env *Env, s *opened.Home) error {
	if t.envToken != "" || len(s.Config.Agents) > 0 {
		return nil
	}
	token, now := newAgentToken(), time.Now()
	err := changeAgent(env, s, "agent.add", defaultAgent, "adding agent "+defaultAgent,
		func(text []byte) ([]byte, error) {
			c, err := config.Parse(text)
			if err != nil || len(c.Agents) > 0 { // another process was first
				return text, err
			}
			t.newToken = token
			return registerAgent(text, defaultAgent, token, now)
		})
	return hint.New(hint.Failed,
		"register an agent with `janee agent add`, "+
			"or set JANEE_TOKEN if config.yaml cannot be written", err)
}

func (t *site) tcp() *net.TCPAddr { return t.listener.Addr().(*net.TCPAddr) }

func (t *site) serve(
	ctx context.Context, server *mcpserver.Server, source *reload.Source, warn func(string),
) error {
	return httpserver.New(server.HTTP(), httpserver.Options{
		Tokens:       &tokens{source, sha256.Sum256([]byte(t.envToken)), t.envToken != ""},
		AllowedHosts: t.names(),
		EnforceHosts: t.tcp().IP.IsLoopback(),
		Certificate:  t.certificate,
		Ready:        source.Ready,
		Log:          warn,
	}).Serve(ctx, t.listener)
}

// names are those that clients may use, besides localhost, 127.0.0.1 and [::1]. If the person asked
// for another address of the loopback interface, that is one of them.
func (t *site) names() []string {
	if t.tcp().IP.IsLoopback() {
		return append(slices.Clone(t.allowedHosts), t.host)
	}
	return t.allowedHosts
}

// tokens are those of config.yaml as it is now, and that of the environment.
type tokens struct {
	source *reload.Source
	digest [sha256.Size]byte
	set    bool
}

func (t *tokens) Agent(token string) (name string, ok bool) {
	sum := sha256.Sum256([]byte(token))
	if t.set && subtle.ConstantTimeCompare(sum[:], t.digest[:]) == 1 {
		return defaultAgent, true
	}
	return t.source.Current().Config.AgentByToken(token)
}

// say prints what a person has to know once, and where the server is.
func (t *site) say(w io.Writer, s *opened.Home) {
	if !t.tcp().IP.IsLoopback() && t.certificate == nil {
		fmt.Fprintln(w,
			"janee: warning: the server does not use TLS: anyone who can read the network between "+
				"the server and its agents sees their tokens and all responses; use --tls-cert "+
				"and --tls-key, or a private network")
	}
	if t.newToken != "" {
		fmt.Fprintf(w, `No agent was registered, so Janee registered one, named %s.
This is its token, shown only now:

  %s

Add this to the settings of the client:

  {"mcpServers":{"janee":{"type":"http","url":"%s","headers":{"Authorization":"Bearer %s"}}}}

`, defaultAgent, t.newToken, t.url(t.clientHost()), t.newToken)
	}
	if t.tokenFile != "" {
		fmt.Fprintf(w, "The token of agent %s is in %s\n", defaultAgent, t.tokenFile)
	}
	sayRunning(w, t.url(t.host), s)
}

// clientHost is the name that clients use, as far as the server can know.
func (t *site) clientHost() string {
	switch {
	case len(t.allowedHosts) > 0:
		return t.allowedHosts[0]
	case t.tcp().IP.IsUnspecified():
		return defaultHost
	}
	return t.host
}

func (t *site) url(host string) string {
	scheme := "http"
	if t.certificate != nil {
		scheme = "https"
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, strconv.Itoa(t.tcp().Port))
	}
	return scheme + "://" + host + "/mcp"
}
