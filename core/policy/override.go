package policy

import "strings"

// overrides are the names of query parameters and body fields by which a receiver takes another method than the one on the
// request line, whatever they are set to. The keys are as foldName spells them. The fields of the header are in headers.go.
var overrides = byFoldedName(
	"_method",                // Rails, Laravel, Symfony, Spring, Express, Plug, Parse Server, WordPress and their kind
	"_httpmethod",            // Salesforce
	"x-http-method-override", // ASP.NET MVC, ServiceStack, Google
	"x-http-method",          // the header of OData, and the next that of IBM, where fields and headers are read alike
	"x-method-override",
	"x-tunneled-method",   // Catalyst
	"alf_method",          // Alfresco
	"__method_override__", // Flask, by a recipe of its documentation
	"$httpmethod",         // Google
	"$httpheaders",        // Google: it holds a header
)

func byFoldedName(names ...string) map[string]string {
	m := make(map[string]string, len(names))
	for _, name := range names {
		m[strings.ReplaceAll(name, "-", "_")] = name
	}
	return m
}

// mayOverride are names by which Facebook Graph, Restlet and Akka do the same, and other APIs mean things of their own
// (method=flickr.photos.search, method=card). They count only where they are set to a method.
var mayOverride = set("method", "$method")

// field is the name of a parameter as its receiver takes it.
type field struct {
	name     string // what overrides and mayOverride know, else ""
	verbatim bool   // no letter was in upper case
}

// maxOverride is longer than each name of overrides.
const maxOverride = 32

// foldName undoes what receivers undo. Rack and qs drop brackets around a name and those behind one, PHP drops leading blanks
// and what follows a NUL, and makes "_" of "." and blanks; a name of a header field is read with "_" for "-".
func foldName[T string | []byte](raw T) field {
	var buffer [maxOverride]byte
	n, end, verbatim := 0, 0, true // end: behind the last byte that is no blank
scan:
	for i := 0; i < len(raw); {
		c, size := unescape(raw[i:])
		i += size
		switch {
		case n == 0 && (c <= ' ' || c == '['):
			continue
		case c == 0 || c == '[' || c == ']':
			break scan
		case n == maxOverride:
			return field{}
		case c >= 'A' && c <= 'Z':
			c, verbatim = c|0x20, false
		}
		blank := c <= ' '
		if blank || c == '.' || c == '-' {
			c = '_'
		}
		buffer[n] = c
		n++
		if !blank {
			end = n
		}
	}
	if overrides[string(buffer[:end])] == "" && !mayOverride[string(buffer[:end])] {
		return field{}
	}
	return field{string(buffer[:end]), verbatim}
}

// unescape reads one byte of a form, and how much text it takes: %XX, the %uXXXX of IIS, "+". What is malformed stands for
// itself, and a rune beyond ASCII, which no name here holds, for a byte that none holds either.
func unescape[T string | []byte](s T) (byte, int) {
	switch {
	case s[0] == '+':
		return ' ', 1
	case s[0] != '%':
		return s[0], 1
	case len(s) >= 3 && isHex(s[1]) && isHex(s[2]):
		return unhex(s[1])<<4 | unhex(s[2]), 3
	case len(s) >= 6 && s[1]|0x20 == 'u' && isHex(s[2]) && isHex(s[3]) && isHex(s[4]) && isHex(s[5]):
		if s[2] != '0' || s[3] != '0' {
			return 0xff, 6
		}
		return unhex(s[4])<<4 | unhex(s[5]), 6
	}
	return s[0], 1
}

// namesOther reports whether a value names another method than the one that is judged. To name the same changes nothing.
func namesOther[T string | []byte](value T, method string) bool {
	var buffer [8]byte // no method is longer than OPTIONS
	word := buffer[:0]
	for i := 0; i < len(value); {
		c, size := unescape(value[i:])
		i += size
		switch {
		case c <= ' ' || c == '"' || c == '\'':
			continue
		case len(word) == cap(word):
			return false
		}
		word = append(word, c)
	}
	named := strings.ToUpper(string(word))
	return (methodBit(named) != 0 || neverSent(named)) && !strings.EqualFold(named, method)
}

// carrier is where a request can hold a name that overrides its method.
type carrier struct {
	where, calls string // as in "the query holds the parameter"
	verbatim     bool   // mayOverride counts only as it is written: Twilio has a field Method
}

var (
	inTheQuery = carrier{"the query", "the parameter", false}
	inTheForm  = carrier{"the form body", "the field", true}
	inTheParts = carrier{"the multipart body", "the field", true}
	inTheJSON  = carrier{"the JSON body", "the field", true}
)

// checkParameters holds a query or the body of a form to names that leave the method alone. Some receivers split at ";" too.
func checkParameters[T string | []byte](text T, method string, in carrier) *fault {
	for len(text) > 0 {
		var parameter T
		parameter, text = cutAt(text, '&', ';')
		name, value := cutAt(parameter, '=', '=')
		if f := checkField(foldName(name), value, method, in); f != nil {
			return f
		}
	}
	return nil
}

func checkField[T string | []byte](f field, value T, method string, in carrier) *fault {
	switch {
	case f.name == "":
		return nil
	case overrides[f.name] != "":
		return in.overrides(overrides[f.name])
	case (f.verbatim || !in.verbatim) && namesOther(value, method):
		return faultf("use the method you want in the method argument; if the API means something else by it, leave it out "+
			"and choose from the reply", "%s holds %s %s with the name of another method, which some APIs go by, "+
			"behind the rules", in.where, in.calls, f.name)
	}
	return nil
}

func (in carrier) overrides(name string) *fault {
	return faultf("use the method you want in the method argument",
		"%s holds %s %s, which changes the method behind the rules", in.where, in.calls, name)
}

// cutAt splits s at the first of two bytes; without one all of it is head.
func cutAt[T string | []byte](s T, one, other byte) (head, tail T) {
	for i := 0; i < len(s); i++ {
		if s[i] == one || s[i] == other {
			return s[:i], s[i+1:]
		}
	}
	return s, s[len(s):]
}
