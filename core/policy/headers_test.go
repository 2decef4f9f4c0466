package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

func TestHeadersKept(t *testing.T) {
	for _, name := range strings.Fields(`Accept accept-LANGUAGE Content-Type Content-Language If-Match If-None-Match If-Modified-Since If-Unmodified-Since
		Idempotency-Key PayPal-Request-Id Prefer User-Agent Intercom-Version Square-Version Stripe-Version Notion-Version Anthropic-Version anthropic-beta OpenAI-Organization OpenAI-Project OpenAI-Beta
		X-GitHub-Api-Version X-Request-Id X-Idempotency-Key X-Requested-With X-Goog-User-Project X-Ms-Version`) {
		field := wire.Header{Name: name, Value: "a b"}
		if kept, dropped, err := Headers([]wire.Header{field}); err != nil || !slices.Equal(kept, []wire.Header{field}) || dropped != nil {
			t.Errorf("%s: kept %v, dropped %v, %v", name, kept, dropped, err)
		}
	}
}

func TestHeadersDropped(t *testing.T) {
	for _, name := range strings.Fields(`Host Content-Length Transfer-Encoding Connection Keep-Alive Proxy-Connection TE Trailer Upgrade Expect HTTP2-Settings
		Authorization authorization AUTHORIZATION Proxy-Authorization Cookie Cookie2 X-Api-Key x_api_key Api-Key API-Sign CB-ACCESS-KEY OK-ACCESS-SIGN OK-ACCESS-PASSPHRASE
		X-Amz-Date X-AMZ-Security-Token X-Bapi-Api-Key X-BAPI-TIMESTAMP X-Auth-Token X-Auth-User X-Access-Token X-Vault-Token X-MBX-APIKEY X-MEXC-APIKEY X-WebAuth-User X-Hub-Signature
		X-My-Secret X-Password X-OK-Passphrase X-Credential X-Session-Id X-Cookie X-Ms-Date
		X-Janee-Reason x-janee-agent-id X_Janee.Reason Forwarded Via X-Forwarded X-Forwarded-For X-Forwarded-Host X_Forwarded_For X-Forwarder-For X-Real-IP X-Client-IP X-Cluster-Client-IP
		X-Originating-IP X-True-Client-IP X-Host X-HTTP-Host-Override X-Original-Host X-Remote-User X-SSL-Client-Verify X-Client-Cert X-Envoy-Original-Path X-Proxy-User
		X-Middleware-Subrequest X-Sendfile-Type X-Accel-Mapping True-Client-IP CF-Connecting-IP
		Accept-Encoding Content-Encoding Origin Referer Date Depth Destination Stripe-Account Unheard-Of Range If-Range
		X-Script-Name X-MS-Client-Principal X-Goog-IAP-JWT-Assertion X-Consumer-Username X-Backend-Host X-Override-Host`) {
		if kept, dropped, err := Headers([]wire.Header{{Name: name, Value: "1"}}); err != nil || kept != nil || !slices.Equal(dropped, []string{name}) {
			t.Errorf("%s: kept %v, dropped %v, %v", name, kept, dropped, err)
		}
	}
}

func TestHeadersRefused(t *testing.T) {
	type fields = []wire.Header
	cases := []fields{
		{{Name: "", Value: "1"}}, {{Name: "X A", Value: "1"}}, {{Name: "X-A:", Value: "1"}}, {{Name: ":authority", Value: "1"}}, {{Name: "X-Ä", Value: "1"}},
		{{Name: "X-A", Value: "hunter2\r\nX-Evil: 1"}}, {{Name: "X-A", Value: "\x00"}}, {{Name: "X-A", Value: " a"}}, {{Name: "X-A", Value: "ü"}},
		{{Name: "Accept", Value: "1"}, {Name: "accept", Value: "1"}}, {{Name: "X-A", Value: "1"}, {Name: "x_a", Value: "2"}}, {{Name: "Host", Value: "1"}, {Name: "HOST", Value: "1"}},
	}
	for _, name := range strings.Fields(`X-HTTP-Method-Override x_http_method_override X-HTTP-Method X-Method-Override X-Original-Method X-Forwarded-Method
		X-Original-URL X-Original-URI X-Rewrite-URL X-Rewrite-URI X-Override-URL X-Forwarded-URI X-HTTP-Path-Override`) {
		cases = append(cases, fields{{Name: name, Value: "DELETE"}})
	}
	for _, c := range cases {
		kept, dropped, err := Headers(c)
		if err == nil || kept != nil || dropped != nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: kept %v, dropped %v, %v", c, kept, dropped, err)
		}
	}
}

func TestHeadersKeepOrder(t *testing.T) {
	in := []wire.Header{{Name: "X-B", Value: "1"}, {Name: "Cookie", Value: "2"}, {Name: "accept", Value: "3"}, {Name: "Host", Value: "4"}}
	kept, dropped, err := Headers(in)
	if err != nil || !slices.Equal(kept, []wire.Header{in[0], in[2]}) || !slices.Equal(dropped, []string{"Cookie", "Host"}) {
		t.Errorf("kept %v, dropped %v, %v", kept, dropped, err)
	}
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
