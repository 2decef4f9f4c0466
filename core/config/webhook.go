package config

import (
	"net/netip"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/egress"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// Webhook is a receiver that is told of events. Secret is the key of the signature.
type Webhook struct {
	URL    string
	Secret Value
}

// WebhookBinding returns what the secret of approvals.webhook is sealed for. No service has an auth
// type of that name.
func WebhookBinding() vault.Binding {
	return vault.Binding{
		Service: approvalsSection,
		Field:   "webhook.secret",
		Type:    "webhook",
		Origin:  "*",
	}
}

// AnchorBinding returns what the secret of audit.anchor.webhook is sealed for.
func AnchorBinding() vault.Binding {
	return vault.Binding{
		Service: auditSection,
		Field:   "anchor.webhook.secret",
		Type:    "webhook",
		Origin:  "*",
	}
}

// hook is a webhook and the path of its secret in the file.
type hook struct {
	path    string
	webhook *Webhook
}

// hooks lists the webhooks in the configuration.
func (c *Config) hooks() (list []hook) {
	if w := c.Approvals.Webhook; w != nil {
		list = append(list, hook{pathOf(WebhookBinding()), w})
	}
	if a := c.Audit.Anchor; a != nil && a.Webhook != nil {
		list = append(list, hook{pathOf(AnchorBinding()), a.Webhook})
	}
	return list
}

// pathOf returns the path of the webhook secret that is sealed for b.
func pathOf(b vault.Binding) string { return b.Service + "." + b.Field }

// webhook reads the webhook whose secret is sealed for b. what names its place.
func (r *configReader) webhook(what string, b vault.Binding, to **Webhook) func(*yaml.Node) {
	return func(n *yaml.Node) {
		w := &Webhook{}
		r.mapping(n, what,
			known{"url", func(n *yaml.Node) { r.webhookURL(n, what, w) }},
			known{"secret", func(v *yaml.Node) { r.webhookSecret(v, n.Column-1, what, b, w) }},
		)
		if n.Kind != yaml.MappingNode {
			return
		}
		if lookup(n, "url") == nil || lookup(n, "secret") == nil {
			r.problem(n.Line,
				"%s needs a url and a secret: without a signature, "+
					"anyone could tell its receiver anything", what)
		}
		*to = w
	}
}

// webhookURL does not show what it refuses: many addresses of this kind are secrets themselves.
func (r *configReader) webhookURL(n *yaml.Node, what string, w *Webhook) {
	s, ok := r.text(n, what+": url")
	if !ok {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		r.problem(n.Line,
			"%s: url must be a full address without a user name, as in "+
				"https://chat.example.com/hook", what)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		r.problem(n.Line,
			"%s: url must begin with https://; http:// is only for this machine", what)
	case egress.ClassifyHost(u.Hostname()) == egress.Metadata:
		r.problem(n.Line, "%s: url may not be that of a metadata service", what)
	default:
		w.URL = s
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

const minWebhookSecret = 16

func (r *configReader) webhookSecret(
	n *yaml.Node, indent int, what string, b vault.Binding, w *Webhook,
) {
	s, ok := r.text(n, what+": secret")
	switch {
	case !ok:
	case vault.IsSealed(s):
		w.Secret = Value{Sealed: s, Line: n.Line}
		if _, _, err := vault.Parse(s); err != nil {
			r.problem(n.Line,
				"%s: secret: the sealed text is damaged: type the secret again in its place", what)
		}
	case reservedPrefix(s) != "":
		r.problem(n.Line,
			"%s: secret: values that begin with %s are reserved: write the secret itself, "+
				"Janee seals it in place", what, reservedPrefix(s))
	case len(s) < minWebhookSecret:
		r.problem(n.Line,
			"%s: secret is too short: write at least %d characters, from a random source",
			what, minWebhookSecret)
	default:
		w.Secret = Value{Plain: secret.New(s), Line: n.Line}
		r.plain = append(r.plain,
			plainField{"the secret of " + strings.TrimSuffix(pathOf(b), ".secret"), b,
				w.Secret.Plain, n, indent})
	}
}
