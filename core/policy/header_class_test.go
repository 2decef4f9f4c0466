package policy

import (
	"slices"
	"strings"
	"testing"
)

// TestHeaderTable holds every line of the table to what it says: each name reaches its own line,
// and none is given twice.
func TestHeaderTable(t *testing.T) {
	seen := map[string]bool{}
	for i := range headerTable {
		line := &headerTable[i]
		if line.why == "" || strings.HasSuffix(line.why, ".") ||
			len(strings.Fields(line.names)) == 0 {
			t.Errorf("line %d: names %q, why %q", i, line.names, line.why)
		}
		for _, name := range strings.Fields(line.names) {
			if seen[name] {
				t.Errorf("%s is given twice", name)
			}
			seen[name] = true
			if plain := strings.ReplaceAll(name, "*", ""); canonicalName(plain) != plain {
				t.Errorf("%s is not folded, so no field will ever match it", name)
			}
			if !strings.Contains(name, "*") && headerLineOf(name) != line {
				t.Errorf("%s does not reach its line", name)
			}
			if strings.Contains(name, "*") && !reachable(name, line) {
				t.Errorf("%s: a pattern before it covers it whole", name)
			}
		}
	}
}

// reachable reports whether some name that the pattern matches reaches its line.
func reachable(pattern string, line *headerLine) bool {
	return slices.ContainsFunc([]string{"q7z", "x-q7z", "q7z-q7z", "x-q7z-q7z"},
		func(word string) bool {
			return headerLineOf(strings.ReplaceAll(pattern, "*", word)) == line ||
				headerLineOf(strings.ReplaceAll(pattern, "*", "")) == line
		})
}

