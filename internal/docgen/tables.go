package main

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/sign"
)

// keyTables is the reference in Markdown: a table for each part of the file.
func keyTables() string {
	var b strings.Builder
	for _, part := range []struct{ title, section, within string }{
		{"The file", "", ""}, {"A service", "services.NAME", "services.NAME."},
		{"A capability", "capabilities.NAME", "capabilities.NAME."},
		{"Limits", "limits", "limits."}, {"The server", "server", "server."},
		{"Approvals", "approvals", "approvals."}, {"The log", "audit", "audit."},
		{"An agent", "agents.NAME", "agents.NAME."}, {"The vault", "vault", "vault."},
	} {
		b.WriteString("\n## " + part.title + "\n\n")
		keyTable(&b, part.within, func(k Key) bool {
			section, _ := k.Parent()
			return section == part.section || part.section != "" &&
				strings.HasPrefix(section, part.section+".") && !strings.Contains(section, "[")
		})
		if part.section == "services.NAME" {
			for _, authType := range sign.Types() {
				section := "services.NAME.auth[" + authType + "]"
				b.WriteString("\n### auth, type " + authType + "\n\n")
				keyTable(&b, section+".", func(k Key) bool {
					parent, _ := k.Parent()
					return parent == section
				})
			}
		}
	}
	return b.String() + "\n"
}

func keyTable(b *strings.Builder, within string, in func(Key) bool) {
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, k := range Reference() {
		if !in(k) {
			continue
		}
		kind, standard := string(k.Kind), k.Default
		if len(k.Only) > 0 {
			kind = "`" + strings.Join(k.Only, "` or `") + "`"
		}
		if k.Required {
			standard = "required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(k.Path, within), kind,
			standard, k.Meaning)
	}
}
