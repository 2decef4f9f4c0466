package policy

import (
	"strings"
	"unicode/utf8"

	"github.com/true-and-useful/janee/core/wire"
)

// checkTarget checks the grammar of an origin-form target and splits it at the first "?". It
// repairs nothing: URL parsers, proxies and routers each repair in their own way, and a target that
// two of them read differently is how a rule is dodged.
func checkTarget(target string, o Options) (path, query string, f *fault) {
	if len(target) > wire.MaxTarget {
		return "", "", faultf("shorten the query or send the data in the body",
			"the path is longer than %d bytes", wire.MaxTarget)
	}
	path, query, _ = strings.Cut(target, "?")
	if f := checkPath(path, o); f != nil {
		return "", "", f
	}
	if f := checkQuery(query, o); f != nil {
		return "", "", f
	}
	return path, query, nil
}

func checkPath(path string, o Options) *fault {
	if !strings.HasPrefix(path, "/") {
		return faultf("give only the path, as in /v1/items: scheme and host come from the service",
			"the path does not begin with /")
	}
	for i := 0; i < len(path); {
		c := path[i]
		switch {
		case c == '%':
			n, f := checkEscape(path, i, o)
			if f != nil {
				return f
			}
			i += n
		case class[c]&inPath != 0 || c == ';' && o.Semicolon:
			i++
		default:
			return rawByte("path", path, i)
		}
	}
	return checkSegments(path, o)
}

// checkEscape checks one escape in a path, or the escapes of one UTF-8 sequence, and returns how
// many bytes of text they take.
func checkEscape(path string, at int, o Options) (int, *fault) {
	c, ok := escape(path, at)
	switch {
	case !ok:
		return 0, faultf("write a percent sign as %25",
			"the path contains %% (%%25) at byte %d without two hex digits after it", at)
	case c >= utf8.RuneSelf:
		return checkRune(path, at)
	case c < ' ' || c == 0x7f:
		return 0, badEscape(path, at, "a control byte")
	case class[c]&unreserved != 0:
		// The receiver may decode it, and a deny rule would not have seen the letter (RFC 3986
		// section 2.3 calls both forms equal).
		return 0, faultf("write "+string(rune(c))+" in its place",
			"the path contains the escape %s at byte %d for a byte that needs none",
			path[at:at+3], at)
	case c == '/' && !o.EncodedSlash:
		return 0, optional(path, at, "an encoded slash", "allowEncodedSlash")
	case c == ';' && !o.Semicolon:
		return 0, optional(path, at, "an encoded semicolon", "allowSemicolon")
	case c == '\\':
		return 0, badEscape(path, at, "an encoded backslash")
	case c == '%' && at+5 <= len(path) && isHex(path[at+3]) && isHex(path[at+4]):
		return 0, badEscape(path, at, "a percent sign that makes a second escape")
	}
	return 3, nil
}

// checkRune reads the escapes of one rune. Overlong forms, surrogates and C1 controls are refused:
// decoders differ on them.
func checkRune(path string, at int) (int, *fault) {
	var raw [utf8.UTFMax]byte
	n := 0
	for ; n < len(raw); n++ {
		c, ok := escape(path, at+3*n)
		if !ok {
			break
		}
		raw[n] = c
	}
	r, size := utf8.DecodeRune(raw[:n])
	if r == utf8.RuneError && size <= 1 {
		return 0, badEscape(path, at, "a byte that is not UTF-8")
	}
	if r < 0xa0 {
		return 0, badEscape(path, at, "a control character")
	}
	return 3 * size, nil
}

// checkSegments refuses the segments that receivers collapse or trim. Escapes of "." never get
// here, so dots are literal.
func checkSegments(path string, o Options) *fault {
	if o.EncodedSlash {
		path = replaceEscape(path, "%2f", "/")
	}
	if o.Semicolon {
		path = replaceEscape(path, "%3b", ";")
	}
	if strings.HasPrefix(path, "//") {
		return faultf("begin the path with a single /",
			"the path begins with //, which names a host")
	}
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		// Servlet containers drop ";params" before they collapse dots: "..;" is "..".
		name, _, _ := strings.Cut(segment, ";")
		switch {
		case name == "." || name == "..":
			return faultf("write the path without dot segments",
				"the path contains the segment %q", name)
		case name == "" && more && !o.DoubleSlash:
			return faultf(
				"write single slashes, or ask your user to set allowDoubleSlash on the service",
				"the path contains an empty segment (//)")
		case strings.HasSuffix(name, "%20") || strings.HasSuffix(segment, "%20"):
			return faultf("leave it out of the path",
				"a segment of the path ends with an encoded blank (%%20)")
		}
	}
	return nil
}

// checkQuery limits the query to the path's alphabet plus "/", "?" and the raw brackets, bars and
// braces that Stripe and others ask for. Its escapes may mean anything but CR, LF and NUL.
func checkQuery(query string, o Options) *fault {
	for i := 0; i < len(query); i++ {
		c := query[i]
		if c == '%' {
			decoded, ok := escape(query, i)
			if !ok {
				return faultf("write a percent sign as %25",
					"the query contains %% (%%25) at byte %d without two hex digits after it", i)
			}
			if decoded == '\r' || decoded == '\n' || decoded == 0 {
				return faultf("leave it out",
					"the query contains the escape %s at byte %d, a control byte", query[i:i+3], i)
			}
			i += 2
			continue
		}
		// Some receivers split parameters at ";", which would hide a name from checkParameters.
		if class[c]&inQuery == 0 && (c != ';' || !o.Semicolon) {
			return rawByte("query", query, i)
		}
	}
	return nil
}
