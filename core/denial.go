package core

// Code names a refusal. Codes are part of the interface: agents and scripts match on them.
type Code = string

// The refusals of this package. Their texts stand in one table for every shell and command.
const (
	BadArguments        Code = "BAD_ARGUMENTS"
	CapabilityNotFound  Code = "CAPABILITY_NOT_FOUND"
	ReasonRequired      Code = "REASON_REQUIRED"
	RequestRejected     Code = "REQUEST_REJECTED"
	RuleDeny            Code = "RULE_DENY"
	RedactedWriteback   Code = "REDACTED_WRITEBACK"
	ApprovalPending     Code = "APPROVAL_PENDING"
	ApprovalDenied      Code = "APPROVAL_DENIED"
	ApprovalExpired     Code = "APPROVAL_EXPIRED"
	SessionRevoked      Code = "SESSION_REVOKED"
	Locked              Code = "LOCKED"
	VaultLocked         Code = "VAULT_LOCKED"
	NotReady            Code = "NOT_READY"
	CredentialRebound   Code = "CREDENTIAL_REBOUND"
	AuditUnavailable    Code = "AUDIT_UNAVAILABLE"
	EgressBlocked       Code = "EGRESS_BLOCKED"
	Busy                Code = "BUSY"
	RateLimited         Code = "RATE_LIMITED"
	TooLarge            Code = "TOO_LARGE"
	SigningFailed       Code = "SIGNING_FAILED"
	ExchangeFailed      Code = "EXCHANGE_FAILED"
	UpstreamTimeout     Code = "UPSTREAM_TIMEOUT"
	UpstreamUnreachable Code = "UPSTREAM_UNREACHABLE"
	ResponseUnscannable Code = "RESPONSE_UNSCANNABLE"
	Cancelled           Code = "CANCELLED"
	Internal            Code = "INTERNAL"

	AgentNotAllowed         Code = "AGENT_NOT_ALLOWED"
	DefaultAccessRestricted Code = "DEFAULT_ACCESS_RESTRICTED"
	OwnershipDenied         Code = "OWNERSHIP_DENIED"
)

// Denial is a refusal that a model can relay to its person.
type Denial struct {
	Code            Code
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

var texts = map[Code]text{
	BadArguments: {"the arguments could not be read",
		"correct the call; the tool's input schema names every argument"},
	CapabilityNotFound: {"there is no such capability",
		"call list_services and use one of the names it lists"},
	ReasonRequired: {"this capability wants a reason",
		"repeat the call with `reason`: one sentence on why the user wants this"},
	RequestRejected: {"the request is malformed or ambiguous and was not sent",
		"send a plain path that begins with /, without dot segments, " +
			"double slashes or encoded separators"},
	RuleDeny: {"the rules of this capability do not allow this request",
		"tell your person what you wanted to do; they can change the rules in config.yaml"},
	RedactedWriteback: {"the request holds a mark that stands for a masked secret, " +
		"so it was not sent",
		"leave that field out, or change only the fields that you mean to change (PATCH, " +
			"where the API has it); " +
			"if the API wants the masked value itself, tell your person"},
	ApprovalPending: {"a person has to say yes before this request is sent",
		"make the call with execute: your person is asked then"},
	ApprovalDenied: {"a person said no to this request",
		"do not repeat the call; ask your person what they would prefer"},
	ApprovalExpired: {"the approval is over: it was not given in time, or it has been used",
		"leave approvalId out; your person is then asked again"},
	SessionRevoked: {"the session was revoked by its owner",
		"tell your person; `janee revoke` closed this session and it stays closed until its time " +
			"is over"},
	Locked: {"Janee is locked by its owner", "tell your person that Janee is locked"},
	VaultLocked: {"the root key is not there, so no credential can be opened",
		"tell your person to run `janee list`; it says where the root key should be"},
	CredentialRebound: {"the stored credential belongs to another destination",
		trustHint("SERVICE")},
	AuditUnavailable: {"the audit log cannot be written, so nothing was done",
		"tell your person to look at the disk and at the logs folder"},
	EgressBlocked: {"the host of this service leads to an address that it may not use, " +
		"so nothing was sent",
		"tell your person: if the service lives in their own network, its address belongs under " +
			"allowPrivate of the service in config.yaml; if not, the name was pointed elsewhere"},
	Busy: {"too many calls are under way",
		"wait for some of your calls to end, then repeat this one"},
	RateLimited: {"you have used what your limits allow", "wait, then repeat the call"},
	TooLarge: {"the request is too large, so it was not sent",
		"send less: split the work into several calls, or leave out what is not needed"},
	SigningFailed: {"the request could not be signed",
		"tell your person to check the credential of this service"},
	ExchangeFailed: {"the service's credential could not be traded for a token, " +
		"so nothing was sent to the API",
		"tell your person what the token endpoint says; if it is not the clock, the credential " +
			"of this service or its scopes may be wrong"},
	UpstreamTimeout: {"the API did not answer in time",
		"it may have acted on the request all the same: check before you repeat it"},
	UpstreamUnreachable: {"the API could not be reached",
		"tell your person; the base URL or the network may be wrong"},
	ResponseUnscannable: {"the reply cannot be searched for secrets, so it is withheld",
		"ask the API for a plain encoding; the request itself was carried out"},
	Cancelled: {"the call was cancelled", "repeat it if it is still wanted"},
	Internal: {"Janee failed inside",
		"tell your person; the server's error output names the call"},

	AgentNotAllowed: {"this capability is for agents that its owner named",
		"tell your person; they can add you to allowedAgents of this capability"},
	DefaultAccessRestricted: {"this capability is closed to agents that its owner has not named",
		"tell your person; they can name you in allowedAgents of this capability, " +
			"or open it to all with access: open"},
	OwnershipDenied: {"the credential belongs to another agent",
		"tell your person; who may use it stands under ownership of the service in config.yaml"},

	NotReady: {"Janee cannot work yet: its home is missing or cannot be read",
		"tell your person to run `janee doctor` in a terminal"},
}

// trustHint names the command that a person runs; only they can know whether the change was meant.
func trustHint(service string) string {
	return "tell your person that the service was changed after its key was stored; if they " +
		"meant that, `janee trust " + service +
		"` shows the change and asks; if not, they put the old value back"
}

// Deny makes a refusal with the standing texts of its code. Shells use it for what only they can
// see, such as BUSY.
func Deny(code Code, c Call) *Denial {
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
