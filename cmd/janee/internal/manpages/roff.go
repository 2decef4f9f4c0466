package main

import (
	"bytes"
	"fmt"
	"strings"
)

// roff writes the macros of man(7), only such as groff and mandoc both know.
type roff struct {
	b     bytes.Buffer
	fresh bool // nothing follows the heading yet, so that a paragraph needs no macro
}

func (r *roff) bytes() []byte { return r.b.Bytes() }

// title begins the page. Hyphenation would break names of pages and commands.
func (r *roff) title(name, date, source, manual string) {
	fmt.Fprintf(&r.b, ".TH %s 1 %s %s %s\n.nh\n.ad l\n", quote(name), date, quote(source),
		quote(manual))
}

// name writes the section NAME, which whatis(1) and apropos(1) read, as the one line they expect.
func (r *roff) name(page, does string) {
	fmt.Fprintf(&r.b, ".SH NAME\n%s \\- %s\n", escape(page), escape(does))
}

func (r *roff) section(name string) {
	fmt.Fprintf(&r.b, ".SH %s\n", name)
	r.fresh = true
}

func (r *roff) paragraph() {
	if !r.fresh {
		r.b.WriteString(".PP\n")
	}
	r.fresh = false
}

// text writes one paragraph that is roff already, in short lines.
func (r *roff) text(text string) {
	line := ""
	flush := func() {
		r.line(line)
		line = ""
	}
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > 78 {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}

// line writes a line of text. A dot at its start would begin a macro; escape takes care of quotes.
func (r *roff) line(text string) {
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	r.b.WriteString(text + "\n")
}

// prose writes the paragraphs of a description. One with an indented line stays as it is.
func (r *roff) prose(text string) {
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		r.paragraph()
		if strings.Contains("\n"+paragraph, "\n ") || strings.Contains("\n"+paragraph, "\n\t") {
			r.literal(paragraph)
			continue
		}
		r.text(inline(paragraph))
	}
}

// literal writes lines as they are, indented.
func (r *roff) literal(text string) {
	r.b.WriteString(".RS 4\n.nf\n")
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		r.line(escape(strings.TrimSpace(line)))
	}
	r.b.WriteString(".fi\n.RE\n")
}

// item writes a term, which is roff already, and what is said about it.
func (r *roff) item(term, text string) {
	r.b.WriteString(".TP\n" + term + "\n")
	r.text(inline(text))
}

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// inline makes code in backquotes bold.
func inline(text string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 { // one has no counterpart
		return escape(text)
	}
	for i := range parts {
		if i%2 == 1 {
			parts[i] = bold(parts[i])
		} else {
			parts[i] = escape(parts[i])
		}
	}
	return strings.Join(parts, "")
}

// glyphs are characters that would be read as commands, or shown as their typographic relatives,
// which do not work when a person copies them: see groff_char(7).
var glyphs = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`,
	"~", `\(ti`)

// escape writes text for a terminal in any locale: characters outside of ASCII by their numbers.
func escape(text string) string {
	var b strings.Builder
	for _, c := range glyphs.Replace(text) {
		if c < 0x80 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, c)
		}
	}
	return b.String()
}

// quote writes text as one argument of a macro.
func quote(text string) string {
	return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"`
}
