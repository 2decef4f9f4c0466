package sign

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// percent escapes every byte except the unreserved ones of RFC 3986 section 2.3 and those in keep,
// with upper-case digits. SigV4 and OAuth 1 both require exactly that; net/url keeps more.
func percent(s, keep string) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s)+len(s)/4)
	for i := 0; i < len(s); i++ {
		if c := s[i]; unreserved(c) || strings.IndexByte(keep, c) >= 0 {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-._~", c) >= 0
}

// unescape reads %XX. A percent sign without two digits after it means itself, as it does for
// servers that do not refuse it.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && digit(s[i+1]) >= 0 && digit(s[i+2]) >= 0 {
			out = append(out, byte(digit(s[i+1])<<4|digit(s[i+2])))
			i += 2
		} else {
			out = append(out, s[i])
		}
	}
	return string(out)
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// param is one parameter of a query or form, decoded.
type param struct{ name, value string }

// params splits application/x-www-form-urlencoded text (WHATWG URL section 5.1): a plus sign is a
// blank, empty parts are nothing.
func params(text string) []param {
	var found []param
	for part := range strings.SplitSeq(text, "&") {
		if part != "" {
			name, value, _ := strings.Cut(strings.ReplaceAll(part, "+", " "), "=")
			found = append(found, param{unescape(name), unescape(value)})
		}
	}
	return found
}

// has reports whether a query or form has a parameter of that name. ASP.NET and others ignore the
// case of names.
func has(text, name string) bool {
	return slices.ContainsFunc(params(text), func(p param) bool {
		return strings.EqualFold(p.name, name)
	})
}

// canonical escapes parameters, sorts them by their escaped names and then their escaped values,
// and joins them. That is both the normal form of RFC 5849 section 3.4.1.3.2 and the canonical
// query string of SigV4.
func canonical(all []param) string {
	escaped := make([]param, len(all))
	for i, p := range all {
		escaped[i] = param{percent(p.name, ""), percent(p.value, "")}
	}
	// not slices.SortFunc: each type it sorts adds 10 KB to the WebAssembly module
	sort.Slice(escaped, func(i, j int) bool {
		return cmp.Or(cmp.Compare(escaped[i].name, escaped[j].name),
			cmp.Compare(escaped[i].value, escaped[j].value)) < 0
	})
	parts := make([]string, len(escaped))
	for i, p := range escaped {
		parts[i] = p.name + "=" + p.value
	}
	return strings.Join(parts, "&")
}

// appended returns the query as it is sent after more was added at its end.
func appended(query, more string) string {
	if query == "" || more == "" {
		return query + more
	}
	return query + "&" + more
}

// target returns the request target: path and query (RFC 9112 section 3.2.1).
func (r Request) target() string {
	if r.Query == "" {
		return r.path()
	}
	return r.path() + "?" + r.Query
}

// path returns the path as it is sent: an empty one is sent as "/".
func (r Request) path() string {
	if r.Path == "" {
		return "/"
	}
	return r.Path
}

// scheme returns the first part of the URL, in lower case.
func (r Request) scheme() string {
	if r.HTTP {
		return "http"
	}
	return "https"
}

// authority returns the host in lower case, without the default port: RFC 5849 section 3.4.1.2, RFC
// 9421 section 2.2.3.
func (r Request) authority() string {
	port := ":443"
	if r.HTTP {
		port = ":80"
	}
	return strings.TrimSuffix(strings.ToLower(r.Host), port)
}

// form returns the body's parameters if it is a form.
func (r Request) form() []param {
	if kind, _ := wire.Get(r.Headers, "Content-Type"); !isForm(kind) {
		return nil
	}
	return params(string(r.Body))
}

func isForm(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}
