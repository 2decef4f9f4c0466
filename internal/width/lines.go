package main

import (
	"go/scanner"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// tab is how many columns a tab takes.
const tab = 4

// line is a line of a file, with the columns that count.
type line struct{ number, width int }

// generated marks a file that a program writes, as go.dev/s/generatedcode has it.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// codeLines measures source code. A generated file has no lines that count. Neither does a line
// of a comment that is a bare link, and of Go the raw strings that withoutData leaves out.
func codeLines(path, text string) []line {
	if generated.MatchString(text) {
		return nil
	}
	if filepath.Ext(path) == ".go" {
		text = withoutData(text)
	}
	var out []line
	for i, s := range strings.Split(text, "\n") {
		if !bareLink(strings.TrimLeft(s, "/#* \t")) {
			out = append(out, line{i + 1, width(s)})
		}
	}
	return out
}

// withoutData returns Go source without the contents of raw strings that are data: those over
// several lines, and those that begin their line, since no line break before them would help.
func withoutData(text string) string {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), nil, 0)
	var out strings.Builder
	last := 0
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			return out.String() + text[last:]
		}
		at := file.Offset(pos)
		if kind != token.STRING || literal[0] != '`' {
			continue
		}
		// The scanner drops carriage returns from a literal, so its end is looked for in text.
		end := at + 2 + strings.IndexByte(text[at+1:], '`')
		raw := text[at:end]
		before := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
		if strings.Contains(raw, "\n") || strings.TrimSpace(before) == "" {
			out.WriteString(text[last:at] + strings.Repeat("\n", strings.Count(raw, "\n")))
			last = end
		}
	}
}

// proseLines measures Markdown. Tables, fenced code, lines that are a bare link, and the YAML in
// front of a page do not count: some readers of a skill take each line of that for a whole field.
func proseLines(_, text string) []line {
	var out []line
	fence := ""
	front := strings.HasPrefix(text, "---\n")
	for i, s := range strings.Split(text, "\n") {
		if front {
			front = i == 0 || s != "---"
			continue
		}
		bare := strings.TrimSpace(s)
		mark := fenceOf(bare)
		switch {
		case fence == "" && mark != "":
			fence = mark
		case fence != "":
			if strings.HasPrefix(mark, fence) && strings.Trim(bare, mark[:1]) == "" {
				fence = ""
			}
		case strings.HasPrefix(bare, "|"), bareLink(strings.TrimLeft(bare, "-*> ")):
		default:
			out = append(out, line{i + 1, width(s)})
		}
	}
	return out
}

// fenceOf is the run of at least three ` or ~ that begins a line, which opens or closes code.
func fenceOf(s string) string {
	for _, mark := range []string{"`", "~"} {
		if n := len(s) - len(strings.TrimLeft(s, mark)); n >= 3 {
			return s[:n]
		}
	}
	return ""
}

// link is an address, [text](address), or [name]: address, with nothing but punctuation behind.
var link = regexp.MustCompile(
	`^(<?https?://[^\s<>]+>?|\[[^\]]*\]\([^()\s]+\)|\[[^\]]+\]: \S+)[.,:;]?$`)

func bareLink(s string) bool { return link.MatchString(s) }

// width is how many columns a line takes.
func width(s string) int {
	return utf8.RuneCountInString(s) + (tab-1)*strings.Count(s, "\t")
}
