package secret

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// minLine is the length from which one line of a longer secret is looked for by itself, in bytes.
const minLine = 16

const hexDigits = "0123456789abcdef"

// forms returns the spellings of secret that a Scrubber looks for, duplicates included; none if the secret is shorter than MinLength,
// which makes every spelling at least that long.
// Upper and lower case are one to the automaton, so that one spelling of each form is enough.
func forms(secret string) []string {
	// Blanks at the edges are not secret. Without them no pattern starts with a line end, so a stream of events is never held up at one.
	text := strings.TrimSpace(secret)
	if len(text) < MinLength {
		return nil
	}
	found := spellings(text)
	for _, line := range longLines(text) {
		found = append(found, spellings(line)...)
	}
	return found
}

// longLines returns the lines of a multi-line secret that are worth finding alone: an upstream that shows a PEM key may indent or wrap it.
// The two characters \n also end a line, because a key inside JSON has them in place of line ends. Armor lines are public.
func longLines(text string) []string {
	all := strings.Split(strings.ReplaceAll(text, `\n`, "\n"), "\n")
	if len(all) == 1 {
		return nil
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(line string) bool {
		return len(line) < minLine || strings.HasPrefix(line, "-----BEGIN ") || strings.HasPrefix(line, "-----END ")
	})
}

func spellings(text string) []string {
	found := []string{text, hex.EncodeToString([]byte(text))}
	found = append(found, base64Forms(text)...)
	found = append(found, percentForms(text)...)
	found = append(found, jsonForms(text)...)
	found = append(found, wideForms(text)...)
	return append(found, htmlForms(text)...)
}

// wideForms returns the secret in UTF-16, in both byte orders: a reply in that charset is searched as it comes.
func wideForms(text string) []string {
	var little, big []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	return []string{string(little), string(big)}
}

// base64Forms returns the secret as it looks inside a longer base64 text: at each of the three offsets, cut to the characters that
// depend on the secret alone; and as it looks at the end of one, with and without padding. RFC 4648 sections 4 and 5.
func base64Forms(text string) []string {
	var found []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for offset := range 3 {
			padded := encoding.EncodeToString(append(make([]byte, offset), text...))
			start, end := (offset*8+5)/6, (offset+len(text))*8/6
			found = append(found, padded[start:end], strings.TrimRight(padded[start:], "="), padded[start:])
		}
	}
	return found
}

// keptByPercent lists, for each escaper seen in the wild, the ASCII punctuation it leaves alone.
var keptByPercent = []string{
	"-._~",                          // RFC 3986 unreserved; Go url.QueryEscape, curl
	"-._*",                          // application/x-www-form-urlencoded: WHATWG URL section 5, Java URLEncoder
	"-._~!'()*",                     // JavaScript encodeURIComponent
	"-._~!'()*;/?:@&=+$,#",          // JavaScript encodeURI
	"-._~/",                         // Python urllib.parse.quote
	"-._~$&+:=@",                    // Go url.PathEscape
	"!$%&'()*+,-./:;=?@[\\]^_`{|}~", // a query in the WHATWG URL parser
	"!$%&()*+,-./:;=?@[\\]^_`{|}~",  // the same in an http or https URL
	"!$%&'()*+,-./:;=@[\\]^_|~",     // a path in the WHATWG URL parser
}

func percentForms(text string) []string {
	found := []string{percent(text, func(byte) bool { return false })}
	for _, kept := range keptByPercent {
		form := percent(text, func(c byte) bool { return alphanumeric(c) || strings.IndexByte(kept, c) >= 0 })
		found = append(found, form, strings.ReplaceAll(form, "%20", "+"))
	}
	return found
}

func percent(text string, keep func(byte) bool) string {
	out := make([]byte, 0, 3*len(text))
	for i := range len(text) {
		if c := text[i]; keep(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// jsonForms returns the secret inside a JSON string (RFC 8259 section 7), as different encoders write it.
func jsonForms(text string) []string {
	plain := func(r rune) bool { return r >= ' ' }
	ascii := func(r rune) bool { return r >= ' ' && r <= '~' }
	markup := func(r rune) bool { return strings.ContainsRune("<>&\u2028\u2029", r) } // Go's encoding/json
	found := []string{string(appendUnits(nil, text))}
	for _, keep := range []func(rune) bool{
		plain, ascii,
		func(r rune) bool { return plain(r) && !markup(r) },
		func(r rune) bool { return ascii(r) && !markup(r) },
	} {
		form := jsonText(text, keep)
		found = append(found, form, strings.ReplaceAll(form, "/", `\/`), // PHP's json_encode
			jsonText(form, keep)) // JSON text as a string in JSON
	}
	return append(found, strings.ReplaceAll(text, `"`, `""`)) // a quoted field of CSV, RFC 4180 section 2
}

// jsonText escapes text: in short where JSON has a short escape, else as \uXXXX the runes that keep refuses.
func jsonText(text string, keep func(rune) bool) string {
	const short, letters = "\"\\\n\r\t\b\f", `"\nrtbf`
	var out []byte
	for _, r := range text {
		if i := strings.IndexRune(short, r); i >= 0 {
			out = append(out, '\\', letters[i])
		} else if keep(r) {
			out = utf8.AppendRune(out, r)
		} else {
			out = appendUnits(out, string(r))
		}
	}
	return string(out)
}

// appendUnits writes every UTF-16 unit of text as \uXXXX.
func appendUnits(out []byte, text string) []byte {
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, '\\', 'u', hexDigits[unit>>12], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
	}
	return out
}

// htmlQuotes lists how escapers write " and ' once they write &amp; &lt; and &gt;.
var htmlQuotes = [][2]string{
	{`"`, `'`}, {"&quot;", `'`}, {"&quot;", "&#39;"}, {"&#34;", "&#39;"}, {"&quot;", "&#x27;"}, {"&quot;", "&#039;"}, {"&quot;", "&apos;"},
}

func htmlForms(text string) []string {
	var decimal, hexadecimal strings.Builder
	for _, r := range text {
		fmt.Fprintf(&decimal, "&#%d;", r)
		fmt.Fprintf(&hexadecimal, "&#x%x;", r)
	}
	found := []string{decimal.String(), hexadecimal.String()}
	if !strings.ContainsAny(text, `&<>"'`) {
		return found
	}
	for _, quotes := range htmlQuotes {
		found = append(found, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, quotes[0], `'`, quotes[1]).Replace(text))
	}
	return found
}
