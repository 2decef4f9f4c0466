package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// awsSigV4 signs with AWS Signature Version 4, in header fields. For S3, and stores with the same
// API, the path is escaped once; for every other service the path is escaped once more than it is
// sent.
var awsSigV4 = Scheme{
	Type:  "aws-sigv4",
	Title: "AWS Signature Version 4",
	Docs: "https://docs.aws.amazon.com/IAM/latest/UserGuide/" +
		"reference_sigv-create-signed-request.html",
	Fields: []Field{
		{Name: "accessKeyId", Secret: true, Identity: true, Required: true,
			Label: "AWS access key id", fault: scopeFault},
		{Name: "secretAccessKey", Secret: true, Required: true, Label: "AWS secret access key"},
		{Name: "sessionToken", Secret: true,
			Label: "AWS session token (temporary credentials only)", fault: tokenFault},
		{Name: "region", Required: true, Label: "AWS region, e.g. eu-west-1", fault: scopeFault},
		{Name: "awsService", Required: true,
			Label: "AWS service as in signatures, e.g. s3, ses, execute-api", fault: scopeFault},
		{Name: "unsignedPayload", Label: "Leave the body out of the signature (true or false)",
			fault: oneOf("true", "false")},
		showIdentity("access key id"),
	},
	sign:   signAWS,
	writes: fields("Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"),
}

// scopeFault refuses the delimiters of a credential scope and of the Authorization field.
func scopeFault(value string) string {
	if text := tokenFault(value); text != "" {
		return text
	}
	if strings.ContainsAny(value, "/,=") {
		return "contains a slash, comma or equals sign"
	}
	return ""
}

// sigV4 is one signature to make. The switches are the differences between services and the
// published test suites.
type sigV4 struct {
	keyID, secret, token, region, service string
	stamp                                 string // "20150830T123600Z"
	payload                               string // hash of the body, or UNSIGNED-PAYLOAD
	keepPath                              bool   // do not resolve dots and empty segments
	escapeOnce                            bool
	tokenUnsigned                         bool // send the session token beside the signed fields
	sendPayload                           bool // add X-Amz-Content-Sha256
}

// escapedOnce are the services whose canonical path is the object key escaped once, as in AWS's own
// SDKs.
var escapedOnce = []string{"s3", "s3-object-lambda", "s3-outposts", "s3express"}

func signAWS(c Credential, r Request, m Moment) (Signed, error) {
	s := sigV4{
		keyID:       c["accessKeyId"].Reveal(),
		secret:      c["secretAccessKey"].Reveal(),
		token:       c["sessionToken"].Reveal(),
		region:      c["region"].Reveal(),
		service:     c["awsService"].Reveal(),
		stamp:       m.utc("20060102T150405Z"),
		sendPayload: true,
	}
	s.escapeOnce = slices.Contains(escapedOnce, s.service)
	s.keepPath = s.escapeOnce
	s.payload = digestHex(sha256.New, r.Body)
	if c["unsignedPayload"].Reveal() == "true" {
		s.payload = "UNSIGNED-PAYLOAD"
	}
	return s.signed(r), nil
}

func (s sigV4) signed(r Request) Signed {
	added := []wire.Header{{Name: "X-Amz-Date", Value: s.stamp}}
	if s.sendPayload {
		added = append(added, wire.Header{Name: "X-Amz-Content-Sha256", Value: s.payload})
	}
	var late []wire.Header
	token := wire.Header{Name: "X-Amz-Security-Token", Value: s.token}
	switch {
	case s.token == "":
	case s.tokenUnsigned:
		late = append(late, token)
	default:
		added = append(added, token)
	}
	names, lines := signedFields(r, added)
	request := strings.Join([]string{r.Method, s.path(r), canonical(params(r.Query)), lines,
		names, s.payload}, "\n")
	scope := strings.Join([]string{s.stamp[:8], s.region, s.service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", s.stamp, scope,
		digestHex(sha256.New, []byte(request))}, "\n")
	signature := hex.EncodeToString(mac(sha256.New, s.key(), text))
	authorization := "AWS4-HMAC-SHA256 Credential=" + s.keyID + "/" + scope + ", SignedHeaders=" +
		names + ", Signature=" + signature
	return Signed{
		Headers: append(append(added, late...),
			wire.Header{Name: "Authorization", Value: authorization}),
		Secrets: proof(signature),
		Trace:   []Note{{"canonical request", request}, {"string to sign", text}},
	}
}

// key returns the signing key of a day, region and service.
func (s sigV4) key() []byte {
	key := []byte("AWS4" + s.secret)
	for _, part := range []string{s.stamp[:8], s.region, s.service, "aws4_request"} {
		key = mac(sha256.New, key, part)
	}
	return key
}

func (s sigV4) path(r Request) string {
	p := r.path()
	if !s.keepPath {
		slash := strings.HasSuffix(p, "/")
		if p = path.Clean(p); slash && p != "/" {
			p += "/"
		}
	}
	if s.escapeOnce {
		p = unescape(p)
	}
	return percent(p, "/")
}

// unsignedFields are left out because proxies and senders rewrite them, or because they are added
// later.
var unsignedFields = []string{
	"accept-encoding", "authorization", "connection", "expect", "te", "transfer-encoding",
	"user-agent", "x-amzn-trace-id",
}

// signedFields returns the names of the signed header fields and the fields themselves, each with a
// line end: in lower case, sorted, with runs of blanks as one, and the values of one name joined by
// commas. Added fields replace the request's own.
func signedFields(r Request, added []wire.Header) (names, lines string) {
	values := map[string][]string{"host": {r.Host}}
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		_, ours := wire.Get(added, name)
		if !ours && name != "host" && !slices.Contains(unsignedFields, name) {
			values[name] = append(values[name], strings.Join(strings.Fields(h.Value), " "))
		}
	}
	for _, h := range added {
		values[strings.ToLower(h.Name)] = []string{h.Value}
	}
	sorted := slices.Sorted(maps.Keys(values))
	for _, name := range sorted {
		lines += name + ":" + strings.Join(values[name], ",") + "\n"
	}
	return strings.Join(sorted, ";"), lines
}
