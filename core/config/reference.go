package config

import (
	"slices"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/sign"
)

// Kind is the shape of a value of config.yaml.
type Kind string

// The kinds of values. A Section holds other keys; the keys of Names are chosen by the person.
const (
	Text     Kind = "text"
	Flag     Kind = "true or false"
	Duration Kind = "duration"
	Address  Kind = "URL"
	Rules    Kind = "list of rules"
	Agents   Kind = "list of agents"
	Ranges   Kind = "list of addresses"
	Number   Kind = "number"
	Count    Kind = "whole number"
	Size     Kind = "size"
	Moment   Kind = "time"
	Texts    Kind = "name: text lines"
	Words    Kind = "list of words"
	Fields   Kind = "list of headers"
	Keys     Kind = "name, or list of query keys"
	Section  Kind = "section"
	Names    Kind = "section by name"
)

// Key describes a key of config.yaml for the reference page and for editors. Path has NAME where
// the person chooses one, and TYPE in brackets below auth, as in "services.NAME.auth[bearer].key".
type Key struct {
	Path     string
	Kind     Kind
	Required bool
	Only     []string // the values it may have; nil for any of its kind
	Default  string   // what holds without it, "" for nothing
	Most     int64    // of a Count or Size
	Meaning  string   // sentences, with Markdown code spans
}

// Parent is the path of the section that holds k, "" for the whole file, and the name that k has in
// it.
func (k Key) Parent() (section, name string) {
	i := strings.LastIndexByte(k.Path, '.')
	if i < 0 {
		return "", k.Path
	}
	return k.Path[:i], k.Path[i+1:]
}

// Reference lists every key that Parse accepts, in the order in which a person writes them.
func Reference() []Key {
	return slices.Concat(fileKeys, serviceKeys, authKeys(), capabilityKeys,
		limitKeys("capabilities.NAME."+limitsSection, false), limitKeys(limitsSection, true),
		serverKeys, approvalKeys, auditKeys, agentKeys, vaultKeys)
}

var fileKeys = []Key{
	{Path: "version", Kind: Text, Only: []string{"1"}, Default: "1",
		Meaning: "The version of this file format."},
}

