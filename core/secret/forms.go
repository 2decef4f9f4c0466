package secret

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// minLine is the length, in bytes, from which one line of a longer secret is looked for by itself.
const minLine = 16

const hexDigits = "0123456789abcdef"

// forms returns the spellings of secret that a Scrubber looks for, duplicates included; none if the
// secret is shorter than MinLength, so that every spelling is at least that long. The automaton
// ignores case, and reads escapes as what they mean, so one spelling of each form is enough.
func forms(secret string) []string {
	// Blanks at the edges are not secret. Without them no pattern starts with a line end, so a
	// stream of events is never held back at one.
	text := strings.TrimSpace(secret)
	if len(text) < MinLength {
		return nil
	}
	var found []string
	parts := slices.Concat([]string{text}, longLines(text), halves(text), values(text))
	if pair := pairIn(text); pair != "" {
		parts = append(append(parts, pair), halves(pair)...)
	}
	for _, t := range parts {
		found = append(found, spellings(t)...)
		// Programs that decode base64 and encode it again often leave the padding out (RFC 4648
		// section 3.2).
		if bare := strings.TrimRight(t, "="); bare != t && len(bare) >= MinLength {
			found = append(found, spellings(bare)...)
		}
	}
	for _, form := range found {
		// A secret may itself contain what looks like escapes, and the reader undoes those too:
		// all of them, or those of one kind in a text that was escaped with another.
		for _, kinds := range []string{escapes, "%", "&", `\`} {
			if m := meaning(form, kinds); m != form && len(m) >= MinLength {
				found = append(found, m)
			}
		}
	}
	return found
}

// longLines returns those lines of a multi-line secret that are worth finding alone: an upstream
// that shows a PEM key may show a part of it. The two characters \n also end a line, because a key
// inside JSON has them in place of line ends. Armor lines are public.
func longLines(text string) []string {
	all := strings.Split(strings.ReplaceAll(text, `\n`, "\n"), "\n")
	if len(all) == 1 {
		return nil
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(line string) bool {
		return len(line) < minLine || strings.HasPrefix(line, "-----BEGIN ") ||
			strings.HasPrefix(line, "-----END ")
	})
}

// halves returns what follows the separators of a secret in parts, if it is worth finding alone: an
// upstream may show the secret of id:secret and id|secret, the token of a Telegram bot, or the
// signature of a JWT (RFC 7519), without what comes before it. That first part is an id and not
// secret, unless no password follows.
func halves(text string) (found []string) {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return nil // a text in several lines, or several words
	}
	parts := []string{
		after(text, ":"), after(text, "|"), afterLast(text, ":|"), afterLast(text, "."),
	}
	if name, password, paired := strings.Cut(text, ":"); paired && len(password) < minPassword {
		parts = append(parts, name)
	}
	for _, part := range parts {
		if keyLike(part) && !slices.Contains(found, part) {
			found = append(found, part)
		}
	}
	return found
}

// minPassword is the length in bytes from which a password counts as one: shorter ones, such as the
// x of Freshdesk, are fillers beside a key that is the user name.
const minPassword = 4

// values returns the values of parameters in a text of several, such as a Cookie field or a shared
// access signature, if they may be keys: an API may show one parameter without the others. Dates,
// words and addresses are not keys.
func values(text string) (found []string) {
	between := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(";,&", r) }
	for _, parameter := range strings.FieldsFunc(text, between) {
		_, value, _ := strings.Cut(parameter, "=")
		value = meaning(strings.Trim(value, `"`), "%")
		if len(value) >= MinLength && alphanumerical(value) && !strings.Contains(value, "://") {
			found = append(found, value)
		}
	}
	return found
}

// pairIn returns the pair whose base64 the secret is, "" if it is not the base64 of one. The token
// of Basic (RFC 7617 section 2) is such a secret, and other schemes have such keys: the API decodes
// the pair, and may show it.
func pairIn(text string) string {
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		pair, err := encoding.DecodeString(strings.TrimRight(text, "="))
		if err == nil && len(pair) >= MinLength && utf8.Valid(pair) && slices.Contains(pair, ':') &&
			!strings.ContainsFunc(string(pair), unicode.IsControl) {
			return string(pair)
		}
	}
	return ""
}

