package policy

import "strings"

// override is a name with which a receiver uses a method other than the one on the request line.
type override struct {
	name    string
	byValue bool // only if its value is a method: other APIs mean something else by the name
}

// overrides are the names of query parameters and of fields in a body, as foldName spells them.
// Header fields are in header_table.go.
var overrides = byFoldedName(
	override{name: "_method"},                // Rails, Laravel, Symfony, Spring, Plug, Parse Server
	override{name: "_httpmethod"},            // Salesforce
	override{name: "x-http-method-override"}, // ASP.NET MVC, ServiceStack, Google
	override{name: "x-http-method"},          // headers that some read from a form as well
	override{name: "x-method-override"},
	override{name: "x-tunneled-method"},     // Catalyst
	override{name: "alf_method"},            // Alfresco
	override{name: "__method_override__"},   // Flask, in a recipe that many applications follow
	override{name: "$httpmethod"},           // Google
	override{name: "$httpheaders"},          // Google: it contains header fields
	override{name: "method", byValue: true}, // Facebook Graph, Restlet, Akka
	override{name: "$method", byValue: true},
)

func byFoldedName(list ...override) map[string]override {
	m := make(map[string]override, len(list))
	for _, o := range list {
		m[strings.ReplaceAll(o.name, "-", "_")] = o
	}
	return m
}

const (
	overrideStarts = "_$amx" // the first bytes of these names: most others differ there
	maxOverride    = 32      // longer than each of them
)

// foldName finds the override that receivers take a name for. Rack and qs drop brackets around a
// name and those after one. PHP drops leading blanks and what follows a NUL, and turns "." and
// blanks into "_". Header fields are read with "_" for "-". A name is verbatim if no letter was in
// upper case.
func foldName[T string | []byte](raw T) (o override, verbatim bool) {
	var buffer [maxOverride]byte
	n, end := 0, 0 // end: after the last byte that is not a blank
	verbatim = true
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
			return override{}, false
		case c >= 'A' && c <= 'Z':
			c, verbatim = lower(c), false
		}
		blank := c <= ' '
		if blank || c == '.' || c == '-' {
			c = '_'
		}
		if n == 0 && strings.IndexByte(overrideStarts, c) < 0 {
			return override{}, false
		}
		buffer[n] = c
		n++
		if !blank {
			end = n
		}
	}
	return overrides[string(buffer[:end])], verbatim
}

// unescape reads one byte of a form, and says how much text it takes: %XX, the %uXXXX of IIS, "+".
// Malformed text means itself. No name here has a rune beyond ASCII, so such a rune counts as a
// byte that no name has.
func unescape[T string | []byte](s T) (c byte, size int) {
	switch {
	case s[0] == '+':
		return ' ', 1
	case s[0] != '%':
		return s[0], 1
	case len(s) >= 3 && isHex(s[1]) && isHex(s[2]):
		return unhex(s[1])<<4 | unhex(s[2]), 3
	case len(s) >= 6 && lower(s[1]) == 'u' &&
		isHex(s[2]) && isHex(s[3]) && isHex(s[4]) && isHex(s[5]):
		if s[2] != '0' || s[3] != '0' {
			return 0xff, 6
		}
		return unhex(s[4])<<4 | unhex(s[5]), 6
	}
	return s[0], 1
}

// namesOther reports whether a value is a method other than the one judged. Naming the same one
// changes nothing.
func namesOther[T string | []byte](value T, method string) bool {
	var word [8]byte // no known method has as many letters
	n := 0
	for i := 0; i < len(value); {
		c, size := unescape(value[i:])
		i += size
		switch {
		case c <= ' ' || c == '"' || c == '\'':
			continue
		case n == len(word):
			return false
		}
		word[n] = c
		n++
	}
	named := string(word[:n])
	return !strings.EqualFold(named, method) &&
		(among(knownMethods[:], named) || among(neverSent[:], named))
}

func among(methods []string, word string) bool {
	for _, m := range methods {
		if strings.EqualFold(m, word) {
			return true
		}
	}
	return false
}

// carrier is the part of a request that has names.
type carrier struct {
	where, kind string // as in "the query contains the parameter"
	verbatim    bool   // byValue names count only if verbatim: Twilio has a field Method
}

var (
	theQuery  = carrier{where: "the query", kind: "the parameter"}
	theForm   = carrier{where: "the form body", kind: "the field", verbatim: true}
	theParts  = carrier{where: "the multipart body", kind: "the field", verbatim: true}
	theObject = carrier{where: "the JSON body", kind: "the field", verbatim: true}
)

// checkParameters refuses an override in a query or in the body of a form. Some receivers also
// split these at ";".
func checkParameters[T string | []byte](in carrier, text T, method string) *fault {
	for len(text) > 0 {
		var parameter T
		parameter, text = cutAt(text, '&', ';')
		name, value := cutAt(parameter, '=', '=')
		o, verbatim := foldName(name)
		switch {
		case o.name == "":
		case !o.byValue:
			return in.refuse(o)
		case (verbatim || !in.verbatim) && namesOther(value, method):
			return in.refuseValue(o)
		}
	}
	return nil
}

func (in carrier) refuse(o override) *fault {
	return faultf("give the method you want as the method argument",
		"%s contains %s %s, which changes the method where the rules do not see it",
		in.where, in.kind, o.name)
}

func (in carrier) refuseValue(o override) *fault {
	return faultf("give the method you want as the method argument; if the API means something "+
		"else by it, leave it out and choose from the reply",
		"%s sets %s %s to another method, which some APIs use and the rules do not see",
		in.where, in.kind, o.name)
}

// cutAt splits s at the first of two bytes; if there is none, all of it is head.
func cutAt[T string | []byte](s T, one, other byte) (head, tail T) {
	for i := 0; i < len(s); i++ {
		if s[i] == one || s[i] == other {
			return s[:i], s[i+1:]
		}
	}
	return s, s[len(s):]
}