// want is what becomes of a field with a value in a request of a capability with rules; the letters
// are those of outcome.
var want = map[string]string{
	// Sent with every request: what describes data or sets a condition, and whatever nobody has
	// thought of.
	"sent": `Accept accept-LANGUAGE Accept-Charset Content-Type Content-Language Content-Encoding
		Content-MD5 Content-Disposition Content-Digest Content-Location Cache-Control Pragma
		If-Match If-None-Match If-Modified-Since If-Unmodified-Since If-Schedule-Tag-Match
		Idempotency-Key X-Idempotency-Key PayPal-Request-Id Prefer User-Agent
		X-Stripe-Client-User-Agent Depth Overwrite Lock-Token If Timeout Origin Referer
		HTTP-Referer X-Title X-Requested-With X-Request-Id X-Correlation-Id Traceparent Tracestate
		Unheard-Of X-Unheard-Of Intercom-Version Square-Version Stripe-Version Notion-Version
		Anthropic-Version anthropic-beta OpenAI-Beta LinkedIn-Version X-Restli-Protocol-Version
		X-GitHub-Api-Version X-GitHub-Media-Type GraphQL-Preflight Apollo-Require-Preflight
		X-Shopify-Api-Features Mcp-Session-Id Mcp-Protocol-Version X-Amz-Target X-Amzn-Trace-Id
		X-Amz-User-Agent Amz-Sdk-Invocation-Id Amz-Sdk-Request X-Amz-Client-Token SOAPAction
		X-Amz-Meta-Owner x-amz-meta-api-key x-amz-meta-token X-Amz-Storage-Class X-Amz-Tagging
		X-Amz-Checksum-Sha256 X-Amz-Sdk-Checksum-Algorithm X-Amz-Metadata-Directive
		X-Amz-Tagging-Directive X-Amz-Website-Redirect-Location X-Amz-Expected-Bucket-Owner
		X-Amz-Write-Offset-Bytes X-Amz-Source-Expected-Bucket-Owner X-Amz-Copy-Source-If-Match
		X-Amz-Copy-Source-If-None-Match X-Amz-Copy-Source-If-Modified-Since
		X-Amz-Server-Side-Encryption X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id
		X-Amz-Server-Side-Encryption-Customer-Algorithm X-Amz-Server-Side-Encryption-Customer-Key
		X-Amz-Server-Side-Encryption-Customer-Key-MD5
		X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key X-Amz-Server-Side-Encryption-Context
		X-Amz-Server-Side-Encryption-Bucket-Key-Enabled X-Amz-Object-Attributes
		X-Amz-Mp-Object-Size X-Ms-Version X-Ms-Blob-Type X-Ms-Blob-Content-Type
		X-Ms-Blob-Content-Length X-Ms-Meta-Key X-Ms-Meta-Token X-Ms-Lease-Id X-Ms-Lease-Action
		X-Ms-Lease-Duration X-Ms-Access-Tier X-Ms-Tags X-Ms-If-Tags X-Ms-Source-If-Match
		X-Ms-Page-Write X-Ms-Blob-Sequence-Number X-Ms-Blob-Cache-Control X-Ms-Encryption-Key
		X-Ms-Encryption-Key-Sha256 X-Ms-Encryption-Scope X-Ms-Client-Request-Id X-Ms-Properties
		X-Ms-Write X-Ms-Documentdb-Partitionkey X-Ms-Documentdb-Isquery X-Ms-Session-Token
		X-Ms-Continuation X-Ms-Consistency-Level X-Goog-Meta-Secret X-Goog-Encryption-Key
		X-Goog-Encryption-Kms-Key-Name X-Goog-Hash X-Goog-Storage-Class X-Goog-If-Generation-Match
		X-Goog-Resumable X-Goog-Api-Client X-Goog-Request-Params X-Goog-FieldMask
		X-Upload-Content-Type X-Goog-Upload-Command X-Goog-Upload-Offset X-Object-Meta-Token
		X-Csrf-Token X-CSRFToken Surrogate-Key Fastly-Soft-Purge X-Vault-Wrap-TTL Upload-Offset
		Upload-Length Tus-Resumable Upload-Metadata X-Delete-After X-Payment-Method X-Description
		X-Subscription-Id X-Design-Id X-Author X-Cloud-Trace-Context
		X-Atlassian-Webhook-Identifier X-Max-Tokens-Used X-Home-Page Jenkins-Crumb
		X-Atlassian-Token X-Harbor-Csrf-Token X-Goog-Copy-Source-If-Generation-Match
		X-Oss-Forbid-Overwrite X-Goog-Copy-Source-Encryption-Key
		X-Snowflake-Authorization-Token-Type Client-Id Kbn-Xsrf X-Amz-Invocation-Type
		X-Stainless-Lang Asana-Enable OCS-APIRequest ConsistencyLevel X-Checksum-Deploy
		X-Timestamp X-Nonce X-Simulated-Trading Idempotence-Key Idempotency-Token
		X-Idempotent-Key RequestVerificationToken X-AntiForgery-Token X-Transmission-Session-Id
		X-Amzn-Bedrock-AgentCore-Runtime-Session-Id X-Amzn-SageMaker-Session-Id X-Trino-Session
		Crypto-Key X-Goog-Content-Length-Range X-Amz-Optional-Object-Attributes Kafka-Key
		X-Dedup-Key X-Vercel-Digest X-Vercel-Artifact-Duration X-Atlassian-Force-Account-Id
		X-Zendesk-Marketplace-Organization-Id X-Amz-Meta-Override-Reason X-Ms-Meta-Rewrite`,
	// Left out of every request, and told.
	"dropped": `Host HOST Content-Length Transfer-Encoding Connection Keep-Alive Proxy-Connection TE
		Trailer Upgrade Expect HTTP2-Settings Close Accept-Encoding Sec-WebSocket-Key
		Sec-WebSocket-Protocol Proxy-Authorization Proxy-Authenticate Max-Forwards Authorization
		authorization AUTHORIZATION Cookie Cookie2 Set-Cookie X-Cookie X-Api-Key x_api_key
		X.Api.Key Api-Key ApiKey API-Sign Fastly-Key DD-API-KEY DD-APPLICATION-KEY
		Ocp-Apim-Subscription-Key Xi-Api-Key X-RapidAPI-Key X-Functions-Key X-Goog-Api-Key
		CB-ACCESS-KEY CB-ACCESS-TIMESTAMP OK-ACCESS-SIGN OK-ACCESS-PASSPHRASE KC-API-KEY
		X-MBX-APIKEY X-MEXC-APIKEY X-Bapi-Api-Key X-BAPI-TIMESTAMP X-Auth-Token X-Auth-Key
		X-Auth-Email Client-Token X-Access-Token X-Vault-Token X-Consul-Token Private-Token Job-Token
		Deploy-Token Circle-Token X-Shopify-Access-Token Token X-Token X-Figma-Token X-Amz-Date
		X-AMZ-Security-Token X-Amz-Content-Sha256 X-Amz-Signature X-Amz-Credential
		X-Amz-S3session-Token X-Ms-Date X-Goog-Date Date X-My-Secret Client-Secret X-Password
		X-OK-Passphrase X-Credential X-Session-Id X-Session Session-Id X-GitHub-OTP
		X-Jwt-Assertion DPoP Authentication Signature Signature-Input X-Signature X-Hub-Signature
		X-Hub-Signature-256 X-Sign X-Janee-Reason x-janee-agent-id X_Janee.Reason Forwarded Via
		X-Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X_Forwarded_For
		X-Forwarder-For X-Real-IP X-Client-IP Client-IP X-Cluster-Client-IP X-Originating-IP
		X-True-Client-IP True-Client-IP CF-Connecting-IP Fastly-Client-IP X-Remote-Addr
		X-Remote-IP X-Envoy-Internal X-Proxy-Id Proxy X-Host X-Original-Host X-Backend-Host
		X-Backend-Server X-Upstream-Name X-Script-Name X-Middleware-Subrequest
		X-Middleware-Prefetch X-Sendfile-Type X-Accel-Mapping X-Accel-Redirect X-Internal-Request
		CDN-Loop Alt-Used X-Oss-Content-Sha256 Neon-Connection-String X-Registry-Auth
		X-Registry-Config X-Emby-Authorization X-ClickHouse-Key Auth0-Forwarded-For`,
	// Left out of a read and told; a write with one is refused.
	"piece": `Range RANGE X-Ms-Range x_ms_range If-Range Request-Range X-Goog-Range X-Amz-Range
		X-Oss-Range X-Range Byte-Range Range-Unit X-Ms-Range-Get-Content-MD5
		X-Ms-Source-Range X-Amz-Copy-Source-Range X-Oss-Copy-Source-Range`,
	// Left out of a read and told; sent with a write, of whose body it says what part it is.
	"part": `Content-Range content_range X-Content-Range X-Upload-Content-Range`,
	// Refused, whatever the capability.
	"refused": `X-HTTP-Method-Override x_http_method_override X.HTTP.Method.Override X-HTTP-Method
		X-Method-Override X-Original-Method X-Forwarded-Method X-Method X-Http-Verb
		X-Request-Method HTTP-Method-Override Method-Override _method X-Original-URL
		X-Original-URI X-Rewrite-URL X-Rewrite-URI X-Override-URL X-Forwarded-URI
		X-HTTP-Path-Override X-Matched-Path X_Matched_Path X-Invoke-Path X-Invoke-Query
		X-Now-Route-Matches X-Path X-Url X-Uri X-Request-Uri X-Request-URL X-Path-Info X-Real-Uri
		X-Raw-Url X-Proxy-Url X-Envoy-Original-Path X-Waws-Unencoded-Url X-Middleware-Rewrite
		X-Middleware-Request-Authorization X-Nextjs-Rewritten-Path X-HTTP-Host-Override
		X-Override-Host X-Schedule-Override X-Amz-Trailer X-Amz-Decoded-Content-Length
		X-Ms-Copy-Source-Authorization X-On-Behalf-Of On-Behalf-Of X-Mailgun-On-Behalf-Of X-Actor
		X-Sudo Sudo X-Act-As X-Run-As As-User X-Impersonate-User X-Impersonate
		X-Redmine-Switch-User X-Switch-User Api-Username MSCRMCallerID CallerObjectId X-Caller-Id
		Remote-User X-Remote-User X-WebAuth-User X-Auth-User X-Auth-Request-Email
		X-Authenticated-Userid X-Forwarded-User X-Forwarded-Groups X-MS-Client-Principal
		X-MS-Client-Principal-Name X-Goog-IAP-JWT-Assertion X-Goog-Authenticated-User-Email
		X-Consumer-Username X-Amzn-Oidc-Data Cf-Access-Authenticated-User-Email
		Tailscale-User-Login X-Hasura-Role X-Hasura-Admin-Secret X-User X-User-Id X-Role X-Roles
		X-Admin X-Is-Admin X-Groups X-DocuSign-Act-On-Behalf Es-Security-Runas-User X-Gerrit-RunAs
		X-Trino-User X-Trino-Role X-ClickHouse-User Cb-On-Behalf-Of X-TFS-Impersonate
		X-Vault-Policy-Override L5d-Dst-Override X-Ms-File-Rename-Source-Authorization
		SSL-Client-Verify X-SSL-Client-Verify X-Client-Cert Client-Cert X-Forwarded-Client-Cert
		X-Proxy-User SCRIPT_NAME Script-Name X-Replaced-Path X-HTTPMethod X-Egnyte-Act-As
		X-Egnyte-Act-As-Email Assume-User X-OnBehalfOf X-Behalf-Of ActAs X-Masquerade-As
		X-ProxiedEntitiesChain X-DoAs Run-As-User X-Amzn-Bedrock-AgentCore-Runtime-User-Id`,
	// Refused, unless the owner lists it or the capability has no rules.
	"selector": `Stripe-Account stripe_account Stripe-Context OpenAI-Organization OpenAI-Project
		X-Goog-User-Project X-Amz-Request-Payer Login-Customer-Id Dropbox-API-Arg
		Dropbox-API-Select-User Dropbox-API-Select-Admin Dropbox-API-Path-Root X-Vault-Namespace
		X-Consul-Namespace X-Scope-OrgID X-Tenant-Id Xero-Tenant-Id X-Grafana-Org-Id
		X-Organization-Id X-Account-Id X-Workspace-Id X-Project-Id X-Gw-Ims-Org-Id
		PayPal-Auth-Assertion From X-Amz-Acl x_amz_acl X-Amz-Grant-Read X-Amz-Grant-Full-Control
		X-Goog-Acl X-Oss-Object-Acl X-Cos-Grant-Read X-Ms-Acl X-Ms-Permissions X-Ms-Owner
		X-Ms-Blob-Public-Access X-Amz-Object-Ownership X-Container-Read
		X-Account-Meta-Temp-URL-Key X-Amz-Bypass-Governance-Retention X-Amz-Object-Lock-Mode
		X-Amz-Object-Lock-Legal-Hold X-Amz-Mfa X-Ms-Immutability-Policy-Mode X-Ms-Legal-Hold
		X-Ms-Delete-Snapshots X-Minio-Force-Delete
		X-Minio-Source-Replication-Request X-Amz-Meta-Snowball-Auto-Extract
		X-Amz-Meta-Minio-Snowball-Prefix Impersonate-User Impersonate-Group Impersonate-Extra-Scopes
		X-Goog-Copy-Source-Generation Destination-Account X-Container-Sync-To X-Container-Sync-Key
		X-Versions-Location X-Remove-Container-Read X-Ms-Deleted-Container-Name
		X-Ms-Source-Container-Name X-Ms-Undelete-Source X-Oss-Callback X-Obs-Callback X-Hf-Bill-To
		CustomerId Amazon-Advertising-API-Scope Accept-Profile Content-Profile X-Trino-Catalog
		X-Trino-Schema X-ClickHouse-Database X-Consul-Partition Sap-Client X-AnchorMailbox
		X-Found-Cluster Dapr-App-Id orgId Zuora-Entity-Ids Harvest-Account-Id Procore-Company-Id
		X-Ms-File-Request-Intent MSCRM.BypassCustomPluginExecution X-Goog-Iam-Authority-Selector
		X-Auth-Sudo-Project-Id X-Amzn-SageMaker-Target-Model X-Apigw-Api-Id X-Explode-Archive
		Account-Id SiteId Project-Id Company-Id Merchant-Id Database
		Confluent-Identity-Pool-Id Cf-R2-Jurisdiction Surreal-Ns`,
	// Selectors that name a path or a URL.
	"path": `X-Amz-Copy-Source x_amz_copy_source X-Goog-Copy-Source X-Oss-Copy-Source X-Obs-Copy-Source
		X-Tos-Copy-Source X-Copy-From X-Ms-Copy-Source X-Cos-Copy-Source X-Ms-Rename-Source
		X-Amz-Rename-Source Destination`,
}

