package splice

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"
)

// brackets is a JSON object or list: what is between its brackets, by offset.
type brackets struct {
	open, end int // of the brackets themselves
	parts     []part
	comma     bool   // one after the last part
	after     []byte // blanks and comments before the closing bracket
}

// part is a member of an object or an item of a list. Its comma is at comma, if it has one.
type part struct {
	before            []byte // blanks and comments after the opening bracket or the comma
	start, end, comma int
}

func bracketsOf(v *hujson.Value) brackets {
	b := brackets{open: v.StartOffset, end: v.EndOffset - 1}
	add := func(before hujson.Extra, start int, v *hujson.Value) {
		b.parts = append(b.parts, part{before, start, v.EndOffset, v.EndOffset + len(v.AfterExtra)})
		b.comma = v.AfterExtra != nil
	}
	switch c := v.Value.(type) {
	case *hujson.Object:
		for i := range c.Members {
			m := &c.Members[i]
			add(m.Name.BeforeExtra, m.Name.StartOffset, &m.Value)
		}
		b.after = c.AfterExtra
	case *hujson.Array:
		for i := range c.Elements {
			e := &c.Elements[i]
			add(e.BeforeExtra, e.StartOffset, e)
		}
		b.after = c.AfterExtra
	}
	return b
}

// blankEnd returns the blanks after the last comment.
func blankEnd(extra []byte) string {
	end, _ := lastComment(extra)
	return string(extra[end:])
}

// lastComment returns where the last comment ends, 0 if there is none, and whether it ends with its
// line. The line end is not part of the comment.
func lastComment(extra []byte) (end int, line bool) {
	for i := 0; i < len(extra); {
		n := commentLen(extra[i:])
		if n == 0 {
			i++
			continue
		}
		line = extra[i+1] == '/'
		if i += n; line && extra[i-1] == '\r' {
			i--
		}
		end = i
	}
	return end, line
}

// multiline reports whether what is added inside a value gets lines of its own.
func (d *jsonDoc) multiline(v *hujson.Value) bool {
	if b := bracketsOf(v); len(b.parts) == 0 {
		v = d.root
	}
	return len(bracketsOf(v).parts) == 0 ||
		bytes.IndexByte(d.text[v.StartOffset:v.EndOffset], '\n') >= 0
}

// insert adds a part at the end of an object or list. An empty one gets it directly after its
// opening bracket, with the blanks that were inside behind it, unless that cannot be taken for one
// that Set has made.
func (d *jsonDoc) insert(v *hujson.Value, render func(indent string, multi bool) string) []edit {
	style, b, multi := d.style(), bracketsOf(v), d.multiline(v)
	at, line := lastComment(b.after)
	at += b.end - len(b.after)
	lead, indent := d.place(style, b, multi)
	if !strings.Contains(lead, "\n") {
		indent = margin(d.text, at) // that of the line which it is on
	}
	if line && !strings.Contains(lead, "\n") {
		lead = style.newline + indent
	}
	text := lead + render(indent, multi)
	switch {
	case b.comma:
		return []edit{{at, at, text + ","}}
	case len(b.parts) > 0:
		end := b.parts[len(b.parts)-1].end
		return []edit{{end, end, ","}, {at, at, text}}
	}
	return []edit{{at, at, text}}
}

// place returns the blanks before a new last part, and the margin of its further lines.
func (d *jsonDoc) place(style jsonStyle, b brackets, multi bool) (lead, indent string) {
	indent = margin(d.text, b.open)
	if len(b.parts) == 0 {
		after := string(b.after)
		inner := style.newline + indent + style.step
		commented, _ := lastComment(b.after)
		switch {
		case commented > 0 && multi:
			return inner, indent + style.step
		case commented > 0:
			return " ", indent
		case !strings.Contains(after, "\n") || after == style.newline+indent:
			return "", indent
		}
		return inner, indent + style.step
	}
	last := b.parts[len(b.parts)-1]
	blank := blankEnd(last.before)
	if i := strings.LastIndexByte(blank, '\n'); i >= 0 {
		return style.newline + blank[i+1:], blank[i+1:]
	}
	return strings.TrimPrefix(style.comma, ","), indent
}

// cut removes the part at the end of a path of values, and the objects around it that were made for
// it: values[i+1] is the part at[i] of values[i].
func (d *jsonDoc) cut(values []*hujson.Value, at []int) []edit {
	for i := len(at) - 1; i >= 0; i-- {
		b := bracketsOf(values[i])
		if !d.wasMade(b) {
			return d.cutPart(b, at[i])
		}
	}
	newline := newline(d.text)
	rest := string(d.text[d.root.EndOffset:])
	alone := d.root.StartOffset == 0 && strings.TrimSpace(rest) == ""
	if !alone || !strings.HasPrefix(rest, newline) {
		return d.cutPart(bracketsOf(d.root), at[0])
	}
	return []edit{{0, d.root.EndOffset + len(newline), ""}}
}

// wasMade reports whether an object or list has one part and the layout that jsonStyle.made gives
// it.
func (d *jsonDoc) wasMade(b brackets) bool {
	if len(b.parts) != 1 || b.comma {
		return false
	}
	before, after, newline := string(b.parts[0].before), string(b.after), newline(d.text)
	if before == " " {
		return after == " "
	}
	return strings.HasPrefix(before, newline) && strings.TrimSpace(before) == "" &&
		after == newline+margin(d.text, b.open)
}

// cutPart removes a part with the blanks before it and one comma.
func (d *jsonDoc) cutPart(b brackets, i int) []edit {
	p := b.parts[i]
	commented, line := lastComment(p.before)
	start, end := p.start-len(p.before)+commented, p.end
	last := i == len(b.parts)-1
	if !last || b.comma {
		end = p.comma + 1
	}
	if line && !bytes.HasPrefix(bytes.TrimLeft(d.text[end:], " \t\r"), []byte("\n")) {
		start = p.start // the comment still needs its line end
	}
	edits := []edit{{start, end, ""}}
	if last && !b.comma && i > 0 {
		comma := b.parts[i-1].comma
		edits = append(edits, edit{comma, comma + 1, ""})
	}
	return edits
}
