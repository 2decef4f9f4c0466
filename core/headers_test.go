package core

import (
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

const headersConfig = `
services:
  plain:
    baseUrl: https://api.stripe.com
    headers: {Stripe-Version: "2026-01-01"}
    denyHeaders: [X-Forbidden-Thing]
    auth: {type: bearer, key: ` + testKey + `}
  s3:
    baseUrl: https://s3.eu-west-1.amazonaws.com
    auth: {type: aws-sigv4, accessKeyId: AKIDEXAMPLE, secretAccessKey: wJalrXUtnFEMI/K7MDENG, region: eu-west-1, awsService: s3}
    testPath: /bkt?location
  dynamo:
    baseUrl: https://dynamodb.eu-west-1.amazonaws.com
    auth: {type: aws-sigv4, accessKeyId: AKIDEXAMPLE, secretAccessKey: wJalrXUtnFEMI/K7MDENG, region: eu-west-1, awsService: dynamodb}
  blobs:
    baseUrl: https://acct.blob.core.windows.net
    auth: {type: azure-sharedkey, account: acct, key: YXp1cmUgc3RvcmFnZSBleGFtcGxlIGtleQ==}
capabilities:
  free: {service: plain}
  ruled: {service: plain, rules: {allow: ["* *"]}}
  listed: {service: plain, allowHeaders: [Stripe-Account, Range], rules: {allow: ["* *"]}}
  s3: {service: s3}
  s3ruled: {service: s3, allowHeaders: [x-amz-copy-source], rules: {allow: [GET /bkt/*, PUT /bkt/*, "POST /bkt?delete"], deny: ["* /bkt/secret*"]}}
  dynamo: {service: dynamo, rules: {allow: [POST /]}}
  blobs: {service: blobs, rules: {allow: ["* *"]}}
`

func call(capability, method, path string, headers ...string) Call {
	c := get(capability, path)
	c.Args.Method = method
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		c.Args.Headers = append(c.Args.Headers, Header{Name: name, Value: value})
	}
	return c
}

// TestHeadersOnTheWire: what leaves for the API is what the agent gave, less what is told, and
// nothing that was refused.
func TestHeadersOnTheWire(t *testing.T) {
	for _, c := range []struct {
		call    Call
		code    string // "": it is sent
		says    string // by the refusal: evaluated policy, message and next step
		sent    string // names
		dropped string
	}{
		{call("free", "POST", "/v1/x", "Stripe-Account: a", "Content-MD5: b", "Cookie: c"), "", "",
			"Stripe-Account Content-MD5", "Cookie"},
		{call("ruled", "POST", "/v1/x", "Stripe-Account: a"), RuleDeny, "allowHeaders", "", ""},
		{call("listed", "POST", "/v1/x", "stripe_account: a"), "", "", "stripe_account", ""},
		{call("ruled", "GET", "/v1/x", "X-Ms-Range: bytes=0-1"), "", "", "", "X-Ms-Range"},
		{call("listed", "GET", "/v1/x", "Range: bytes=0-1"), "", "", "Range", ""},
		{call("ruled", "PUT", "/v1/x", "x-ms-range: bytes=0-1"), RequestRejected, "overwrites more",
			"", ""},
		{call("ruled", "PUT", "/v1/x", "Content-Range: bytes 0-1/2"), "", "", "Content-Range", ""},
		{call("ruled", "GET", "/v1/x", "Content-Range: bytes 0-1/2"), "", "", "", "Content-Range"},
		{call("ruled", "GET", "/v1/x", "SCRIPT_NAME: /v1"), RequestRejected,
			"a path other", "", ""},
		{call("free", "GET", "/v1/x", "X-Forbidden-Thing: 1"), RuleDeny, "denyHeaders", "", ""},
		{call("free", "GET", "/v1/x", "X-Sudo: 1"), RequestRejected, "somebody else", "", ""},
		{call("free", "GET", "/v1/x", "Stripe-Version: 2001-01-01"), "", "", "Stripe-Version",
			"Stripe-Version"},
		{call("s3", "PUT", "/bkt/dst", "x-amz-copy-source: /bkt/secret"), "", "",
			"x-amz-copy-source", ""},
		{call("s3ruled", "PUT", "/bkt/dst", "x-amz-copy-source: /bkt/src"), "", "",
			"x-amz-copy-source", ""},
		{call("s3ruled", "PUT", "/bkt/dst", "x-amz-copy-source: bkt/secret"), RuleDeny,
			`deny "* /bkt/secret*"`, "", ""},
		{call("s3ruled", "PUT", "/bkt/dst", "x-amz-acl: public-read"), RuleDeny, "allowHeaders", "",
			""},
		{call("s3ruled", "POST", "/bkt?delete", "Content-MD5: bWQ1"), "", "", "Content-MD5", ""},
		{call("s3ruled", "PUT", "/bkt/?policy"), RuleDeny, `allow "PUT /bkt/?policy"`, "", ""},
		{call("s3ruled", "PUT", "/bkt/?policy"), RuleDeny, "queryOperations", "", ""},
		{call("dynamo", "POST", "/", "X-Amz-Target: DynamoDB_20120810.ListTables"), "", "",
			"X-Amz-Target", ""},
		{call("blobs", "PUT", "/c/b?comp=metadata"), RuleDeny, "queryOperations", "", ""},
		{call("blobs", "GET", "/c/b", "x-ms-range: bytes=4-9"), "", "", "", "x-ms-range"},
	} {
		h := newHouse(t, headersConfig)
		if c.code != "" {
			d := h.refused(c.call, c.code)
			if text := d.EvaluatedPolicy + " " + d.Message + " " +
				d.NextStep; !strings.Contains(text, c.says) {
				t.Errorf("%v: %s", c.call.Args.Headers, text)
			}
			if len(h.sent) != 0 {
				t.Errorf("%v: refused and sent", c.call.Args.Headers)
			}
			continue
		}
		r, _ := h.allowed(c.call)
		if got := strings.Join(r.Dropped, " "); got != c.dropped {
			t.Errorf("%v: told %q, want %q", c.call.Args.Headers, got, c.dropped)
		}
		for _, given := range c.call.Args.Headers {
			sent := slices.ContainsFunc(h.sent[0].Headers,
				func(s Header) bool { return s.Name == given.Name })
			if want := slices.Contains(strings.Fields(c.sent), given.Name); sent != want {
				t.Errorf("%s: sent %v, want %v", given.Name, sent, want)
			}
		}
	}
}

