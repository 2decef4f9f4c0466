package policy

// headerClass says what becomes of a field that an agent wants to send. Its zero value refuses.
type headerClass uint8

const (
	refusedField  headerClass = iota // the request is refused, unless an owner lists the field
	fixedRefusal                     // the request is refused, and no owner can list the field
	fixedDrop                        // left out, and the agent is told; no owner can list the field
	droppedField                     // left out, and the agent is told: no request depends on it
	pieceField                       // left out of a GET or HEAD; any other request is refused
	partField                        // left out of a GET or HEAD, and sent with any other request
	selectorField                    // refused, unless listed or without rules
	copySource                       // a selector that names a path of this API to read from
	copySourceURL                    // a selector that names what to read from with its host
	moveSource                       // a selector that names a path which is read and then deleted
	destination                      // a selector that names a path or URL to write to
	sentField                        // everything that the table does not name
)

// headerLine is a line of the table: names as canonicalName folds them, with "*" for any bytes, and
// why, which completes a sentence that begins with the name.
type headerLine struct {
	class headerClass
	names string
	why   string
}

// headerTable has every field that is not simply sent, and the sent ones that a later pattern would
// catch. A full name wins over a pattern, and the first pattern over later ones.
//
// A field that describes the data (its type, its checksum, its metadata, how it is encrypted) or
// sets a condition is sent, since a write without it would do something else. A field that names a
// second resource, an account, a namespace or a permission is a selector: rules are about paths and
// would never see it.
var headerTable = []headerLine{
	// Messages: Janee frames them.
	{fixedDrop, "host", "says where the request goes; the base URL decides that"},
	{fixedDrop,
		"content-length transfer-encoding",
		"says where the message ends; servers that disagree see two messages (RFC 9112 section 6)"},
	{fixedDrop,
		"connection keep-alive proxy-connection te trailer upgrade http2-settings close",
		"belongs to one connection (RFC 9110 section 7.6.1)"},
	{fixedDrop,
		"proxy-authorization proxy-authenticate proxy-authentication-info",
		"is for a proxy, and Janee itself talks to proxies"},
	{fixedDrop, "sec-websocket-*", "opens a WebSocket, which no call can use"},
	{fixedDrop, "expect accept-encoding", "is settled between Janee and the API"},
	{refusedField,
		"x-amz-trailer x-amz-decoded-content-length",
		"announces a body in signed chunks, whose frames the API would store as data"},

	// A method or path other than the one judged.
	{fixedRefusal,
		`x-http-method-override x-method-override x-http-method x-method x-http-verb x-verb
		x-http-verb-override http-method http-method-override http-verb method-override -method
		method x-httpmethod x-request-method x-real-method x-original-method x-forwarded-method
		x-rewrite-method x-override-method x-tunneled-method x-tunnel-method x-original-verb
		x-forwarded-verb x-invoke-method x-matched-method`,
		"makes Rails, Django, Symfony, ASP.NET and others serve a method other than the one " +
			"judged"},
	{fixedRefusal,
		`x-original-url x-original-uri x-original-path x-rewrite-url x-rewrite-uri x-rewrite-path
		x-override-url x-override-uri x-override-path x-forwarded-uri x-forwarded-url
		x-forwarded-path x-forwarded-request-uri x-http-path-override x-http-url-override
		x-path-override x-url-override x-uri-override x-proxy-url x-proxy-uri x-proxy-path
		x-envoy-original-path x-envoy-original-url x-waws-unencoded-url x-arr-original-url
		x-ms-original-url`,
		"makes IIS, Zend, Symfony, Azure and Envoy serve a path other than the one judged"},
	{fixedRefusal,
		// script-name: Gunicorn cuts its value from the path
		`x-path x-url x-uri x-request-uri x-request-url x-request-path x-real-uri x-real-url
		x-real-path x-raw-uri x-raw-url x-raw-path x-path-info x-pathinfo path-info script-name
		x-replaced-path request-uri request-url http-url base-url x-base-url uri url
		x-http-destinationurl http-destinationurl x-destination-url destination-url x-target-url
		x-target-uri x-target-path x-route x-route-path x-query-string x-original-query x-query`,
		"makes gateways and frameworks serve a path other than the one judged"},
	{fixedRefusal,
		`x-matched-path x-invoke-path x-invoke-query x-invoke-output x-invoke-status
		x-invoke-error x-now-route-matches x-now-route-match x-nextjs-matched-path
		x-nextjs-rewrite x-nextjs-rewritten-path x-nextjs-rewritten-query x-middleware-rewrite
		x-middleware-invoke x-middleware-override-headers x-middleware-request-* x-vercel-sc-*`,
		"makes Next.js and its hosts serve a route other than the one judged"},
	// Data: what a later pattern would catch and a write depends on. Also what nearly every request
	// has, so that no pattern is tried on it.
	{sentField,
		`accept accept-language content-type content-language content-encoding content-disposition
		content-md5 cache-control origin referer prefer x-request-id x-correlation-id traceparent
		tracestate x-requested-with`,
		"describes the message"},
	{sentField,
		"*idempot* *-client-token dedup-key *-dedup-key amz-sdk-*",
		"names a repeat of the same write"},
	{selectorField,
		`x-container-read x-container-write x-remove-container-* x-*-meta-temp-url-key*
		x-*-meta-access-control-*`,
		"sets who may use a container (OpenStack Swift)"},
	{selectorField,
		"x-minio-* x-amz-meta-snowball-auto-extract x-amz-meta-minio-snowball-* x-explode-archive*",
		"makes MinIO and Artifactory act on more than the path: delete all below it, or unpack " +
			"an archive beside it"},
	{selectorField,
		"x-container-sync-* x-versions-location x-history-location",
		"names where else objects go (OpenStack Swift)"},
	{sentField, "x-*-meta-*", "is metadata of the object that is written"},
	{refusedField,
		"x-*override* x-*rewrite* l5d-*",
		"is named like a field that puts something else in place of what was judged"},
	{sentField,
		"x-amz-server-side-encryption* x-*-encryption*",
		"says how an object is encrypted, and with whose key: without it, the object is stored " +
			"otherwise"},
	{sentField,
		`if if-match if-none-match if-modified-since if-unmodified-since if-* *-copy-source-if-*
		*-if-match *-if-none-match *-if-modified-since *-if-unmodified-since x-ms-if-*
		x-ms-source-if-* x-goog-if-*`,
		"is a condition: a write without it is unguarded"},
	{sentField,
		"x-amz-expected-bucket-owner x-amz-source-expected-bucket-owner",
		"is a condition on who owns the bucket"},
	{sentField,
		"lock-token x-ms-lease-id",
		"proves a lock, and opens nothing that the credential does not"},
	{sentField,
		`*csrf* *xsrf* *antiforgery* *anti-forgery* requestverificationtoken x-atlassian-token
		x-transmission-session-id`,
		"proves that a form was read, and is no credential by itself"},
	{sentField,
		`x-ms-session-token x-continuation-token continuation-token x-next-token x-page-token
		x-sync-token x-amz-request-token mcp-session-id x-amzn-*-session-id x-trino-session
		x-presto-session x-snowflake-authorization-token-type`,
		"continues an exchange that the credential opened"},
	{sentField,
		`*partitionkey* *partition-key* surrogate-key *-surrogate-key xkey-purge cache-key
		*-cache-key *-routing-key *-object-key *-sort-key *-message-key kafka-key`,
		"names data"},
	{sentField, "crypto-key", "says how a push message is encrypted (RFC 8188 drafts)"},
	{sentField, "x-goog-content-length-range", "bounds the size of an upload"},
	{sentField,
		"x-vercel-digest x-vercel-artifact-* x-vercel-blob-*",
		"describes a file that is uploaded"},
	{sentField,
		"x-atlassian-force-account-id x-zendesk-marketplace-organization-id",
		"says how users are written, or which program calls"},
	{sentField, "x-amz-optional-object-attributes", "asks for more of a listing"},
	{sentField, "user-agent *-user-agent", "names the program that calls"},
	{sentField,
		"x-amz-target soapaction",
		"names the operation, as a body does: rules on paths see neither"},

	// Pieces: if an agent asks for a reply in pieces, one that repeats the key may be too short to
	// recognize the key in it.
	{partField,
		"content-range x-content-range x-upload-content-range",
		"says which part of an upload the body is, and some take it for Range in a read"},
	{pieceField,
		"range *-range if-range range-unit x-ms-range-*",
		"asks for a part of a reply, in which a key cannot be recognised"},

	// A second resource.
	{refusedField, "*-source-authorization", "is a credential for the source of a copy"},
	{copySourceURL,
		"x-ms-copy-source x-cos-copy-source x-ms-file-copy-source",
		"names what is copied"},
	{copySource,
		`x-amz-copy-source x-goog-copy-source copy-source x-copy-source x-*-copy-source
		x-copy-from x-oss-symlink-target x-cos-symlink-target x-amz-symlink-target`,
		"names what is copied"},
	{selectorField,
		"*-copy-source-* x-copy-from-* destination-account",
		"says which version or part of another resource is copied"},
	{moveSource,
		`x-ms-rename-source x-ms-file-rename-source x-amz-rename-source x-*-rename-source
		x-*-move-source`,
		"names what is moved away"},
	{destination, "destination x-destination", "names where a copy goes (RFC 4918 section 10.3)"},
	{selectorField, "dropbox-api-arg", "contains the arguments of the call, the path among them"},
	{selectorField,
		`x-ms-delete-snapshots x-ms-undelete-source x-ms-deleted-* x-ms-source-container-name
		x-object-manifest x-symlink-target* x-amzn-sagemaker-target-*`,
		"takes another resource into the request"},
	{selectorField,
		"x-oss-callback* x-obs-callback* x-cos-callback* x-tos-callback*",
		"names a URL that the API calls"},

	// An account or a namespace.
	{selectorField,
		"stripe-account stripe-context *-stripe-account",
		"selects the account that is acted on"},
	{selectorField, "dropbox-api-select-* dropbox-api-path-root", "selects whose files are meant"},
	{selectorField,
		"openai-organization openai-project anthropic-organization* anthropic-workspace*",
		"selects the organization that is used and charged"},
	{selectorField,
		"x-goog-user-project x-amz-request-payer x-hf-bill-to",
		"selects who is charged, and with whose permission"},
	{selectorField,
		"*-customer-id customer-id customerid customeraccountid amazon-advertising-api-scope",
		"selects the customer that is acted on"},
	{selectorField, "paypal-auth-assertion", "selects the merchant that the API acts for"},
	{selectorField, "from", "names the user who acts, on APIs such as PagerDuty"},
	{selectorField,
		`namespace *-namespace *-namespace-id *tenant* accept-profile content-profile database
		*-database ns db x-trino-catalog x-trino-schema x-presto-catalog x-presto-schema
		x-consul-partition sap-client x-anchormailbox x-found-cluster dapr-app-id
		x-amz-outpost-id x-apigw-api-id cf-r2-jurisdiction surreal-ns surreal-db`,
		"selects a namespace"},
	{selectorField,
		`account account-id accountid account-name *-account *-account-id *-accountid
		*-account-name *-subaccount* subaccount* x-sub-account*`,
		"selects an account"},
	{selectorField,
		`*organization* *organisation* org *-org orgid *-orgid org-id *-org-id *-org-ids
		*-org-name zuora-entity-ids x-scope-* x-gw-ims-org-id`,
		"selects an organization"},
	{selectorField,
		`*workspace* *-project *-project-id *-projectid *-team *-team-id *-teamid *-site-id
		*-siteid *-business-id *-company-id *-store-id *-merchant-id *-profile-id project-id
		projectid team-id teamid site-id siteid business-id company-id companyid store-id storeid
		merchant-id merchantid profile-id x-sandbox-name realm x-realm* x-*-realm*
		intuit-realm-id`,
		"selects a part of an account"},

	// A permission.
	{selectorField,
		`x-amz-acl x-amz-grant-* *-acl *-grant-* x-ms-acl x-ms-permissions x-ms-owner x-ms-group
		x-ms-umask x-ms-blob-public-access x-ms-file-permission* x-amz-object-ownership
		x-predefined-acl`,
		"sets who may use what is written"},
	{selectorField,
		"x-ms-file-request-intent mscrm-bypass* x-goog-iam-* confluent-identity-pool-id",
		"selects with which permission the API acts"},
	{selectorField,
		`x-amz-bypass-governance-retention x-amz-object-lock-* x-amz-mfa x-amz-confirm-*
		x-amz-create-session-mode x-ms-immutability-* x-ms-legal-hold x-*-bypass-*
		x-*-object-lock-*`,
		"sets or lifts what keeps an object from being changed"},
	{selectorField, "impersonate-*", "selects the user that Kubernetes acts as"},

	// Somebody other than the credential's owner.
	{refusedField,
		`sudo x-sudo x-sudo-* *behalf* x-actor x-actor-* actor *-acting-as actas x-actas act-as
		act-as-* *-act-as *-act-as-* x-acting-* run-as run-as-* *-run-as *runas* *-sudo-* as-user
		x-as-* doas x-doas *impersonat* *masquerade* *-switch-user switch-user x-become*
		assume-user x-assume-* x-proxied* api-username x-api-username mscrmcallerid
		callerobjectid x-caller-id x-effective-user x-proxy-user x-delegate*`,
		"makes the API act as somebody else"},
	{refusedField,
		`remote-user remote-groups remote-email remote-name x-remote-user* x-remote-group*
		x-remote-email x-remote-name x-webauth-* x-authenticated-* x-auth-user* x-auth-request-*
		x-auth-subject x-auth-email-verified x-forwarded-user x-forwarded-email
		x-forwarded-groups x-forwarded-preferred-username x-forwarded-roles
		x-ms-client-principal* x-goog-authenticated-* x-goog-iap-* x-consumer-*
		x-credential-identifier x-anonymous-consumer x-amzn-oidc-* cf-access-authenticated-*
		tailscale-user-* x-vouch-* x-pomerium-* x-authentik-* x-hasura-* x-jwt-payload
		x-endpoint-api-userinfo`,
		"is what a login proxy says about the user, and the API believes it"},
	{refusedField,
		`x-user x-username x-userid x-user-* x-*-user x-*-user-id x-*-username x-group x-groups
		x-role x-roles x-*-role x-*-roles x-admin x-admin-* x-is-admin x-principal x-principal-*
		x-*-principal x-subject x-identity x-identity-* x-owner-id`,
		"says who is calling; the credential decides that"},
	{refusedField,
		`client-cert client-cert-chain ssl-client-* x-ssl-* x-client-cert* x-arr-clientcert
		x-forwarded-client-cert x-amzn-mtls-* x-forwarded-tls-*`,
		"is what a proxy says about a client's certificate"},

	// Proxies.
	{droppedField,
		`forwarded forwarded-* *-forwarded-for x-forward* fly-force-* fly-replay* via max-forwards
		x-forwarder-for`,
		"is for a proxy to write"},
	{droppedField,
		`client-ip *-client-ip cf-connecting-* cf-pseudo-ipv4 cf-ipcountry cf-ray cf-visitor
		cf-worker cdn-loop x-real-* x-remote-* x-originating-* x-original-* x-source-ip
		x-azure-clientip x-azure-socketip x-azure-fdid x-appengine-* x-vercel-* x-arr-* x-envoy-*
		x-proxy-* proxy proxy-* x-trusted-* early-data alt-used front-end-https x-url-scheme`,
		"says where a request came from, and receivers trust it"},
	{droppedField,
		// x-middleware-subrequest skipped authorization in Next.js (CVE-2025-29927)
		`x-host x-*-host x-script-* x-backend-* x-upstream-* x-internal-* x-sendfile-type
		x-accel-* x-middleware-* x-nextjs-*`,
		"steers a proxy or a server behind it"},
	{droppedField, "x-janee-*", "is Janee's own"},

	// Credentials: Janee adds the right one, and a second could win.
	{droppedField,
		`date x-amz-date x-ms-date x-goog-date x-oss-date x-cos-date x-obs-date x-tos-date
		x-bce-date x-log-date`,
		"is the time of signing, by Janee's clock"},
	{droppedField,
		`x-*-content-sha256 x-oss-additional-headers x-amz-algorithm x-amz-credential
		x-amz-region-set x-amz-signedheaders x-bapi-* ok-access-* cb-access-* kc-api-* bfx-*
		api-sign x-mbx-apikey x-mexc-apikey`,
		"is a part of the signature"},
	{droppedField,
		`authorization *authorization* authentication *-authentication auth *-auth auth-* *-auth-*
		dpop`,
		"carries a credential"},
	{droppedField, "cookie cookie2 set-cookie* *cookie*", "carries a credential"},
	{droppedField,
		`key *-key *apikey* *api-key* *access-key* *-key-id token *token token-* *-token-*
		*secret* *password* *passwd* *passphrase* *passcode* *credential* *jwt* *-otp *-pin
		*connection-string* x-registry-config`,
		"is named like a credential"},
	{droppedField,
		"signature signature-* *-signature *-signature-* *-sign x-sign* *-signed",
		"is named like a signature"},
	{droppedField,
		"session *-session *-session-id *sessionid session-id x-session-*",
		"is named like a login"},
}
