package legacy

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/config"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// encrypted is a value as the old program writes it.
func encrypted(t *testing.T, plain string) string {
	t.Helper()
	block, err := aes.NewCipher(testKey)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := []byte("iv-of-a-test")
	out := aead.Seal(nil, iv, []byte(plain), nil)
	body, tag := out[:len(out)-tagSize], out[len(out)-tagSize:]
	return base64.StdEncoding.EncodeToString(
		append(append(append([]byte{}, iv...), tag...), body...))
}

// inline is a home of version 0.2 with these lines in place of ENC(…).
func inline(t *testing.T, services, capabilities string) *Plan {
	t.Helper()
	text := "version: 0.2.0\nmasterKey: " + base64.StdEncoding.EncodeToString(testKey) +
		"\nservices:\n" + services
	if capabilities != "" {
		text += "capabilities:\n" + capabilities
	}
	for {
		before, rest, found := strings.Cut(text, "ENC(")
		if !found {
			break
		}
		plain, after, _ := strings.Cut(rest, ")")
		text = before + encrypted(t, plain) + after
	}
	s, err := Read(lay(t, map[string]string{configYAML: text}))
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan()
}

func bearer(key string) string {
	return "  s:\n    baseUrl: https://s.example\n    auth: {type: bearer, key: " + key + "}\n"
}

func TestPlannedAuth(t *testing.T) {
	for name, c := range map[string]struct{ service, want, said string }{
		"bearer": {bearer("ENC(secret-key-1)"), "bearer key=secret-key-1", ""},
		"typed": {bearer("sk_live_typed_by_hand"), "bearer key=sk_live_typed_by_hand",
			"is in plaintext"},
		"Basic": {bearer("ENC(Basic dXNlcjpwYXNzOndvcmQ=)"),
			"basic password=pass:word username=user", "auth type is now basic"},
		"Basic, no pair": {bearer("ENC(Basic not!base64)"), "bearer key=not!base64 scheme=Basic",
			"Basic, is now its scheme"},
		"Bearer twice": {bearer("ENC(Bearer abc)"), "bearer key=abc",
			"the word Bearer was removed"},
		"Bot": {bearer("ENC(Bot abc)"), "bearer key=abc scheme=Bot",
			"Bot, is now its scheme"},
		"hmac": {"  s:\n    baseUrl: https://s.example\n" +
			"    auth: {type: hmac, apiKey: ENC(k), apiSecret: ENC(x)}\n",
			"hmac-mexc apiKey=k apiSecret=x", "now called hmac-mexc"},
		"white space": {bearer("ENC( abc )"), "bearer key=abc", "white space around key"},
		"aws": {"  s:\n    baseUrl: https://s.example\n" +
			"    auth: {type: aws-sigv4, accessKeyId: ENC(a), secretAccessKey: ENC(b), region: " +
			"eu-west-1, awsService: s3}\n",
			"aws-sigv4 accessKeyId=a awsService=s3 region=eu-west-1 secretAccessKey=b", ""},
		"headers": {"  s:\n    baseUrl: https://s.example\n" +
			"    auth: {type: headers, headers: {X-Key: ENC(a), X-Two: ENC(b)}}\n",
			"headers headers.X-Key=a headers.X-Two=b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := inline(t, c.service, "")
			if len(p.Services) != 1 || len(p.Left) > 0 {
				t.Fatalf("%d services, left %v", len(p.Services), p.Left)
			}
			got := p.Services[0].Type
			for _, path := range sortedKeys(p.Services[0].Credential) {
				got += " " + path + "=" + p.Services[0].Credential[path].Reveal()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			said(t, p.Changes, c.said)
		})
	}
}

// said wants one line that holds text, or none at all for "".
func said(t *testing.T, lines []string, text string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	if (text == "") != (len(lines) == 0) || !strings.Contains(all, text) {
		t.Errorf("said %q, want %q", all, text)
	}
}

// TestLeft: what cannot be carried over is named without a value, and keeps nothing else out.
func TestLeft(t *testing.T) {
	good := "  good:\n    baseUrl: https://g.example\n" +
		"    auth: {type: bearer, key: ENC(key-of-the-good-one)}\n"
	for name, c := range map[string]struct{ service, want string }{
		"auth type": {"  s:\n    baseUrl: https://s.example\n" +
			"    auth: {type: carrier-pigeon, key: SENTINEL}\n",
			`auth type "carrier-pigeon" is not supported`},
		"two words": {bearer("ENC(SENTINEL SENTINEL2)"), "contains a blank"},
		"lost secret": {"  s:\n    baseUrl: https://s.example\n    auth: {type: hmac}\n",
			`"apiKey" is missing`},
		"no base": {"  s:\n    auth: {type: bearer, key: ENC(SENTINEL)}\n", "base"},
		"metadata": {"  s:\n    baseUrl: http://169.254.169.254\n" +
			"    auth: {type: bearer, key: ENC(SENTINEL)}\n", "never connects"},
		"unknown key": {bearer("ENC(SENTINEL)") + "    colour: blue\n",
			"colour has no counterpart"},
		"unknown field": {bearer("ENC(SENTINEL), spice: hot"), "the field spice"},
		"testPath":      {bearer("ENC(SENTINEL)") + "    testPath: /a/../b\n", "testPath"},
	} {
		t.Run(name, func(t *testing.T) {
			p := inline(t, c.service+good, "")
			said(t, p.Left, c.want)
			if text := fmt.Sprint(p.Left, p.Changes); strings.Contains(text, "SENTINEL") {
				t.Errorf("a value is shown: %s", text)
			}
			if p.Services[len(p.Services)-1].Name != "good" {
				t.Error("the other service was left out too")
			}
		})
	}
}

