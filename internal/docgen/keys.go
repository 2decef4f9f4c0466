package main

import "github.com/true-and-useful/janee/core/config"

// accesses are the values of access and defaultAccess.
var accesses = []string{string(config.Open), string(config.Restricted)}

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

var capabilityKeys = []Key{
	{Path: "capabilities",
		Kind: Names,
		Meaning: "What agents may ask for: a service restricted by rules. Agents name a " +
			"capability, never a service."},
	{Path: "capabilities.NAME.service", Kind: Text, Required: true,
		Meaning: "The service that it gives access to: a name under `services`."},
	{Path: "capabilities.NAME.description", Kind: Text, Meaning: "What it is for. Agents read it."},
	{Path: "capabilities.NAME.ttl", Kind: Duration,
		Default: config.FormatDuration(config.DefaultTTL),
		Meaning: "How long a session lasts; at most " + config.FormatDuration(config.MaxTTL) +
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
	{Path: "capabilities.NAME.access", Kind: Text, Only: accesses,
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
	{Path: "capabilities.NAME.timeout", Kind: Duration,
		Default: config.FormatDuration(config.DefaultTimeout),
		Meaning: "How long one call may take; at most " +
			config.FormatDuration(config.MaxTimeout) + "."},
}

var serverKeys = []Key{
	{Path: "server", Kind: Section, Meaning: "Settings for all of Janee."},
	{Path: "server.defaultAccess", Kind: Text, Only: accesses,
		Default: string(config.Open),
		Meaning: "`restricted`: an agent may use only capabilities that name it. A capability " +
			"can override this with `access`."},
	{Path: "server.host", Kind: Text,
		Meaning: "Name or address to listen on over HTTP, without a port."},
	{Path: "server.port", Kind: Number, Meaning: "Port to listen on over HTTP."},
}

var agentKeys = []Key{
	{Path: "agents", Kind: Names,
		Meaning: "Agents that have a token or a user. Only these, or `janee serve --agent NAME` " +
			"with a home of its own, give an agent such a name."},
	{Path: "agents.NAME.token", Kind: Text,
		Meaning: "SHA-256 of the token. Janee writes it, and does not keep the token. An agent " +
			"with a `user` needs none."},
	{Path: "agents.NAME.created", Kind: Moment, Meaning: "When the agent was registered."},
	{Path: "agents.NAME.user", Kind: Text,
		Meaning: "The system user that the agent runs as: its name or its uid. Over " +
			"the socket of `janee daemon run` no other user can be this agent."},
}
