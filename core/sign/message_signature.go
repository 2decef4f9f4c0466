package sign

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// messageSignature signs parts of the request that the person chooses (RFC 9421). It signs the body
// through Content-Digest (RFC 9530), which it adds if the chosen parts name it and the request has
// none.
var messageSignature = Scheme{
	Type:  "http-message-signature",
	Title: "HTTP message signature (RFC 9421)",
	Docs:  "https://www.rfc-editor.org/rfc/rfc9421#section-3.3",
	Fields: []Field{
		{Name: "keyId", Required: true, Label: "Key id", fault: headerFault},
		{Name: "algorithm", Required: true,
			Label: "hmac-sha256, ed25519, ecdsa-p256-sha256 or rsa-v1_5-sha256",
			fault: oneOf("hmac-sha256", "ed25519", "ecdsa-p256-sha256", "rsa-v1_5-sha256")},
		{Name: "key", Secret: true, Required: true,
			Label: "Private key (PEM), or the shared secret (base64)", fault: base64OrPEM},
		{Name: "components",
			Label: "Signed parts (if empty: @method @authority @path @query, " +
				"and content-digest of a body)", fault: componentsFault},
		{Name: "label", Label: "Label of the signature (sig1 if empty)", fault: labelFault},
	},
	sign:    signMessage,
	whole:   messageKey,
	derived: messageForms,
	writes:  fields("Signature-Input", "Signature"),
}

// base64OrPEM accepts either of the two and nothing else; messageKey knows later which one it has
// to be.
func base64OrPEM(value string) string {
	if strings.HasPrefix(strings.TrimSpace(value), "-----BEGIN") {
		if _, err := parsePEM(value); err != nil {
			return err.Error()
		}
		return ""
	}
	return base64Fault(value)
}

func messageKey(c Credential) *FieldError {
	fault := map[string]func(string) string{"hmac-sha256": base64Fault, "ed25519": ed25519Fault,
		"ecdsa-p256-sha256": ecFault,
		"rsa-v1_5-sha256":   rsaFault}[c["algorithm"].Reveal()]
	if text := fault(c["key"].Reveal()); text != "" {
		return &FieldError{"key", text}
	}
	return nil
}

func messageForms(c Credential) []string {
	return append(decodedForms("key")(c), keyForms("key")(c)...)
}

// derivedComponents are those of RFC 9421 section 2.2 that a request has and that take no
// parameter.
var derivedComponents = map[string]func(Request) string{
	"@method":    func(r Request) string { return r.Method },
	"@authority": Request.authority,
	"@scheme":    Request.scheme,
	"@target-uri": func(r Request) string {
		return r.scheme() + "://" + r.authority() + r.target()
	},
	"@request-target": Request.target,
	"@path":           Request.path,
	"@query":          func(r Request) string { return "?" + r.Query },
}

func componentsFault(value string) string {
	seen := map[string]bool{}
	for _, name := range strings.Fields(value) {
		switch {
		case seen[name]:
			return "names a part twice (RFC 9421 section 2)"
		case strings.HasPrefix(name, "@") && derivedComponents[name] == nil:
			return "names a part that is not supported: @method, @authority, @scheme, " +
				"@target-uri, @request-target, @path, @query and names of headers are"
		case !strings.HasPrefix(name, "@") &&
			(!wire.ValidName(name) || strings.ToLower(name) != name):
			return "names a part that is not a header in lower case"
		}
		seen[name] = true
	}
	return plainFault(value)
}

// labelFault checks a key of RFC 8941 section 3.1.2.
func labelFault(value string) string {
	if value[0] != '*' && (value[0] < 'a' || value[0] > 'z') ||
		strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789_-.*") != "" {
		return "is not a label, such as sig1"
	}
	return ""
}

// message is one signature to make.
type message struct {
	label, keyID, algorithm, key string
	components                   []string
	created                      int64 // Unix seconds
}

func signMessage(c Credential, r Request, m Moment) (Signed, error) {
	s := message{
		c["label"].Reveal(), c["keyId"].Reveal(), c["algorithm"].Reveal(), c["key"].Reveal(),
		strings.Fields(c["components"].Reveal()), m.UnixMs / 1000,
	}
	if s.label == "" {
		s.label = "sig1"
	}
	if len(s.components) == 0 {
		s.components = []string{"@method", "@authority", "@path", "@query"}
		if len(r.Body) > 0 {
			s.components = append(s.components, "content-digest")
		}
	}
	return s.signed(r, m.httpDate())
}

// own returns the fields Date and, for a body, Content-Digest, if they are to be signed and the
// request has none.
func (s message) own(r Request, date string) (added []wire.Header) {
	fields := []wire.Header{{Name: "Date", Value: date}}
	if len(r.Body) > 0 {
		sum := sha256.Sum256(r.Body)
		digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
		fields = append(fields, wire.Header{Name: "Content-Digest", Value: digest})
	}
	for _, h := range fields {
		_, given := wire.Get(r.Headers, h.Name)
		if !given && slices.Contains(s.components, strings.ToLower(h.Name)) {
			added = append(added, h)
		}
	}
	return added
}

func (s message) signed(r Request, date string) (Signed, error) {
	added := s.own(r, date)
	r.Headers = append(slices.Clone(r.Headers), added...)
	base, params, err := s.base(r)
	if err != nil {
		return Signed{}, err
	}
	sum, err := s.compute(base)
	if err != nil {
		return Signed{}, err
	}
	signature := base64.StdEncoding.EncodeToString(sum)
	return Signed{
		Headers: append(added, wire.Header{Name: "Signature-Input", Value: s.label + "=" + params},
			wire.Header{Name: "Signature", Value: s.label + "=:" + signature + ":"}),
		Secrets: proof(signature),
		Trace:   []Note{{"signature base", base}},
	}, nil
}

// base returns the text of RFC 9421 section 2.5 and the value of its last line. For a request
// without a body it leaves out the fields that describe one, so that one list of parts works for
// GET and POST.
func (s message) base(r Request) (text, params string, err error) {
	var names []string
	for _, name := range s.components {
		value, ok := component(r, name)
		switch {
		case ok:
			text += `"` + name + `": ` + value + "\n"
			names = append(names, `"`+name+`"`)
		case len(r.Body) > 0 || !strings.HasPrefix(name, "content-"):
			return "", "", fmt.Errorf("the request has no header %q, which is to be signed", name)
		}
	}
	keyID := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.keyID)
	params = "(" + strings.Join(names, " ") + ");created=" + strconv.FormatInt(s.created, 10) +
		`;keyid="` + keyID + `"`
	return text + `"@signature-params": ` + params, params, nil
}

// component returns the value of one part: for a field that comes more than once, all its values
// (section 2.1).
func component(r Request, name string) (string, bool) {
	if read := derivedComponents[name]; read != nil {
		return read(r), true
	}
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, strings.TrimSpace(h.Value))
		}
	}
	switch {
	case name == "host":
		return r.Host, true
	case name == "content-length" && values == nil && len(r.Body) > 0:
		return strconv.Itoa(len(r.Body)), true
	}
	return strings.Join(values, ", "), values != nil
}

func (s message) compute(base string) ([]byte, error) {
	if s.algorithm == "hmac-sha256" {
		return mac(sha256.New, decoded(s.key), base), nil
	}
	key, err := parsePEM(s.key)
	if err != nil {
		return nil, &FieldError{"key", err.Error()}
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(base)), nil
	case *ecdsa.PrivateKey:
		return es256(key, base)
	case *rsa.PrivateKey:
		return rs256(key, base)
	}
	return nil, &FieldError{"key", errKind.Error()}
}
