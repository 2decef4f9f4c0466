package core

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/true-and-useful/janee/core/config"
)

// Form returns the whole request of the pending Ask, for a place that Janee does not draw itself: a
// prompt of the agent's host, a chat, a form. It is "" where the person must not be asked there:
// the text would pass most UTF-16 units, part of the request could not be seen as it is, it holds a
// secret of the service, or there is a PIN, which no such place asks for. Such a question is for
// `janee approve`.
//
// What decides comes first and is the request as it is sent. The reason comes last; it alone is
// cut, and it alone is escaped. All of it is one fenced block: a chat that renders Markdown shows
// that letter by letter.
func (f *Flow) Form(most int) string {
	if f.question.ID == "" || !f.TakesYes() {
		return ""
	}
	lines, plain := f.formLines()
	text := strings.Join(lines, "\n")
	if !plain || f.holdsSecret(text+"\n"+f.question.Reason) {
		return ""
	}
	const fence = "```"
	room := most - width("The request:\n"+fence+"\n"+text+"\n"+reasonBefore+reasonAfter+"\n"+fence)
	if room < 1 {
		return ""
	}
	reason := "The agent gives no reason"
	if f.question.Reason != "" || room < width(reason) {
		reason = reasonBefore + escaped(f.question.Reason, room) + reasonAfter
	}
	return "The request:\n" + fence + "\n" + text + "\n" + reason + "\n" + fence
}

const reasonBefore, reasonAfter = `The agent says: "`, `"`

// formLines is false where a line cannot be shown as it is.
func (f *Flow) formLines() (lines []string, plain bool) {
	base, q := f.service.Base, f.question
	lines = []string{f.judged.Method() + " " + base.Origin() + base.Path() + f.judged.Target()}
	plain = legible(lines[0])
	for _, h := range f.headers {
		lines = append(lines, "Header "+h.Name+": "+h.Value)
		plain = plain && legible(h.Name) && legible(h.Value)
	}
	if body := string(f.call.Args.Body); body != "" {
		lines = append(lines, fmt.Sprintf("Body of %d bytes: %s", q.BodyBytes, body))
		plain = plain && legible(body)
	}
	lines = append(lines,
		fmt.Sprintf("Capability %s of service %s, agent %s", q.Capability, q.Service, q.Agent),
		fmt.Sprintf("Always, or a session: for %s, what the rules of the capability allow",
			config.FormatDuration(f.capability.TTL)))
	return lines, plain && legible(q.Capability+q.Service+q.Agent)
}

// holdsSecret reports whether an agent wrote a secret of the service into its request. Where the
// credential cannot be opened nobody can tell.
func (f *Flow) holdsSecret(text string) bool {
	scheme, credential, _, err := f.engine.open(f.service)
	if err != nil {
		return true
	}
	secrets := scheme.Secrets(credential)
	return f.mask(f.engine.scrubber(f.service.Name, secrets), secrets, text) != text
}

// legible reports whether text is seen as it is wherever it is drawn. Only ASCII is: other letters
// look like each other, turn the direction of writing, or are not seen at all. Blanks must be
// alone, since places that show HTML make one of several, and enough of them break a line. A
// backtick would end the fenced block; <, > and &amp; are read as markup by some chats (Slack's
// links, Telegram's HTML) even in there.
func legible(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~' || c == '`' || c == '<' || c == '>':
			return false
		case c == ' ' && (i == 0 || i == len(text)-1 || text[i+1] == ' '):
			return false
		case c == '&' && entity(text[i+1:]):
			return false
		}
	}
	return true
}

// entity reports whether text goes on like a character reference of HTML after its &.
func entity(text string) bool {
	name, _, found := strings.Cut(text, ";")
	other := func(r rune) bool { return r != '#' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return found && name != "" && !strings.ContainsFunc(name, other)
}

// maxMarks is how many combining marks one letter may carry: more than any script needs, and too
// few to pile up over the lines above.
const maxMarks = 3

// escaped writes what an agent says about its request in one line of at most room UTF-16 units; "…"
// says that it goes on.
func escaped(text string, room int) string {
	var parts []string
	was, marks := ' ', 0
	for _, r := range text {
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		// enough blanks would make what follows look like a line of ours
		case r == ' ' && was == ' ':
		case marks > maxMarks:
			parts = append(parts, fmt.Sprintf(`\u{%x}`, r))
		default:
			parts = append(parts, escapedRune(r))
		}
		was = r
	}
	if whole := strings.Join(parts, ""); width(whole) <= room {
		return whole
	}
	var b strings.Builder
	left := room - 1 // of the sign that it goes on
	for _, part := range parts {
		if left -= width(part); left < 0 {
			break
		}
		b.WriteString(part)
	}
	return b.String() + "…"
}

func escapedRune(r rune) string {
	switch {
	case r == '"' || r == '\\':
		return `\` + string(r)
	case r < unicode.MaxASCII && r != '&' && legible("a"+string(r)+"a"),
		r > unicode.MaxASCII && seen(r):
		return string(r)
	}
	return fmt.Sprintf(`\u{%x}`, r)
}

// seen reports whether r is a letter, digit or sign of a script that a reader sees: not one that is
// blank (Hangul fillers), not one that changes those beside it, no quotation mark or bracket, and
// none of the wide forms, which imitate ASCII.
func seen(r rune) bool {
	wide := r >= 0xff00 && r <= 0xffef
	hidden := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	return !wide && !hidden &&
		unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Po, unicode.Pd)
}

func width(text string) (n int) {
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
