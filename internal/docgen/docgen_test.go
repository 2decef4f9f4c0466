package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/sign"
)

// probes are files with an unknown key in each section; what Parse then says names the keys that it
// knows there.
func probes() map[string]string {
	p := map[string]string{
		"":                         "zzz: 1",
		"vault":                    "vault: {zzz: 1}",
		"server":                   "server: {zzz: 1}",
		"approvals":                "approvals: {zzz: 1}",
		"approvals.webhook":        "approvals: {webhook: {zzz: 1}}",
		"agents.NAME":              "agents: {x: {zzz: 1}}",
		"services.NAME.ownership":  "services: {x: {ownership: {zzz: 1}}}",
		"services.NAME":            "services: {x: {zzz: 1}}",
		"capabilities.NAME":        "capabilities: {x: {zzz: 1}}",
		"capabilities.NAME.rules":  "capabilities: {x: {rules: {zzz: 1}}}",
		"capabilities.NAME.limits": "capabilities: {x: {limits: {zzz: 1}}}",
		"limits":                   "limits: {zzz: 1}",
		"audit":                    "audit: {zzz: 1}",
		"audit.anchor":             "audit: {anchor: {zzz: 1}}",
		"audit.anchor.webhook":     "audit: {anchor: {webhook: {zzz: 1}}}",
	}
	for _, t := range sign.Types() {
		p["services.NAME.auth["+t+"]"] = "services: {x: {auth: {type: " + t + ", zzz: 1}}}"
	}
	return p
}

var knownKeys = regexp.MustCompile(`: it (?:may have|has) ([A-Za-z, ]+)`)

// TestReferenceIsWhatParseAccepts compares the table with the reader of the file, section by
// section.
func TestReferenceIsWhatParseAccepts(t *testing.T) {
	table := map[string][]string{}
	for _, k := range Reference() {
		section, name := k.Parent()
		table[section] = append(table[section], name)
		if k.Meaning == "" || !strings.HasSuffix(k.Meaning, ".") || k.Required && k.Default != "" {
			t.Errorf("%s: meaning %q, required %v, default %q", k.Path, k.Meaning,
				k.Required, k.Default)
		}
	}
	for section, text := range probes() {
		_, err := config.Parse([]byte(text))
		if err == nil {
			t.Fatalf("%s: an unknown key was accepted", section)
		}
		said := knownKeys.FindStringSubmatch(err.Error())
		if said == nil {
			t.Fatalf("%s: no known keys in %v", section, err)
		}
		want := strings.Split(said[1], ", ")
		if strings.Contains(section, "[") {
			want = append(want, "type")
		}
		got := table[section]
		delete(table, section)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("section %q: the table has %q, the reader %q", section, got, want)
		}
	}
	if len(table) > 0 {
		t.Errorf("sections that were not compared: %q", slices.Collect(maps.Keys(table)))
	}
}