func TestPlannedPlaces(t *testing.T) {
	p := inline(t,
		"  my api:\n    baseUrl: http://api.example/v1/\n    testPath: ping\n"+
			"    auth: {type: bearer, key: ENC(secret-key-1)}\n",
		"  use it:\n    service: my api\n")
	s := p.Services[0]
	if s.Name != "my-api" || s.BaseURL != "http://api.example/v1" || !s.AllowHTTP ||
		s.TestPath != "/ping" {
		t.Errorf("%+v", s.NewService)
	}
	if c := p.Capabilities[0]; c.Name != "use-it" || c.Service != "my-api" || c.TTL != "1h" ||
		c.Allow != nil || c.NeedsApproval {
		t.Errorf("%+v", c)
	}
	said(t, p.Changes, "allowHttp: true was added")
	said(t, p.Changes, `"my api" is now called "my-api"`)
}

func TestRules(t *testing.T) {
	for name, c := range map[string]struct{ rules, allow, deny, said string }{
		"none": {"", "nil", "nil", ""},
		"lists": {"{allow: [GET *], deny: [POST /v1/charges/*]}", "GET *",
			"POST /v1/charges/*", ""},
		"lower case":      {"{allow: [get /x]}", "GET /x", "nil", ""},
		"empty allow":     {"{allow: []}", "", "nil", ""},
		"empty deny":      {"{deny: []}", "nil", "nil", ""},
		"deny alone":      {"{deny: [DELETE *]}", "* *", "DELETE *", "allowed everything else"},
		"deny everything": {"{allow: [GET *], deny: ['* *']}", "GET *", "* *", ""},
		"list form": {"[{allow: GET *}, {allow: [POST /x]}, {deny: '*'}]", "GET *|POST /x",
			"nil", "did not apply: it allowed everything"},
		"list of deny": {"[{deny: DELETE *}]", "* *", "DELETE *", "apply from now on"},
		"text":         {"GET *", "GET *", "nil", "written as text"},
		"deny as text": {"{allow: [GET *], deny: POST *}", "GET *", "POST *",
			"deny is not a list"},
		"allow as text": {"{allow: GET *}", "GET *", "nil", "refused everything"},
		"method alone": {"{allow: [GET *], deny: [DELETE]}", "GET *", "DELETE *",
			`"DELETE" is now "DELETE *"`},
		"path alone":     {"{allow: [/v1/x]}", "* /v1/x", "nil", `"/v1/x" is now "* /v1/x"`},
		"no slash":       {"{allow: [GET v1/x]}", "GET /v1/x", "nil", "is now"},
		"allow by query": {"{allow: ['GET /x?a=1']}", "", "nil", "left out"},
		"deny by query":  {"{allow: ['* *'], deny: ['GET /x?a=1']}", "* *", "GET /x", "is now"},
		"broken allow": {"{allow: [GET /x, 'not a rule']}", "GET /x", "nil",
			`"not a rule" is left out`},
	} {
		t.Run(name, func(t *testing.T) {
			capability := "  c:\n    service: s\n"
			if c.rules != "" {
				capability += "    rules: " + c.rules + "\n"
			}
			p := inline(t, bearer("ENC(secret-key-1)"), capability)
			if len(p.Capabilities) != 1 {
				t.Fatal(p.Left)
			}
			if got := shown(p.Capabilities[0].Allow); got != c.allow {
				t.Errorf("allow %q, want %q", got, c.allow)
			}
			if got := shown(p.Capabilities[0].Deny); got != c.deny {
				t.Errorf("deny %q, want %q", got, c.deny)
			}
			said(t, p.Changes, c.said)
		})
	}
}

func shown(list []string) string {
	if list == nil {
		return "nil"
	}
	return strings.Join(list, "|")
}

