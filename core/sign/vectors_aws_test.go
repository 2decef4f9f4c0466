package sign

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type awsCase struct {
	ID, Shape, Source, Note, Region, Service, Timestamp string
	Credentials                                         struct {
		AccessKeyID     string  `json:"access_key_id"`
		SecretAccessKey string  `json:"secret_access_key"`
		SessionToken    *string `json:"session_token"`
	}
	NormalizePath    bool    `json:"normalize_path"`
	DoubleEncodePath bool    `json:"double_encode_path"`
	SignBodyHeader   bool    `json:"sign_body_header"`
	OmitSessionToken bool    `json:"omit_session_token"`
	PayloadHash      *string `json:"payload_hash"`
	Request          struct {
		Method, Target, Path, Query, Body string
		Headers                           [][2]string
	}
	Want struct {
		CanonicalRequest string `json:"canonical_request"`
		StringToSign     string `json:"string_to_sign"`
		Signature        string
		Authorization    string
		SignedHeaders    string            `json:"signed_headers"`
		AddedHeaders     map[string]string `json:"added_headers"`
	}
}

func (c awsCase) request() Request {
	r := Request{
		Method: c.Request.Method,
		Path:   c.Request.Path,
		Query:  c.Request.Query,
		Body:   []byte(c.Request.Body),
	}
	for _, h := range c.Request.Headers {
		if strings.EqualFold(h[0], "host") {
			r.Host = h[1]
		}
		r.Headers = append(r.Headers, wire.Header{Name: h[0], Value: h[1]})
	}
	return r
}

func (c awsCase) token() string {
	if c.Credentials.SessionToken == nil {
		return ""
	}
	return *c.Credentials.SessionToken
}

func (c awsCase) signer() sigV4 {
	s := sigV4{
		keyID:         c.Credentials.AccessKeyID,
		secret:        c.Credentials.SecretAccessKey,
		token:         c.token(),
		region:        c.Region,
		service:       c.Service,
		stamp:         c.Timestamp,
		payload:       digestHex(sha256.New, []byte(c.Request.Body)),
		keepPath:      !c.NormalizePath,
		escapeOnce:    !c.DoubleEncodePath,
		tokenUnsigned: c.OmitSessionToken,
		sendPayload:   c.SignBodyHeader,
	}
	if c.PayloadHash != nil {
		s.payload = *c.PayloadHash
	}
	return s
}

func (c awsCase) check(t *testing.T, signed Signed) {
	t.Helper()
	sameHeaders(t, signed.Headers, c.Want.AddedHeaders)
	header(t, signed, "Authorization", c.Want.Authorization)
	note(t, signed, "canonical request", c.Want.CanonicalRequest)
	note(t, signed, "string to sign", c.Want.StringToSign)
	if !strings.HasSuffix(c.Want.Authorization,
		"SignedHeaders="+c.Want.SignedHeaders+", Signature="+c.Want.Signature) {
		t.Error("the case contradicts itself")
	}
	if c.Request.Target != c.Request.Path &&
		c.Request.Target != c.Request.Path+"?"+c.Request.Query {
		t.Error("target and path of the case differ")
	}
}

func TestVectorsAWSSigV4(t *testing.T) {
	whole := 0
	for _, c := range vectors.Load[awsCase](t, "aws_sigv4", 32) {
		t.Run(c.ID, func(t *testing.T) {
			c.check(t, c.signer().signed(c.request()))
			if c.asSigned() {
				whole++
				c.check(t, c.sign(t))
			}
		})
	}
	if whole < 5 && vectors.BuiltIn() {
		t.Errorf("only %d cases went through Sign", whole)
	}
}

// asSigned reports whether the case has the settings that Sign chooses by itself.
func (c awsCase) asSigned() bool {
	once := slices.Contains(escapedOnce, c.Service)
	return c.SignBodyHeader && !c.OmitSessionToken && c.NormalizePath == !once &&
		c.DoubleEncodePath == !once &&
		(c.PayloadHash == nil || *c.PayloadHash == "UNSIGNED-PAYLOAD")
}

func (c awsCase) sign(t *testing.T) Signed {
	at, err := time.Parse("20060102T150405Z", c.Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"accessKeyId": c.Credentials.AccessKeyID, "secretAccessKey": c.Credentials.SecretAccessKey,
		"sessionToken": c.token(), "region": c.Region, "awsService": c.Service,
	}
	if c.PayloadHash != nil {
		values["unsignedPayload"] = "true"
	}
	return mustSign(t, "aws-sigv4", values, c.request(), at.UnixMilli())
}
