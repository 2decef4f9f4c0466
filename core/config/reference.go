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
		Meaning: "The version of this format."},
}

var serviceKeys = []Key{
	{Path: "services",
		Kind: Names,
		Meaning: "APIs, each with the credential for it. A name has 1 to 64 letters, " +
			"digits or `. _ @ -`."},
	{Path: "services.NAME.baseUrl", Kind: Address, Required: true,
		Meaning: "Where requests go. What an agent gives as a path comes behind it. It is bound " +
			"to the credential: after a change of scheme, host or port, `janee trust NAME` has " +
			"to agree before the credential is used again."},
	{Path: "services.NAME.description", Kind: Text,
		Meaning: "What the API is for. Agents read it."},
	{Path: "services.NAME.docs", Kind: Text,
		Meaning: "Address of the documentation of the API. Agents read it."},
	{Path: "services.NAME.auth", Kind: Section, Required: true,
		Meaning: "The credential. Its keys depend on `type`; see below."},
	{Path: "services.NAME.headers",
		Kind: Texts,
		Meaning: "Header fields to send with every request, such as `Stripe-Version`. A field " +
			"that carries a credential is refused here: it belongs under `auth`, " +
			"where it is sealed."},
	{Path: "services.NAME.allowHeaders", Kind: Fields,
		Meaning: "Headers that agents may send though they would be refused or dropped, such as " +
			"`Stripe-Account` or `x-amz-grant-*`. See [policies](policies.md#headers)."},
	{Path: "services.NAME.denyHeaders", Kind: Fields,
		Meaning: "Headers with which a request is refused. They win over `allowHeaders`."},
	{Path: "services.NAME.queryOperations", Kind: Keys,
		Default: "`s3` for `aws-sigv4` with an S3 `awsService`, `azure` for `azure-sharedkey`, " +
			"else none",
		Meaning: "Query keys that choose the operation, so that an allow rule has to name them " +
			"with `?KEY`: those of `s3`, `azure` or `git`, or your own, such as `[acl, policy]`. " +
			"`[]` is none."},
	{Path: "services.NAME.ownership", Kind: Section, Default: "for every agent",
		Meaning: "Whose credential it is, where it is not for every agent."},
	{Path: "services.NAME.ownership.accessPolicy", Kind: Text, Required: true,
		Only: []string{"all-agents", "agent-only", "shared"},
		Meaning: "Who may use it: everybody, the owner alone, " +
			"or the owner and those in `sharedWith`."},
	{Path: "services.NAME.ownership.createdBy", Kind: Text, Default: "you",
		Meaning: "The agent that owns it."},
	{Path: "services.NAME.ownership.sharedWith", Kind: Agents,
		Meaning: "Who else may use it, with `accessPolicy: shared`."},
	{Path: "services.NAME.ownership.createdAt", Kind: Moment, Meaning: "When it was stored."},
	{Path: "services.NAME.testPath", Kind: Text,
		Meaning: "Path of a harmless GET to try the credential with, such as `/v1/balance`."},
	{Path: "services.NAME.caFile", Kind: Text,
		Default: "those of the system",
		Meaning: "PEM file of the certificate authorities to trust for this service alone. Only " +
			"you and root may be able to change it. Its content is bound to the credential: " +
			"after a change, `janee trust NAME` has to agree."},
	{Path: "services.NAME.proxy", Kind: Address,
		Default: "none",
		Meaning: "Proxy to go through: `http://`, `https://` or `socks5://` with host and port, " +
			"without a user name. It is bound to the credential: after a change, `janee trust " +
			"NAME` has to agree. Proxies of the environment are never used."},
	{Path: "services.NAME.bound", Kind: Text,
		Default: "none",
		Meaning: "Janee writes it: the destination that you agreed to for the credential, " +
			"signed. `janee trust NAME` renews it."},
	{Path: "services.NAME.allowPrivate", Kind: Ranges,
		Default: "none",
		Meaning: "Private addresses that may be dialled for this service, such as `10.1.0.0/16` " +
			"or, with a port, `127.0.0.1/32:9000`."},
	{Path: "services.NAME.allowHttp", Kind: Flag,
		Default: "false",
		Meaning: "Lets `baseUrl` be `http://` for another machine than this one. The credential " +
			"then crosses the network in the clear."},
	{Path: "services.NAME.allowEncodedSlash", Kind: Flag,
		Default: "false",
		Meaning: "Lets a path segment hold `%2F`, as project names of GitLab do. Allow rules " +
			"then match the encoded text, deny rules also the decoded one."},
	{Path: "services.NAME.allowSemicolon", Kind: Flag, Default: "false",
		Meaning: "Lets paths hold `;` and `%3B`, and queries `;`."},
	{Path: "services.NAME.allowDoubleSlash", Kind: Flag, Default: "false",
		Meaning: "Lets paths hold empty segments (`a//b`), as keys of S3 do."},
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
		Meaning: "What agents may ask for: a service seen through rules. Agents name a " +
			"capability, never a service."},
	{Path: "capabilities.NAME.service", Kind: Text, Required: true,
		Meaning: "The service it is for: one of the names under `services`."},
	{Path: "capabilities.NAME.description", Kind: Text, Meaning: "What it is for. Agents read it."},
	{Path: "capabilities.NAME.ttl", Kind: Duration, Default: FormatDuration(DefaultTTL),
		Meaning: "How long a session lasts that its first call opens; at most " +
			FormatDuration(MaxTTL) + ". Use does not lengthen it."},
	{Path: "capabilities.NAME.autoApprove", Kind: Flag, Default: "true",
		Meaning: "`false`: a person says yes before a session opens."},
	{Path: "capabilities.NAME.requiresReason", Kind: Flag, Default: "false",
		Meaning: "`true`: a call without a reason is refused. Reasons are logged."},
	{Path: "capabilities.NAME.rules", Kind: Section, Default: "everything is allowed",
		Meaning: "Which requests are allowed. See [policies](policies.md)."},
	{Path: "capabilities.NAME.rules.allow", Kind: Rules, Default: "nothing is allowed",
		Meaning: "What is allowed, where there are rules: `METHOD PATH`, with `*` for any text, " +
			"and `?KEY` at the end for a query that holds the key."},
	{Path: "capabilities.NAME.rules.deny", Kind: Rules,
		Meaning: "What is refused whatever is allowed. Deny rules are looked at first."},
	{Path: "capabilities.NAME.allowedAgents", Kind: Agents, Default: "see `access`",
		Meaning: "The agents that may use it, and no others. Without the line `access` decides."},
	{Path: "capabilities.NAME.access", Kind: Text, Only: []string{string(Open), string(Restricted)},
		Default: "`server.defaultAccess`",
		Meaning: "Whether agents that `allowedAgents` does not name may use it."},
	{Path: "capabilities.NAME.allowHeaders", Kind: Fields,
		Meaning: "As for a service, for this capability alone."},
	{Path: "capabilities.NAME.denyHeaders", Kind: Fields,
		Meaning: "As for a service, for this capability alone."},
	{Path: "capabilities.NAME.headers", Kind: Text, Only: []string{"all"},
		Default: "the usual ones",
		Meaning: "`all` shows the agent every header field of a reply. Usual are content type " +
			"and length, dates, `etag`, `link`, `location`, `retry-after`, " +
			"request ids and rate limits."},
	{Path: "capabilities.NAME.timeout", Kind: Duration, Default: FormatDuration(60 * time.Second),
		Meaning: "How long one call may take; at most " + FormatDuration(MaxTimeout) + "."},
}

var serverKeys = []Key{
	{Path: "server", Kind: Section, Meaning: "What holds for the whole of Janee."},
	{Path: "server.defaultAccess", Kind: Text, Only: []string{string(Open), string(Restricted)},
		Default: string(Open),
		Meaning: "`restricted`: agents may use only what names them. A capability may say " +
			"otherwise with `access`."},
	{Path: "server.host", Kind: Text,
		Meaning: "Name or address to listen on over HTTP, without a port."},
	{Path: "server.port", Kind: Number, Meaning: "Port to listen on over HTTP."},
}

var agentKeys = []Key{
	{Path: "agents", Kind: Names,
		Meaning: "Agents that have a token. Nobody has such a name without it."},
	{Path: "agents.NAME.token", Kind: Text, Required: true,
		Meaning: "SHA-256 of the token, which is kept nowhere. Janee writes it."},
	{Path: "agents.NAME.created", Kind: Moment, Meaning: "When it was registered."},
}
