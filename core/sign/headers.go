package sign

import (
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// headers sends fields whose names and values the person chose, such as X-Api-Key.
var headers = Scheme{
	Type:  "headers",
	Title: "API key in headers of your choice",
	Docs:  "https://www.rfc-editor.org/rfc/rfc9110#section-5",
	Fields: []Field{
		{Name: "headers", Secret: true, Identity: true, Required: true, Map: true,
			Label: "Header name and value", fault: headerFault},
	},
	sign:    signHeaders,
	derived: headerTails,
	writes:  headersWritten,
}

func signHeaders(c Credential, _ Request, _ Moment) (Signed, error) {
	var s Signed
	for _, path := range c.under("headers") {
		s.Headers = append(s.Headers, wire.Header{Name: headerName(path), Value: c[path].Reveal()})
	}
	return s, nil
}

// headerTails returns the ends of each value that follow a word, a name or an id: of "Token
// token=abc", "id:abc" and `OAuth key="id", token="abc"` a service may show "abc" alone.
func headerTails(c Credential) (tails []string) {
	for _, path := range c.under("headers") {
		value := c[path].Reveal()
		for _, delimiter := range []string{" ", "=", ":"} {
			_, tail, _ := strings.Cut(value, delimiter)
			for ; tail != ""; _, tail, _ = strings.Cut(tail, delimiter) {
				value = strings.Trim(tail, `"`)
				tails = append(tails, value)
			}
		}
	}
	return tails
}

// framing are fields that say how a message is cut or forwarded (RFC 9110 sections 7.2, 7.6, 8.6),
// or that the sender is responsible for. If another party sets them too, two servers can read the
// request differently.
var framing = []string{
	"host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
	"te", "trailer", "upgrade", "expect", "accept-encoding",
}

func headerNames(paths []string) error {
	seen := map[string]bool{}
	for _, path := range paths {
		name := strings.ToLower(headerName(path))
		switch {
		case !wire.ValidName(name):
			return &FieldError{path, "is not a header name"}
		case slices.Contains(framing, name):
			return &FieldError{path, "is a header that Janee has to write itself"}
		case seen[name]:
			return &FieldError{path, "is given twice; upper and lower case are the same"}
		}
		seen[name] = true
	}
	return nil
}

// headerName cuts the path at its first dot only, because a header's name may contain dots too.
func headerName(path string) string {
	_, name, _ := strings.Cut(path, ".")
	return name
}
