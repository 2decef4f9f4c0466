package config

import (
	"strings"
	"testing"
)

func withHeaders(service, capability string) string {
	return "services:\n  s:\n    baseUrl: https://api.example.com\n" + service +
		"capabilities:\n  c:\n    service: s\n" + capability
}

const (
	bearer = "    auth: {type: bearer, key: k0123456789}\n"
	sigv4  = "    auth: {type: aws-sigv4, accessKeyId: AKIDEXAMPLE, secretAccessKey: 0123456789, " +
		"region: eu-west-1, awsService: s3}\n"
	shared = "    auth: {type: azure-sharedkey, account: acct, key: a2V5MDEyMzQ1Njc4OQ==}\n"
)

func TestHeaderLists(t *testing.T) {
	c, err := Parse([]byte(withHeaders(
		bearer+"    allowHeaders: [Stripe-Account, x-amz-grant-*]\n    denyHeaders: []\n",
		"    allowHeaders: [x-ms-range]\n    denyHeaders: [X-B]\n")))
	if err != nil {
		t.Fatal(err)
	}
	s, p := c.Services["s"], c.Capabilities["c"]
	if len(s.AllowHeaders) != 2 || s.AllowHeaders[1].String() != "x-amz-grant-*" ||
		s.DenyHeaders != nil || len(p.AllowHeaders) != 1 || p.DenyHeaders[0].String() != "X-B" {
		t.Errorf("%v %v %v %v", s.AllowHeaders, s.DenyHeaders, p.AllowHeaders, p.DenyHeaders)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Text, "x-ms-range asks for a part") {
		t.Errorf("warnings %v", c.Warnings)
	}
	for text, says := range map[string]string{
		withHeaders(bearer+"    allowHeaders: [Host]\n",
			""): `5: service "s": allowHeaders: Host says where the request goes`,
		withHeaders(bearer,
			"    allowHeaders:\n      - x-a\n      - connection\n"): `10: capability "c": ` +
			`allowHeaders: connection belongs to one connection`,
		withHeaders(bearer,
			"    allowHeaders: [authorization]\n"): "authorization covers Authorization, which " +
			"auth type bearer writes",
		withHeaders(bearer,
			"    allowHeaders: [X_Matched_Path]\n"): "X_Matched_Path makes Next.js",
		withHeaders(sigv4,
			"    allowHeaders: [x-amz-*]\n"): "x-amz-* covers X-Amz-Date, " +
			"which auth type aws-sigv4 writes",
		withHeaders("    auth: {type: headers, headers: {X-Team: k0123456789}}\n",
			"    allowHeaders: [x_team]\n"): "x_team covers X-Team, which auth type headers writes",
		withHeaders("    auth: {type: headers, headers: {X-Team: janee:v1:k1:x}}\n",
			"    allowHeaders: [x_team]\n"): "x_team covers X-Team, which auth type headers writes",
		withHeaders(bearer,
			"    allowHeaders: Stripe-Account\n"): "allowHeaders must be a list of header names, " +
			"not text: write [Stripe-Account]",
		withHeaders(bearer,
			"    denyHeaders: [\"*\"]\n"): `denyHeaders: "*" is not the name of a header`,
		withHeaders(bearer,
			"    denyHeaders: [[a]]\n"): "denyHeaders must be text",
		withHeaders(bearer+"    queryOperations: s4\n",
			""): `queryOperations "s4" is not known: write s3, azure or git`,
		withHeaders(bearer+"    queryOperations: [a=b]\n",
			""): `"a=b" is not a query key`,
		withHeaders(bearer+"    queryOperations: {a: b}\n",
			""): "queryOperations must be text",
		withHeaders(bearer+"    queryOperations: []\n    queryOperation: s3\n",
			""): "queryOperation",
		withHeaders(bearer,
			"    rules: {allow: [\"GET /x?a=b\"]}\n"): "one query key",
		strings.Replace(withHeaders(bearer, "    allowHeaders: [Host]\n"), "service: s\n",
			"service: other\n", 1): "Host says where",
		strings.Replace(withHeaders(bearer, "    allowHeaders: [X-Team]\n"), "type: bearer",
			"type: unheard-of", 1) + "\n": "unheard-of",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n%v, want %q", text, err, says)
		}
	}
}

