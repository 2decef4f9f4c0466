package sign

import (
	"slices"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// parts are the words of a payload.
var parts = map[string]func(v map[string]string, r Request) string{
	"timestamp":  func(v map[string]string, _ Request) string { return v["timestamp"] },
	"nonce":      func(v map[string]string, _ Request) string { return v["nonce"] },
	"key":        func(v map[string]string, _ Request) string { return v["key"] },
	"passphrase": func(v map[string]string, _ Request) string { return v["passphrase"] },
	"method":     func(_ map[string]string, r Request) string { return strings.ToUpper(r.Method) },
	"host":       func(_ map[string]string, r Request) string { return r.Host },
	"path":       func(_ map[string]string, r Request) string { return r.path() },
	"query":      func(_ map[string]string, r Request) string { return r.Query },
	"target":     func(_ map[string]string, r Request) string { return r.target() },
	"body":       func(_ map[string]string, r Request) string { return string(r.Body) },
	"query|body": func(_ map[string]string, r Request) string { return queryOrBody(r) },
}

// part is one word of a payload, or a text that means itself.
type part struct {
	word, text string
}

func parsePayload(payload string) ([]part, string) {
	var found []part
	for rest := strings.TrimLeft(payload, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		if rest[0] == '\'' {
			text, after, ok := parseText(rest[1:])
			if !ok {
				return nil, "contains a 'text' that does not end, or a backslash before a " +
					"character other than n, \\ and '"
			}
			found, rest = append(found, part{text: text}), after
			continue
		}
		end := strings.IndexAny(rest+" ", " '")
		if parts[rest[:end]] == nil {
			return nil, "contains a word other than timestamp, nonce, key, passphrase, method, " +
				"host, path, query, body, target, query|body and 'text'"
		}
		found, rest = append(found, part{word: rest[:end]}), rest[end:]
	}
	return found, ""
}

func parseText(s string) (text, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			return text, s[i+1:], true
		case c != '\\':
			text += string(c)
		case i+1 < len(s) && strings.IndexByte(`n\'`, s[i+1]) >= 0:
			i++
			text += strings.ReplaceAll(string(s[i]), "n", "\n")
		default:
			return "", "", false
		}
	}
	return "", "", false
}

func payloadFault(value string) string {
	if text := plainFault(value); text != "" {
		return text
	}
	_, text := parsePayload(value)
	return text
}

// payloadText returns the text that a payload, which Check has accepted, makes of a request.
func payloadText(payload string, values map[string]string, r Request) string {
	words, _ := parsePayload(payload)
	text := ""
	for _, w := range words {
		if w.word != "" {
			w.text = parts[w.word](values, r)
		}
		text += w.text
	}
	return text
}

// place is where a value goes.
type place struct{ kind, name string }

func parsePlace(value string) place {
	kind, name, _ := strings.Cut(value, " ")
	return place{kind, name}
}

func placeFault(value string) string {
	switch p := parsePlace(value); {
	case p.kind == "header" && wire.ValidName(p.name):
		if slices.Contains(framing, strings.ToLower(p.name)) {
			return "names a header that Janee has to write itself"
		}
		return ""
	case p.kind == "query" && p.name != "" && paramFault(p.name) == "":
		return ""
	}
	return "is not a place, such as header X-Signature or query sign"
}
