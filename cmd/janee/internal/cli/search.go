package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/directory"
)

func searchCommand(env *Env) *cobra.Command {
	var verbose, asJSON bool
	c := &cobra.Command{
		Use:   "search [QUERY]",
		Short: "List the APIs that Janee knows",
		Long: `List the APIs that Janee knows and "janee add" fills in. A query selects the APIs
that have each of its words in their name, description or tags, the best matches first. You can add
any other API too, with its base URL and auth type.`,
		Example: "  janee search\n  janee search payments -v\n  janee search scrape the web",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			return runSearch(env, strings.Join(args, " "), verbose, asJSON)
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false,
		"show base URL, auth type and documentation")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type templateLine struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	BaseURL     string   `json:"baseUrl"`
	AuthType    string   `json:"authType"`
	AuthFields  []string `json:"authFields"`
	Category    string   `json:"category"`
	Tags        []string `json:"tags"`
	Docs        string   `json:"docs"`
}

func runSearch(env *Env, query string, verbose, asJSON bool) error {
	found := directory.Search(query)
	if asJSON {
		lines := []templateLine{}
		for _, t := range found {
			lines = append(lines, templateLine{t.Name, t.Description, t.BaseURL, t.Auth.Type,
				t.Auth.Fields(), t.Category(), t.Tags, t.Docs})
		}
		return writeJSON(env.Stdout, lines)
	}
	if len(found) == 0 {
		fmt.Fprintf(env.Stderr,
			"Found no API for %q. To add any API, run: janee add NAME -u URL --auth-type TYPE\n",
			printable(query))
		return nil
	}
	return printTemplates(env, found, query == "", verbose)
}

// printTemplates shows them in the order in which they come: below the first tag of each, if they
// are grouped.
func printTemplates(env *Env, found []directory.Template, grouped, verbose bool) error {
	width := 0
	for _, t := range found {
		width = max(width, len(t.Name))
	}
	var b strings.Builder
	group := ""
	for _, t := range found {
		if grouped && t.Category() != group {
			if group != "" {
				b.WriteString("\n")
			}
			group = t.Category()
			b.WriteString(group + "\n")
		}
		margin := strings.Repeat(" ", width+4)
		fmt.Fprintf(&b, "  %-*s  %s\n", width, t.Name,
			strings.Join(wrap(t.Description, tableWidth-len(margin)), "\n"+margin))
		if verbose {
			fmt.Fprintf(&b, "%s%s\n%s%s: %s\n%s%s\n", margin, t.BaseURL, margin, t.Auth.Type,
				strings.Join(t.Auth.Fields(), ", "), margin, t.Docs)
		}
	}
	_, err := fmt.Fprint(env.Stdout, b.String())
	return err
}