// TestDocuments compares the generated documents with the table.
func TestDocuments(t *testing.T) {
	for _, d := range documents {
		old, err := os.ReadFile(filepath.FromSlash("../../docs/" + d.name))
		if err != nil {
			t.Fatal(err)
		}
		text, err := d.make(old)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		if !bytes.Equal(old, text) {
			t.Errorf("docs/%s is not what the code says: go run ./internal/docgen", d.name)
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validates reports what an editor would say of a config.yaml.
func validates(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// TestSchemaAccepts gives the same files to the schema and to Parse.
func TestSchemaAccepts(t *testing.T) {
	s := compiledSchema(t)
	uncommented := regexp.MustCompile(`(?m)^# `).ReplaceAllString(string(config.Template()), "")
	for name, text := range map[string]string{
		"template":              "version: 1\n",
		"template, uncommented": uncommented,
		"guide":                 guideConfig,
		"every key":             everyKey(t),
	} {
		if err := validates(t, s, text); err != nil {
			t.Errorf("%s: the schema refuses it: %v\n%s", name, err, text)
		}
		if _, err := config.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// guideConfig is what the guide shows its readers.
const guideConfig = `
services:
  stripe: {baseUrl: https://api.stripe.com, auth: {type: bearer, key: sk_live_xxx}}
  github:
    baseUrl: https://api.github.com
    auth:
      type: bearer
      key: ghp_xxx
  openai:
    baseUrl: https://api.openai.com
    auth:
      type: bearer
      key: sk-xxx
  internal_api:
    baseUrl: https://api.yourcompany.com
    auth:
      type: bearer
      key: internal_xxx
capabilities:
  stripe_readonly:
    service: stripe
    ttl: 1h
    autoApprove: true
    rules:
      allow:
        - GET *
      deny:
        - POST *
        - DELETE *
        - PUT *
  stripe_billing:
    service: stripe
    ttl: 15m
    requiresReason: true
    rules:
      allow:
        - GET *
        - POST /v1/refunds/*
        - POST /v1/invoices/*
      deny:
        - POST /v1/charges/* # Can't charge cards
        - DELETE *
        - "* /v1/customers"
  github_readonly:
    service: github
    ttl: 2h
    rules:
      allow: [GET *]
      deny: [POST *, DELETE *, PUT *, PATCH *]
  openai:
    service: openai
    ttl: 30m
    requiresReason: true
  internal_readonly:
    service: internal_api
    ttl: 10m
    autoApprove: false # Manual approval required
    rules:
      allow: [GET /v1/users/*, GET /v1/analytics/*]
`

// everyKey is a file that uses each key of the table, with a service for each auth type.
func everyKey(t *testing.T) string {
	t.Helper()
	examples := map[Kind]any{
		Text: "text", Flag: true, Duration: "15m", Address: "https://api.example.com",
		Rules: []string{"GET /v1/*"},
		Texts: map[string]string{"X-Version": "some text"}, Agents: []string{"ann", "bob"},
		Number: 9100,
		Count:  60, Size: "8KiB", Moment: "2026-11-23T09:33:45Z", Ranges: []string{"10.1.0.0/16",
			"127.0.0.1/32:9000", "fd00::/8"},
		Fields: []string{"Stripe-Account", "x-amz-grant-*"}, Keys: []string{"acl", "policy"},
	}
	special := map[string]any{
		"testPath": "/v1/x", "service": "bearer", "check": "0123456789abcdef",
		"proxy": "socks5://127.0.0.1:1080",
		"token": config.TokenDigest("x"), "createdBy": "ann", "accessPolicy": "shared",
		"source": config.SourceCommand, "command": []string{"pass", "show", "janee"},
	}
	// values that Parse cannot look into: what each scheme wants of them is its own affair
	const sealed = "janee:v1:k1:x"
	fill := func(section string) map[string]any {
		out := map[string]any{}
		for _, k := range Reference() {
			parent, name := k.Parent()
			switch {
			case parent != section || k.Kind == Section || k.Kind == Names:
			case len(k.Only) > 0 && special[name] == nil:
				out[name] = k.Only[0]
			case strings.Contains(section, "[") && k.Kind == Texts:
				out[name] = map[string]string{"X-Key": sealed}
			case strings.Contains(section, "["):
				out[name] = sealed
			case special[name] != nil:
				out[name] = special[name]
			default:
				out[name] = examples[k.Kind]
			}
		}
		return out
	}
	file := fill("")
	file["vault"], file["server"], file["limits"] = fill("vault"), fill("server"), fill("limits")
	file["agents"] = map[string]any{"ann": fill("agents.NAME")}
	services := map[string]any{}
	for _, authType := range sign.Types() {
		services[authType] = fill("services.NAME")
		services[authType].(map[string]any)["ownership"] = fill("services.NAME.ownership")
		services[authType].(map[string]any)["auth"] = fill("services.NAME.auth[" + authType + "]")
	}
	file["services"] = services
	capability := fill("capabilities.NAME")
	capability["rules"], capability["limits"] = fill("capabilities.NAME.rules"),
		fill("capabilities.NAME.limits")
	file["capabilities"] = map[string]any{"c": capability}
	text, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	service := "services: {x: {baseUrl: https://a.example, auth: {type: bearer, key: " +
		"k0123456789}}}\n"
	for name, text := range map[string]string{
		"unknown key":   "zzz: 1",
		"other version": "version: 2",
		"no baseUrl":    "services: {x: {auth: {type: bearer, key: k}}}",
		"no auth":       "services: {x: {baseUrl: https://a.example}}",
		"no auth type":  "services: {x: {baseUrl: https://a.example, auth: {key: k}}}",
		"unknown auth type": "services: {x: {baseUrl: https://a.example, auth: {type: magic, " +
			"key: k}}}",
		"field of another": "services: {x: {baseUrl: https://a.example, auth: {type: bearer, " +
			"key: k, password: p}}}",
		"field missing": "services: {x: {baseUrl: https://a.example, auth: {type: basic}}}",
		"scheme of base": "services: {x: {baseUrl: ftp://a.example, auth: {type: bearer, key: " +
			"k}}}",
		"name":              strings.Replace(service, "x:", "a b:", 1),
		"ttl":               service + "capabilities: {c: {service: x, ttl: 0h}}",
		"ttl without unit":  service + "capabilities: {c: {service: x, ttl: 15}}",
		"no service":        "capabilities: {c: {ttl: 1h}}",
		"rules as a list":   service + "capabilities: {c: {service: x, rules: [GET *]}}",
		"empty rules":       service + "capabilities: {c: {service: x, rules: }}",
		"rule without path": service + "capabilities: {c: {service: x, rules: {allow: [GET]}}}",
		"headers":           service + "capabilities: {c: {service: x, headers: some}}",
		"range": "services: {x: {baseUrl: https://a.example, allowPrivate: " +
			"[10.1.0.1], auth: {type: bearer, key: k0123456789}}}",
		"header names": service + "capabilities: {c: {service: x, allowHeaders: [a b]}}",
		"headers as text": service +
			"capabilities: {c: {service: x, denyHeaders: Stripe-Account}}",
		"operations": "services: {x: {baseUrl: https://a.example, queryOperations: s4, auth: " +
			"{type: bearer, key: k0123456789}}}",
		"operation keys": "services: {x: {baseUrl: https://a.example, queryOperations: [a=b], " +
			"auth: {type: bearer, key: k0123456789}}}",
		"access":         "server: {defaultAccess: closed}",
		"agents as text": service + "capabilities: {c: {service: x, allowedAgents: ann}}",
		"port":           "server: {port: 70000}",
		"ownership": "services: {x: {baseUrl: https://a.example, ownership: {createdBy: " +
			"ann}, auth: {type: bearer, key: k0123456789}}}",
		"moment": "agents: {x: {token: t, created: yesterday}}",
		"source": "vault: {id: x, key: k1, check: 0123456789abcdef, source: tpm}",
		"flag":   service + "capabilities: {c: {service: x, autoApprove: sometimes}}",
	} {
		if validates(t, s, text) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
		if _, err := config.Parse([]byte(text)); err == nil {
			t.Errorf("%s: Parse accepts it", name)
		}
	}
}
