package sign

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type azureCase struct {
	ID, Kind, Source, Note, Key,
	Verb, Date, Account string
	ResourceType  string            `json:"resource_type"`
	ResourceLink  string            `json:"resource_link"`
	ContentLength string            `json:"content_length"`
	ContentType   string            `json:"content_type"`
	MSHeaders     map[string]string `json:"x_ms_headers"`
	Resource      string            `json:"canonicalized_resource"`
	Want          struct {
		StringToSign  string `json:"string_to_sign"`
		Signature     string
		Authorization string
	}
}

func TestVectorsAzureSharedKey(t *testing.T) {
	for _, c := range vectors.Load[azureCase](t, "azure_sharedkey", 2) {
		t.Run(c.ID, func(t *testing.T) {
			var signed Signed
			switch c.Kind {
			case "cosmos-master-key":
				signed = c.cosmos(t)
			case "storage-shared-key":
				signed = c.storage(t)
			default:
				t.Fatalf("unknown kind %q", c.Kind)
			}
			note(t, signed, "string to sign", c.Want.StringToSign)
			header(t, signed, "Authorization", c.Want.Authorization)
			if !strings.Contains(unescape(c.Want.Authorization), c.Want.Signature) {
				t.Error("the case contradicts itself")
			}
		})
	}
}

func httpTime(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

// cosmos asks for the path whose type and link the case names.
func (c azureCase) cosmos(t *testing.T) Signed {
	path := "/" + c.ResourceLink
	if segments := strings.Split(c.ResourceLink, "/"); len(segments)%2 == 1 ||
		c.ResourceLink == "" {
		path = strings.TrimSuffix(path, "/") + "/" + c.ResourceType
	}
	return mustSign(t, "azure-cosmos", map[string]string{"key": c.Key},
		Request{Method: c.Verb, Path: path}, httpTime(t, c.Date))
}

// storage rebuilds path and query from the canonical resource.
func (c azureCase) storage(t *testing.T) Signed {
	lines := strings.Split(c.Resource, "\n")
	length, _ := strconv.Atoi(c.ContentLength) // "" is 0
	r := Request{
		Method: c.Verb,
		Path:   strings.TrimPrefix(lines[0], "/"+c.Account),
		Body:   make([]byte, length),
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Query = appended(percent(strings.ToUpper(name), "")+"="+percent(value, ""), r.Query)
	}
	if c.ContentType != "" {
		r.Headers = append(r.Headers, wire.Header{Name: "Content-Type", Value: c.ContentType})
	}
	for name, v := range c.MSHeaders {
		if name != "x-ms-date" {
			r.Headers = append(r.Headers, wire.Header{Name: strings.ToUpper(name), Value: v})
		}
	}
	return mustSign(t, "azure-sharedkey", map[string]string{"account": c.Account, "key": c.Key}, r,
		httpTime(t, c.MSHeaders["x-ms-date"]))
}

type digestCase struct {
	ID, Source, Note, Algorithm, Username, Password, Realm, Method, URI, Nonce, NC,
	CNonce, QOP, Body string
	Want struct{ Response string }
}

func TestVectorsHTTPDigest(t *testing.T) {
	for _, c := range vectors.Load[digestCase](t, "http_digest", 1) {
		t.Run(c.ID, func(t *testing.T) {
			d := digest{
				c.Algorithm, c.Username, c.Password, c.Realm, c.Nonce, c.QOP, c.NC, c.CNonce,
			}
			if got := d.response(c.Method, c.URI, []byte(c.Body)); got != c.Want.Response {
				t.Errorf("got %s, want %s", got, c.Want.Response)
			}
		})
	}
}

type messageCase struct {
	ID, Source, Note, Alg, KeyID string
	KeyBase64                    *string `json:"key_b64"`
	PEM                          *string `json:"private_key_pem"`
	Created                      int64
	Components                   []string
	Request                      struct {
		Method, Target, Body string
		Headers              [][2]string
	}
	Want struct {
		Base      string `json:"signature_base"`
		Input     string `json:"signature_input"`
		Signature string
	}
}

func TestVectorsHTTPMessageSignatures(t *testing.T) {
	for _, c := range vectors.Load[messageCase](t, "http_message_signatures_rfc9421", 2) {
		t.Run(c.ID, func(t *testing.T) {
			label, _, _ := strings.Cut(c.Want.Input, "=")
			values := map[string]string{
				"keyId": c.KeyID, "algorithm": c.Alg, "components": strings.Join(c.Components, " "),
				"label": label,
			}
			for _, key := range []*string{c.KeyBase64, c.PEM} {
				if key != nil {
					values["key"] = *key
				}
			}
			signed := mustSign(t, "http-message-signature", values, c.request(), 1000*c.Created)
			note(t, signed, "signature base", c.Want.Base)
			sameHeaders(t, signed.Headers,
				map[string]string{"Signature-Input": c.Want.Input, "Signature": c.Want.Signature})
		})
	}
}

func (c messageCase) request() Request {
	path, query, _ := strings.Cut(c.Request.Target, "?")
	r := Request{Method: c.Request.Method, Path: path, Query: query, Body: []byte(c.Request.Body)}
	for _, h := range c.Request.Headers {
		if h[0] == "Host" {
			r.Host = h[1]
		} else {
			r.Headers = append(r.Headers, wire.Header{Name: h[0], Value: h[1]})
		}
	}
	return r
}