// TestCapabilities: what could widen access is not carried over.
func TestCapabilities(t *testing.T) {
	for name, c := range map[string]struct{ lines, left, changed string }{
		"exec": {"    mode: exec\n    allowCommands: [git]\n",
			"mode exec is not supported", ""},
		"no such service": {"    service: other\n",
			`its service "other" cannot be carried over`, ""},
		"broken deny rule": {"    rules: {allow: [GET *], deny: ['no rule at all']}\n",
			"cannot be read", ""},
		"approval": {"    autoApprove: false\n", "", "you are asked"},
		"ttl":      {"    ttl: forever\n", "", "cannot be read; it is now 1h"},
		"long ttl": {"    ttl: 90d\n", "", "30d"},
		"access":   {"    access: someone\n", "", "now restricted"},
		"agents": {"    allowedAgents: [alice, 'bob smith']\n", "",
			`"bob smith" is now called "bob-smith"`},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(c.lines, "service:") {
				c.lines = "    service: s\n" + c.lines
			}
			p := inline(t, bearer("ENC(secret-key-1)"), "  c:\n"+c.lines)
			said(t, p.Left, c.left)
			said(t, p.Changes, c.changed)
			if (len(p.Capabilities) == 1) != (c.left == "") {
				t.Errorf("%d capabilities", len(p.Capabilities))
			}
		})
	}
}

func TestOwnership(t *testing.T) {
	for text, want := range map[string]string{
		"{accessPolicy: all-agents, createdAt: '2026-01-02T03:04:05.000Z'}": "all-agents  [] " +
			"2026-01-02T03:04:05.000Z",
		"{accessPolicy: agent-only, createdBy: alice}": "agent-only alice [] ",
		"{accessPolicy: shared, createdBy: alice, sharedWith: [bob, carol]}": "shared alice [bob " +
			"carol] ",
		// for no agent, here as in the old program
		"{accessPolicy: agent-only}":                                   "shared  [] ",
		"{accessPolicy: whoever, createdBy: alice, sharedWith: [bob]}": "shared alice [] ",
	} {
		p := inline(t, bearer("ENC(secret-key-1)")+"    ownership: "+text+"\n", "")
		o := p.Services[0].Ownership
		if got := fmt.Sprintf("%s %s %v %s", o.Policy, o.CreatedBy,
			o.SharedWith, o.CreatedAt); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestDefaultAccess(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "open": false, "restricted": true, "whatever": true,
	} {
		if got := (&Store{defaultAccess: text}).Plan().Restricted; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestFound(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"empty":        {nil, false},
		"ours":         {map[string]string{configYAML: "version: 1\n"}, false},
		"0.3":          {map[string]string{configYAML: "version: 0.3.0\n"}, true},
		"0.2, quoted":  {map[string]string{configYAML: "# x\nversion: '0.2.0'\n"}, true},
		"key alone":    {map[string]string{configYAML: "masterKey: abc\nservices: [\n"}, true},
		"0.1":          {map[string]string{configJSON: "{}"}, true},
		"ours and 0.1": {map[string]string{configYAML: "version: 1\n", configJSON: "{}"}, false},
	} {
		if got := Found(lay(t, c.files)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestErrorsShowNoValue reads files that do not parse: errors of the parsers quote them.
func TestErrorsShowNoValue(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"yaml": {configYAML: "version: 0.2.0\nmasterKey: SENTINEL\n" +
			"services: SENTINEL: SENTINEL\n"},
		"tag":   {configYAML: "version: 0.2.0\nservices: !!int SENTINEL\n  x: *SENTINEL\n"},
		"twice": {configYAML: "version: 0.2.0\nSENTINEL: 1\nSENTINEL: 2\n"},
		"list":  {configYAML: "version: 0.2.0\n- SENTINEL\n"},
		"json":  {configYAML: "version: 0.3.0\n", credentialsJSON: `{"masterKey": SENTINEL}`},
		"shape": {configYAML: "version: 0.3.0\n",
			credentialsJSON: `{"masterKey": ["SENTINEL"]}`},
		"key":      {configYAML: "version: 0.2.0\nmasterKey: SENTINEL\n"},
		"old json": {configJSON: `{"masterKey":"SENTINEL","services":"SENTINEL"}`},
	} {
		_, err := Read(lay(t, files))
		if err == nil || !errors.Is(err, ErrParse) && !errors.Is(err, ErrKey) ||
			strings.Contains(err.Error(), "SENTINEL") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("version: 0.2.0\nmasterKey: "+base64.StdEncoding.EncodeToString(testKey)+
		"\nservices:\n  s: {baseUrl: https://x.example, auth: {type: bearer, key: &a k}}\n", "{}")
	f.Add("version: 0.3.0\nservices: &a {x: *a}\ncapabilities: {c: {rules: [{deny: '*'}]}}\n",
		`{"masterKey":"","secrets":{"s":{"headers":{"a":"b"}}}}`)
	f.Fuzz(func(t *testing.T, yaml, json string) {
		dir := lay(t, map[string]string{configYAML: yaml, credentialsJSON: json})
		s, err := Read(dir)
		if err != nil {
			return
		}
		for _, each := range s.Plan().Services {
			if !config.ValidName(each.Name) {
				t.Errorf("name %q", each.Name)
			}
		}
	})
}