// TestSentHeadersAreInTheSignature: AWS refuses a request whose x-amz- fields are not signed.
func TestSentHeadersAreInTheSignature(t *testing.T) {
	h := newHouse(t, headersConfig)
	h.allowed(call("s3ruled", "PUT", "/bkt/dst", "x-amz-copy-source: /bkt/src", "Content-MD5: bWQ1",
		"x-amz-storage-class: GLACIER"))
	authorization, _ := wire.Get(h.sent[0].Headers, "Authorization")
	for _, name := range []string{"content-md5", "x-amz-copy-source", "x-amz-date",
		"x-amz-storage-class"} {
		if !strings.Contains(authorization, name+";") && !strings.Contains(authorization,
			";"+name+",") {
			t.Errorf("%s is not among the signed headers: %s", name, authorization)
		}
	}
}

func TestListedHeadersAreTold(t *testing.T) {
	h := newHouse(t, headersConfig)
	done, _ := h.do(Call{Caller: Caller{Agent: "a", Via: ViaStdio}, Tool: ListServices})
	if !strings.Contains(string(done.Result.Data), `"allowHeaders":["Stripe-Account","Range"]`) {
		t.Errorf("%s", done.Result.Data)
	}
	if d, dropped := h.engine.Judge(call("ruled", "GET", "/v1/x",
		"Via: 1")); d.Outcome != policy.Allowed || !slices.Equal(dropped, []string{"Via"}) {
		t.Errorf("%+v, %q", d, dropped)
	}
	if d, _ := h.engine.Judge(call("nobody", "GET", "/v1/x")); d.Outcome == policy.Allowed {
		t.Error("a capability that is not there allows")
	}
}

// TestTrialWithOperation: the owner wrote the testPath, its query as well.
func TestTrialWithOperation(t *testing.T) {
	h := newHouse(t, headersConfig)
	done, _ := h.do(Call{
		Caller: Caller{Via: ViaCLI},
		Tool:   TestService,
		Args:   tool.Arguments{Service: "s3"},
	})
	if done.Denial != nil || len(h.sent) != 1 || h.sent[0].Target != "/bkt?location" {
		t.Errorf("%+v, sent %v", done.Denial, h.sent)
	}
}
