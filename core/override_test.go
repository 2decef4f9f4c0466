package core

import (
	"strings"
	"testing"
)

const overrideConfig = `version: "1"
services:
  plain:
    baseUrl: https://api.example.com
    auth: {type: bearer, key: ` + testKey + `}
  forms:
    baseUrl: https://forms.example.com
    headers: {Content-Type: application/x-www-form-urlencoded}
    auth: {type: bearer, key: ` + testKey + `}
capabilities:
  open: {service: plain}
  ruled: {service: plain, rules: {allow: [POST *], deny: [DELETE *]}}
  forms: {service: forms, rules: {allow: [POST *]}}
`

func posted(capability, path, kind, body string) Call {
	c := get(capability, path)
	c.Args.Method, c.Args.Body = "POST", []byte(body)
	if kind != "" {
		c.Args.Headers = []Header{{Name: "Content-Type", Value: kind}}
	}
	return c
}

// TestOverridesAreRefused: neither query nor body gets a method served that was not judged, also
// where no rule is set, for the record and a person's yes name the method too.
func TestOverridesAreRefused(t *testing.T) {
	const (
		form  = "application/x-www-form-urlencoded"
		parts = "multipart/form-data; boundary=b"
		part  = "--b\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nDELETE\r\n--b--\r\n"
		field = "the form body contains the field _method"
		key   = "the JSON body contains the field _method"
	)
	for _, c := range []struct {
		call Call
		says string
	}{
		{posted("ruled", "/x?_method=DELETE", "", ""), "the query contains the parameter _method"},
		{posted("ruled", "/x?method=DELETE", "", ""), "the query sets the parameter method"},
		{posted("ruled", "/x?$httpMethod=DELETE", "", ""), "the parameter $httpmethod"},
		{posted("ruled", "/x", form, "a=1&_method=DELETE"), field},
		{posted("ruled", "/x", parts, part), "the multipart body contains the field _method"},
		{posted("ruled", "/x", "application/json", `{"_method":"DELETE"}`), key},
		{posted("ruled", "/x", "", `{"_method":"DELETE"}`), key},
		{posted("open", "/x", form, "_method=DELETE"), field},
		{posted("forms", "/x", "", "_method=DELETE"), field},
		{posted("forms", "/x", "text/plain", "_method=DELETE"), field},
	} {
		for _, via := range []string{ViaStdio, ViaCLI} {
			h := newHouse(t, overrideConfig)
			c.call.Via = via
			d := h.refused(c.call, RequestRejected)
			if !strings.Contains(d.Message, c.says) || !strings.Contains(d.NextStep, "argument") {
				t.Errorf("%s %s: %+v, want it to say %q", c.call.Args.Path,
					c.call.Args.Body, d, c.says)
			}
			if r := h.records; len(h.sent) > 0 || len(r) != 1 || r[0].Event != "deny" {
				t.Errorf("sent %+v, records %+v", h.sent, r)
			}
		}
	}
}

// TestOrdinaryBodiesPass: names that mean something else to an API.
func TestOrdinaryBodiesPass(t *testing.T) {
	for _, c := range []Call{
		posted("ruled", "/rpc", "", `{"jsonrpc":"2.0","method":"DELETE","id":1}`),
		posted("ruled", "/x?method=flickr.photos.search&method=post", "", ""),
		posted("ruled", "/x", "application/x-www-form-urlencoded", "method=card&Method=GET"),
		posted("ruled", "/x", "text/plain", "_method=DELETE"),
	} {
		newHouse(t, overrideConfig).allowed(c)
	}
}

// TestOverrideIsExplainedAndNotSigned: the command that shows a signature looks at the body as
// execute does, and an explanation at the query.
func TestOverrideIsExplainedAndNotSigned(t *testing.T) {
	h := newHouse(t, overrideConfig)
	c := posted("", "/x", "application/x-www-form-urlencoded", "_method=DELETE")
	c.Tool, c.Via, c.Args.Service = ExplainSigning, ViaCLI, "plain"
	if d := h.refused(c, RequestRejected); !strings.Contains(d.Message, "_method") {
		t.Errorf("%+v", d)
	}
	got := h.explain(asked(posted("ruled", "/x?$method=DELETE", "", ""))).detail("request")
	if !strings.HasPrefix(got, "fail: ") || !strings.Contains(got, "$method") {
		t.Errorf("request: %s", got)
	}
}