func after(text, separator string) string {
	_, tail, _ := strings.Cut(text, separator)
	return tail
}

func afterLast(text, separators string) string {
	if i := strings.LastIndexAny(text, separators); i >= 0 {
		return text[i+1:]
	}
	return ""
}

// keyLike reports whether half a secret is more than a word or a number, which would be masked
// wherever it occurs: it is long, or has letters and digits, or capitals after its first letter.
func keyLike(half string) bool {
	if len(half) < MinLength {
		return false
	}
	mixed := strings.ToLower(half[1:]) != half[1:] && strings.ToUpper(half[1:]) != half[1:]
	return len(half) >= minLine || alphanumerical(half) || mixed
}

// alphanumerical reports whether text has both digits and letters.
func alphanumerical(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.ContainsFunc(text, unicode.IsLetter)
}

func spellings(text string) []string {
	found := slices.Concat(hexForms(text), base64Forms(text), quotedForms(text))
	found = append(found, text)
	for _, change := range [][2]string{
		{" ", "+"},    // application/x-www-form-urlencoded, WHATWG URL section 5
		{`"`, `""`},   // a quoted field of CSV, RFC 4180 section 2
		{"'", "''"},   // a string in SQL
		{"'", `'\''`}, // and in a POSIX shell
	} {
		if form := strings.ReplaceAll(text, change[0], change[1]); form != text {
			found = append(found, form)
		}
	}
	return append(found, wideForms(text)...)
}

// quotedForms returns the secret in quoted-printable (RFC 2045 section 6.7) and in the Q encoding
// of header fields (RFC 2047 sections 4.2 and 5). They are patterns, because an equals sign is not
// read as an escape: key=41 is also how a parameter begins.
func quotedForms(text string) []string {
	printable := func(c byte) bool { return c >= ' ' && c <= '~' && c != '=' }
	return []string{
		quoted(text, printable),
		strings.ReplaceAll(quoted(text, func(c byte) bool {
			return printable(c) && c != '?' && c != '_'
		}), " ", "_"),
		strings.ReplaceAll(quoted(text, func(c byte) bool {
			return alphanumeric(c) || strings.IndexByte("!*+-/ ", c) >= 0
		}), " ", "_"),
	}
}

func quoted(text string, plain func(byte) bool) string {
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; plain(c) {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'=', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return out.String()
}

// hexForms also returns hex with the colons of OpenSSL, the dashes of .NET, the blanks of a dump,
// and the equals signs of quoted-printable that encodes every byte.
func hexForms(text string) []string {
	plain := hex.EncodeToString([]byte(text))
	found := []string{plain}
	for _, separator := range []string{":", "-", " ", "="} {
		form := make([]byte, 0, 2*len(plain))
		for i := 0; i < len(plain); i += 2 {
			form = append(append(form, separator...), plain[i:i+2]...)
		}
		found = append(found, string(form[1:]))
	}
	return found
}

// wideForms returns the secret in UTF-16, in both byte orders, and as its units are read from
// escapes: a reply in that charset is searched as it is. ASCII text needs none of this, because NUL
// bytes are skipped.
func wideForms(text string) []string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	var little, big, units []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
		units = appendWide(units, rune(unit))
	}
	return []string{string(little), string(big), string(units)}
}

// base64Forms returns the secret as it looks inside a longer base64 text, at each of the three
// offsets, cut to the characters that depend on the secret alone; and as it looks at the end of
// one, with and without padding. RFC 4648 sections 4 and 5.
func base64Forms(text string) []string {
	var found []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for offset := range 3 {
			padded := encoding.EncodeToString(append(make([]byte, offset), text...))
			start, end := (offset*8+5)/6, (offset+len(text))*8/6
			found = append(found, padded[start:end], strings.TrimRight(padded[start:], "="),
				padded[start:])
		}
	}
	return found
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