var serviceKeys = []Key{
	{Path: "services",
		Kind: Names,
		Meaning: "APIs, each with its credential. A name has 1 to 64 letters, digits or `. _ @ " +
			"-`."},
	{Path: "services.NAME.baseUrl", Kind: Address, Required: true,
		Meaning: "Where requests go. Janee appends the path that an agent gives. The URL is " +
			"bound to the credential: after a change of scheme, host or port, run `janee trust " +
			"NAME` before Janee uses the credential again."},
	{Path: "services.NAME.description", Kind: Text,
		Meaning: "What the API is for. Agents read it."},
	{Path: "services.NAME.docs", Kind: Text,
		Meaning: "Address of the API's documentation. Agents read it."},
	{Path: "services.NAME.auth", Kind: Section, Required: true,
		Meaning: "The credential. Its keys depend on `type`; see below."},
	{Path: "services.NAME.headers",
		Kind: Texts,
		Meaning: "Header fields to send with every request, such as `Stripe-Version`. A field " +
			"that carries a credential is refused here. Put it under `auth`, where Janee seals " +
			"it."},
	{Path: "services.NAME.allowHeaders", Kind: Fields,
		Meaning: "Headers that agents may send and that Janee would otherwise refuse or drop, " +
			"such as `Stripe-Account` or `x-amz-grant-*`. See [policies](policies.md#headers)."},
	{Path: "services.NAME.denyHeaders", Kind: Fields,
		Meaning: "Janee refuses a request with one of these headers, even if `allowHeaders` " +
			"lists it."},
	{Path: "services.NAME.queryOperations", Kind: Keys,
		Default: "`s3` for `aws-sigv4` with an S3 `awsService`, `azure` for `azure-sharedkey`, " +
			"else none",
		Meaning: "Query keys that choose the operation, so that an allow rule has to name them " +
			"with `?KEY`: those of `s3`, `azure` or `git`, or your own, such as `[acl, policy]`. " +
			"`[]` means none."},
	{Path: "services.NAME.ownership", Kind: Section, Default: "for every agent",
		Meaning: "Which agent owns the credential, if it is not for every agent."},
	{Path: "services.NAME.ownership.accessPolicy", Kind: Text, Required: true,
		Only: []string{"all-agents", "agent-only", "shared"},
		Meaning: "Which agents may use it: all of them, only the owner, or the owner and those " +
			"in `sharedWith`."},
	{Path: "services.NAME.ownership.createdBy", Kind: Text, Default: "you",
		Meaning: "The agent that owns it."},
	{Path: "services.NAME.ownership.sharedWith", Kind: Agents,
		Meaning: "The agents that may also use it, with `accessPolicy: shared`."},
	{Path: "services.NAME.ownership.createdAt", Kind: Moment, Meaning: "When it was stored."},
	{Path: "services.NAME.testPath", Kind: Text,
		Meaning: "Path of a harmless GET that tests the credential, such as `/v1/balance`."},
	{Path: "services.NAME.caFile", Kind: Text,
		Default: "the system's",
		Meaning: "PEM file of the certificate authorities to trust for this service only. Only " +
			"you and root may be able to change it. Its content is bound to the credential: " +
			"after a change, run `janee trust NAME`."},
	{Path: "services.NAME.proxy", Kind: Address,
		Default: "none",
		Meaning: "Proxy to use: `http://`, `https://` or `socks5://` with host and port, without " +
			"a user name. It is bound to the credential: after a change, run `janee trust NAME`. " +
			"Janee never uses the proxies that the environment names."},
	{Path: "services.NAME.bound", Kind: Text,
		Default: "none",
		Meaning: "The destination that you agreed to for the credential, signed. Janee writes " +
			"it; `janee trust NAME` renews it."},
	{Path: "services.NAME.allowPrivate", Kind: Ranges,
		Default: "none",
		Meaning: "Private addresses that Janee may connect to for this service, such as " +
			"`10.1.0.0/16` or, with a port, `127.0.0.1/32:9000`."},
	{Path: "services.NAME.allowHttp", Kind: Flag,
		Default: "false",
		Meaning: "`true`: `baseUrl` may be `http://` for another machine. The credential then " +
			"crosses the network unencrypted."},
	{Path: "services.NAME.allowEncodedSlash", Kind: Flag,
		Default: "false",
		Meaning: "`true`: a path segment may contain `%2F`, as project names in GitLab do. Allow " +
			"rules then match the encoded text, deny rules also the decoded one."},
	{Path: "services.NAME.allowSemicolon", Kind: Flag, Default: "false",
		Meaning: "`true`: paths may contain `;` and `%3B`, and queries `;`."},
	{Path: "services.NAME.allowDoubleSlash", Kind: Flag, Default: "false",
		Meaning: "`true`: paths may contain empty segments (`a//b`), as S3 keys do."},
}

// authKeys follow from the schemes of package sign.
func authKeys() []Key {
	var keys []Key
	for _, authType := range sign.Types() {
		scheme, _ := sign.Lookup(authType)
		section := "services.NAME.auth[" + authType + "]"
		keys = append(keys, Key{
			Path:     section + ".type",
			Kind:     Text,
			Required: true,
			Only:     []string{authType},
			Meaning:  scheme.Title + ".",
		})
		for _, f := range scheme.Fields {
			k := Key{
				Path:     section + "." + f.Name,
				Kind:     Text,
				Required: f.Required,
				Meaning:  f.Label + ".",
			}
			switch {
			case f.Map:
				k.Kind = Texts
			case f.List:
				k.Kind = Words
			}
			if f.Secret {
				k.Meaning += " Sealed in place."
			}
			keys = append(keys, k)
		}
	}
	return keys
}

