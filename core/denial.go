package core

// Codes of refusals. They are part of the interface: agents and scripts match on them. Their texts
// are in one table for every shell and command.
const (
	BadArguments        = "BAD_ARGUMENTS"
	CapabilityNotFound  = "CAPABILITY_NOT_FOUND"
	ReasonRequired      = "REASON_REQUIRED"
	RequestRejected     = "REQUEST_REJECTED"
	RuleDeny            = "RULE_DENY"
	RedactedWriteback   = "REDACTED_WRITEBACK"
	ApprovalPending     = "APPROVAL_PENDING"
	ApprovalDenied      = "APPROVAL_DENIED"
	ApprovalExpired     = "APPROVAL_EXPIRED"
	SessionRevoked      = "SESSION_REVOKED"
	Locked              = "LOCKED"
	VaultLocked         = "VAULT_LOCKED"
	NotReady            = "NOT_READY"
	CredentialRebound   = "CREDENTIAL_REBOUND"
	AuditUnavailable    = "AUDIT_UNAVAILABLE"
	EgressBlocked       = "EGRESS_BLOCKED"
	Busy                = "BUSY"
	RateLimited         = "RATE_LIMITED"
	TooLarge            = "TOO_LARGE"
	SigningFailed       = "SIGNING_FAILED"
	ExchangeFailed      = "EXCHANGE_FAILED"
	UpstreamTimeout     = "UPSTREAM_TIMEOUT"
	UpstreamUnreachable = "UPSTREAM_UNREACHABLE"
	ResponseUnscannable = "RESPONSE_UNSCANNABLE"
	ReplyLost           = "REPLY_LOST" // a client of the daemon makes it
	Cancelled           = "CANCELLED"
	Internal            = "INTERNAL"

	AgentNotAllowed         = "AGENT_NOT_ALLOWED"
	DefaultAccessRestricted = "DEFAULT_ACCESS_RESTRICTED"
	OwnershipDenied         = "OWNERSHIP_DENIED"
)

// Denial is a refusal that a model can relay to its person.
type Denial struct {
	Code            string
	Capability      string
	AgentID         string
	EvaluatedPolicy string // what was looked at, e.g. `deny "POST *"`
	NextStep        string
	Message         string

	// Of APPROVAL_PENDING: what the question is called, and when it is over (RFC 3339).
	ApprovalID, ExpiresAt string
	// When to try again, of APPROVAL_PENDING, RATE_LIMITED and a BUSY of the agent's own limits; 0
	// = not said.
	RetryAfterSeconds int

	unrecorded bool // it has no record of its own: the log has just failed
}

type text struct{ message, next string }

var texts = map[string]text{
	BadArguments: {"the arguments could not be read",
		"correct the call; the tool's input schema names every argument"},
	CapabilityNotFound: {"there is no such capability",
		"call list_services and use one of the names it lists"},
	ReasonRequired: {"this capability requires a reason",
		"repeat the call with `reason`: one sentence that says why the user wants this"},
	RequestRejected: {"the request is malformed or ambiguous and was not sent",
		"send a plain path that begins with /, without dot segments, " +
			"double slashes or encoded separators"},
	RuleDeny: {"the rules of this capability do not allow this request",
		"tell your user what you wanted to do; they can change the rules in config.yaml"},
	RedactedWriteback: {"the request contains the mark of a masked secret, so it was not sent",
		"leave that field out, or change only the fields that you mean to change (PATCH, " +
			"where the API has it); " +
			"if the API wants the masked value itself, tell your user"},
	ApprovalPending: {"a person must approve this request before it is sent",
		"make the call with execute: your user is then asked"},
	ApprovalDenied: {"a person denied this request",
		"do not repeat the call; ask your user what they would prefer"},
	ApprovalExpired: {"the approval is no longer valid: it was not given in time, " +
		"or it has been used",
		"leave approvalId out; your user is then asked again"},
	SessionRevoked: {"the session was revoked by its owner",
		"tell your user; `janee revoke` closed this session, and it stays closed until that " +
			"order expires"},
	Locked: {"Janee is locked by its owner", "tell your user that Janee is locked"},
	VaultLocked: {"the root key is missing, so no credential can be opened",
		"tell your user to run `janee list`; it says where the root key should be"},
	CredentialRebound: {"the credential was stored for another destination",
		trustHint("SERVICE")},
	AuditUnavailable: {"the audit log cannot be written, so nothing was done",
		"tell your user to check the disk and the logs folder"},
	EgressBlocked: {"the host of this service resolves to an address that it may not use, " +
		"so nothing was sent",
		"tell your user: if the service is in their own network, its address belongs under " +
			"allowPrivate of the service in config.yaml; if not, the name was pointed elsewhere"},
	Busy: {"too many calls are under way",
		"wait for some of your calls to end, then repeat this one"},
	RateLimited: {"you have used what your limits allow", "wait, then repeat the call"},
	TooLarge: {"the request is too large, so it was not sent",
		"send less: split the work into several calls, or leave out what is not needed"},
	SigningFailed: {"the request could not be signed",
		"tell your user to check the credential of this service"},
	ExchangeFailed: {"the service's credential could not be exchanged for a token, " +
		"so nothing was sent to the API",
		"tell your user what the token endpoint says; the clock, the credential of this " +
			"service or its scopes may be wrong"},
	UpstreamTimeout: {"the API did not answer in time",
		"it may have acted on the request anyway: check before you repeat it"},
	UpstreamUnreachable: {"the API could not be reached",
		"tell your user; the base URL or the network may be wrong"},
	ResponseUnscannable: {"the response cannot be searched for secrets, so it is withheld",
		"ask the API for a plain encoding; the request itself was carried out"},
	ReplyLost: {"the Janee daemon ended before the reply came",
		"the request may have been carried out: ask the API whether it was before you " +
			"repeat the call"},
	Cancelled: {"the call was cancelled", "repeat it if you still need it"},
	Internal: {"Janee failed internally",
		"tell your user; the error output of the server names the call"},

	AgentNotAllowed: {"this capability is only for agents that its owner has named",
		"tell your user; they can add you to allowedAgents of this capability"},
	DefaultAccessRestricted: {"this capability is closed to agents that its owner has not named",
		"tell your user; they can name you in allowedAgents of this capability, " +
			"or open it to all with access: open"},
	OwnershipDenied: {"the credential belongs to another agent",
		"tell your user; ownership of the service in config.yaml says who may use it"},

	NotReady: {"Janee cannot work yet: its home is missing or cannot be read",
		"tell your user to run `janee doctor` in a terminal"},
}

// trustHint names the command that a person runs; only they can know whether the change was meant.
func trustHint(service string) string {
	return "tell your user that the service was changed after its key was stored; if they " +
		"intended that, `janee trust " + service +
		"` shows the change and asks; if not, they should put the old value back"
}

// Deny makes a refusal with the texts of its code. Shells use it for what only they can
// see, such as BUSY.
func Deny(code string, c Call) *Denial { return refusal(code, &c) }

func (s *subject) deny(code string) *Denial { return refusal(code, &s.call) }

func refusal(code string, c *Call) *Denial {
	t := texts[code]
	return &Denial{Code: code, Capability: c.Args.Capability, AgentID: c.Agent,
		Message: t.message, NextStep: t.next}
}

func (d *Denial) because(message, policy, next string) *Denial {
	if message != "" {
		d.Message = message
	}
	if next != "" {
		d.NextStep = next
	}
	d.EvaluatedPolicy = policy
	return d
}