func TestEveryHeaderHasItsClass(t *testing.T) {
	classes := map[string][]headerClass{"sent": {sentField}, "dropped": {droppedField, fixedDrop},
		"piece": {pieceField}, "part": {partField},
		"refused": {refusedField, fixedRefusal}, "selector": {selectorField}, "path": {copySource,
			copySourceURL, moveSource, destination}}
	count := 0
	for kind, names := range want {
		for _, name := range strings.Fields(names) {
			count++
			if line := headerLineOf(canonicalName(name)); !slices.Contains(classes[kind],
				line.class) {
				t.Errorf("%s: want %s, but it %s (class %d)", name, kind, line.why, line.class)
			}
		}
	}
	t.Logf("%d headers", count)
}

func TestSameHeader(t *testing.T) {
	for _, pair := range [][2]string{{"X-Tenant", "x_tenant"}, {"X.Tenant", "X-TENANT"}} {
		if !SameHeader(pair[0], pair[1]) {
			t.Errorf("%v are one field to CGI and its heirs", pair)
		}
	}
	if SameHeader("X-Tenant", "X-Tenants") {
		t.Error("two fields are taken for one")
	}
}

func TestHeaderNames(t *testing.T) {
	for _, bad := range strings.Fields(`* x* -* a*b *-a x-*-y X:Y ü`) {
		if n, err := ParseHeaderName(bad); err == nil {
			t.Errorf("%q reads as %v", bad, n)
		}
	}
	for _, bad := range []string{"", "a b", "X-A\r\n"} {
		if _, err := ParseHeaderName(bad); err == nil {
			t.Errorf("%q can be read", bad)
		}
	}
	n, err := ParseHeaderName("X-Amz-Grant-*")
	if err != nil || n.String() != "X-Amz-Grant-*" || !n.Covers("x_amz_grant_read") ||
		n.Covers("x-amz-acl") || (HeaderName{}).Covers("") {
		t.Errorf("%v, %v", n, err)
	}
	for text, says := range map[string]string{"Stripe-Account": "", "x-amz-grant-*": "",
		"X-Sudo": "", "Range": "", "X-Api-Key": "",
		"Host": "where the request goes", "host": "where the request goes",
		"transfer_encoding": "where the message ends", "TE": "one connection",
		"Accept-Encoding": "settled", "X-HTTP-Method-Override": "a method other",
		"X-Original-*": "covers x-original-method", "con*": "covers content-length",
		"Sec-WebSocket-Key": "WebSocket", "sec-websocket-k*": "covers sec-websocket-*",
		"x-proxy-u*": "covers x-proxy-url"} {
		n, err := ParseHeaderName(text)
		if got := n.Unlistable(); err != nil || (got == "") != (says == "") ||
			!strings.Contains(got, says) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, says)
		}
	}
	for text, pieces := range map[string]bool{"Range": true, "x-ms-range": true, "x-ms-*": true,
		"X-Ms-Meta-*": false, "Stripe-Account": false} {
		n, _ := ParseHeaderName(text)
		if got := n.Pieces(); (got != "") != pieces {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestEveryLineIsTried: each line of the table decides on some header of this test, so that none
// can be taken out unseen.
func TestEveryLineIsTried(t *testing.T) {
	tried := map[*headerLine]bool{}
	for _, names := range want {
		for _, name := range strings.Fields(names) {
			tried[headerLineOf(canonicalName(name))] = true
		}
	}
	for i := range headerTable {
		if !tried[&headerTable[i]] {
			t.Errorf("no header of %q is tried", headerTable[i].names)
		}
	}
}