var capabilityKeys = []Key{
	{Path: "capabilities",
		Kind: Names,
		Meaning: "What agents may ask for: a service restricted by rules. Agents name a " +
			"capability, never a service."},
	{Path: "capabilities.NAME.service", Kind: Text, Required: true,
		Meaning: "The service that it gives access to: a name under `services`."},
	{Path: "capabilities.NAME.description", Kind: Text, Meaning: "What it is for. Agents read it."},
	{Path: "capabilities.NAME.ttl", Kind: Duration, Default: FormatDuration(DefaultTTL),
		Meaning: "How long a session lasts; at most " + FormatDuration(MaxTTL) +
			". The first call opens it, and use does not extend it."},
	{Path: "capabilities.NAME.autoApprove", Kind: Flag, Default: "true",
		Meaning: "`false`: a person has to approve a request, or a session, before anything is " +
			"sent."},
	{Path: "capabilities.NAME.requiresReason", Kind: Flag, Default: "false",
		Meaning: "`true`: Janee refuses a call without a reason. It logs reasons."},
	{Path: "capabilities.NAME.rules", Kind: Section, Default: "everything is allowed",
		Meaning: "Which requests are allowed. See [policies](policies.md)."},
	{Path: "capabilities.NAME.rules.allow", Kind: Rules, Default: "nothing is allowed",
		Meaning: "What is allowed, if there are rules: `METHOD PATH`, with `*` for any text, and " +
			"`?KEY` at the end for a query that has the key."},
	{Path: "capabilities.NAME.rules.deny", Kind: Rules,
		Meaning: "What is refused even if it is allowed. Janee looks at deny rules first."},
	{Path: "capabilities.NAME.allowedAgents", Kind: Agents, Default: "see `access`",
		Meaning: "The only agents that may use it. Without this list, `access` decides."},
	{Path: "capabilities.NAME.access", Kind: Text, Only: []string{string(Open), string(Restricted)},
		Default: "`server.defaultAccess`",
		Meaning: "Which agents may use it if there is no `allowedAgents`: all of them, or none."},
	{Path: "capabilities.NAME.allowHeaders", Kind: Fields,
		Meaning: "The same as for a service, for this capability only."},
	{Path: "capabilities.NAME.denyHeaders", Kind: Fields,
		Meaning: "The same as for a service, for this capability only."},
	{Path: "capabilities.NAME.headers", Kind: Text, Only: []string{"all"},
		Default: "the usual ones",
		Meaning: "`all` shows the agent every header field of a reply. The usual ones are " +
			"content type and length, dates, `etag`, `link`, `location`, `retry-after`, request " +
			"ids and rate limits."},
	{Path: "capabilities.NAME.timeout", Kind: Duration, Default: FormatDuration(60 * time.Second),
		Meaning: "How long one call may take; at most " + FormatDuration(MaxTimeout) + "."},
}

var serverKeys = []Key{
	{Path: "server", Kind: Section, Meaning: "Settings for all of Janee."},
	{Path: "server.defaultAccess", Kind: Text, Only: []string{string(Open), string(Restricted)},
		Default: string(Open),
		Meaning: "`restricted`: an agent may use only capabilities that name it. A capability " +
			"can override this with `access`."},
	{Path: "server.host", Kind: Text,
		Meaning: "Name or address to listen on over HTTP, without a port."},
	{Path: "server.port", Kind: Number, Meaning: "Port to listen on over HTTP."},
}

var agentKeys = []Key{
	{Path: "agents", Kind: Names,
		Meaning: "Agents that have a token. Only the token, or `janee serve --agent NAME`, gives " +
			"an agent such a name."},
	{Path: "agents.NAME.token", Kind: Text, Required: true,
		Meaning: "SHA-256 of the token. Janee writes it, and does not keep the token."},
	{Path: "agents.NAME.created", Kind: Moment, Meaning: "When the agent was registered."},
}
