package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/cli"
)

// pageName is the name of a command's page: janee-logs-verify.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// page is the man page of c, in section 1. See man-pages(7) for the order of the sections.
func page(c *cobra.Command, e edition) []byte {
	r := &roff{}
	source := strings.TrimSpace("Janee " + e.version)
	r.title(strings.ToUpper(pageName(c)), e.date.Format("2006-01-02"), source, "Janee Manual")
	r.name(pageName(c), c.Short)
	r.section("SYNOPSIS")
	r.text(synopsis(c))
	r.section("DESCRIPTION")
	r.prose(c.Long)
	if c.HasAvailableSubCommands() {
		r.section("COMMANDS")
		for _, sub := range c.Commands() {
			r.item(reference(sub), sub.Short)
		}
	}
	r.section("OPTIONS")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { option(r, f) })
	if !c.HasParent() {
		manual(r)
	}
	r.section("EXAMPLES")
	r.literal(c.Example)
	r.section("SEE ALSO")
	r.text(seeAlso(c))
	return r.bytes()
}

// synopsis is how the command is called: its words bold, what to put in italic.
func synopsis(c *cobra.Command) string {
	line := bold(c.CommandPath())
	for _, word := range strings.Fields(c.Use)[1:] {
		name := strings.Trim(word, "[].")
		before, after, _ := strings.Cut(word, name)
		styled := italic(name)
		if strings.HasPrefix(name, "-") {
			styled = bold(name)
		}
		line += " " + escape(before) + styled + escape(after)
	}
	if c.HasAvailableSubCommands() {
		line += " [" + italic("COMMAND") + "]"
	}
	return line + " [" + italic("options") + "]"
}

func option(r *roff, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := cli.Describe(f)
	tag := bold("--" + f.Name)
	if f.Shorthand != "" {
		tag = bold("-"+f.Shorthand) + ", " + tag
	}
	if value != "" {
		tag += " " + italic(value)
	}
	r.item(tag, usage)
}

// seeAlso names the commands around c: the one above it, those beside it, and those below it.
func seeAlso(c *cobra.Command) string {
	var near []*cobra.Command
	if c.HasParent() {
		near = append(near, c.Parent())
		if c.Parent().HasParent() { // the main page lists the others
			near = append(near, c.Parent().Commands()...)
		}
	}
	var pages []string
	for _, other := range append(near, c.Commands()...) {
		if other != c {
			pages = append(pages, reference(other))
		}
	}
	return strings.Join(slices.Compact(pages), ", ")
}

func reference(c *cobra.Command) string { return bold(pageName(c)) + "(1)" }