func TestQueryOperationsOfService(t *testing.T) {
	for text, want := range map[string]string{bearer: "", sigv4: "s3", shared: "azure", sigv4 +
		"    queryOperations: []\n": "", bearer + "    queryOperations: git\n": "git",
		bearer + "    queryOperations: [cmd, action]\n": "cmd, action", strings.Replace(sigv4,
			"awsService: s3", "awsService: dynamodb", 1): "",
		sigv4 + "    testPath: /bkt?location\n": "s3"} {
		c, err := Parse([]byte(withHeaders(text, "")))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Services["s"].Options.Operations.String(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestHeaderListsAreEdited(t *testing.T) {
	before := withHeaders(bearer, "")
	listed := before +
		"    allowHeaders:\n      - Stripe-Account # theirs\n      - X-B\n    denyHeaders:\n" +
		"      - X-C\n"
	edit := func(a CapabilityEdit) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) { return EditCapability(text, "c", a) }
	}
	both(t, before, before+"    allowHeaders:\n      - Stripe-Account\n",
		edit(CapabilityEdit{AllowHeaders: []string{"Stripe-Account"}}))
	both(t, listed,
		before+
			"    allowHeaders:\n      - Stripe-Account # theirs\n      - X-D\n    denyHeaders:\n"+
			"      - X-C\n",
		edit(CapabilityEdit{AllowHeaders: []string{"stripe-account", "X-D"}}))
	both(t, listed, before, edit(CapabilityEdit{AllowHeaders: []string{}, DenyHeaders: []string{}}))
	both(t, withHeaders(bearer, ""),
		withHeaders(bearer+
			"    denyHeaders:\n      - X-A\n    queryOperations:\n      - a\n      - b\n", ""),
		func(text []byte) ([]byte, error) {
			return EditService(text, "s", ServiceEdit{DenyHeaders: []string{"X-A"},
				QueryOperations: []string{"a", "b"}})
		})
	for words, line := range map[string]string{"s3": "    queryOperations: s3\n",
		"none": "    queryOperations: []\n", "": ""} {
		both(t, withHeaders(bearer+"    queryOperations: [x]\n", ""), withHeaders(bearer+line, ""),
			func(text []byte) ([]byte, error) {
				return EditService(text, "s", ServiceEdit{QueryOperations: strings.Fields(words)})
			})
	}
	for words, want := range map[string]string{"git": "git", "a b": "a, b", "": ""} {
		text, err := AddService([]byte(before), NewService{Name: "new", Type: "bearer",
			BaseURL: "https://api.example.com", Fields: []KV{{"key", "a_key"}},
			QueryOperations: strings.Fields(words)})
		c, err2 := Parse(text)
		if err != nil || err2 != nil || c.Services["new"].Options.Operations.String() != want {
			t.Errorf("%q: %v %v\n%s", words, err, err2, text)
		}
	}
	text, err := AddCapability([]byte(before), NewCapability{Name: "d", Service: "s",
		AllowHeaders: []string{"Stripe-Account"}, DenyHeaders: []string{"X-C"}})
	if c, err2 := Parse(text); err != nil || err2 != nil ||
		len(c.Capabilities["d"].AllowHeaders) != 1 || len(c.Capabilities["d"].DenyHeaders) != 1 {
		t.Errorf("%v %v\n%s", err, err2, text)
	}
	_, err = EditCapability([]byte(before), "c", CapabilityEdit{AllowHeaders: []string{"Host"}})
	if err == nil {
		t.Error("an edit lets Host in")
	}
}
