package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/sign"
)

// importReport says what an import does, or would do. Lists without entries are empty, not null.
type importReport struct {
	OK           bool                 `json:"ok"`
	Applied      bool                 `json:"applied"`
	From         string               `json:"from"`
	Layout       string               `json:"layout"`
	Services     []importedService    `json:"services"`
	Capabilities []importedCapability `json:"capabilities"`
	Changes      []string             `json:"changes"`
	NotCarried   []string             `json:"notCarried"`
	Unknown      []string             `json:"unknownVariables,omitempty"`
	Unrestricted string               `json:"unrestricted,omitempty"`
	MovedTo      string               `json:"movedTo,omitempty"`
	Message      string               `json:"message"`
	Advice       string               `json:"advice"`

	key string // where the root key is, if this import made it
}

type importedService struct {
	Name     string   `json:"name"`
	BaseURL  string   `json:"baseUrl"`
	AuthType string   `json:"authType"`
	Fields   []string `json:"fields"`
}

type importedCapability struct {
	Name    string   `json:"name"`
	Service string   `json:"service"`
	TTL     string   `json:"ttl"`
	Allow   []string `json:"allow"`
	Deny    []string `json:"deny"`
}

func (r *importReport) fill(plan *legacy.Plan) {
	for _, s := range plan.Services {
		scheme, _ := sign.Lookup(s.Type)
		line := importedService{s.Name, s.BaseURL, s.Type, []string{}}
		for _, e := range scheme.Entries(s.Credential) {
			line.Fields = append(line.Fields, e.Path)
		}
		r.Services = append(r.Services, line)
		for _, path := range scheme.Unmasked(s.Credential) {
			r.Changes = append(r.Changes, fmt.Sprintf(
				"service %q: %s has fewer than %d characters, so it is not masked in responses",
				s.Name,
				path, secret.MinLength))
		}
	}
	var open []string
	for _, c := range plan.Capabilities {
		r.Capabilities = append(r.Capabilities,
			importedCapability{c.Name, c.Service, c.TTL, orEmpty(c.Allow), orEmpty(c.Deny)})
		if c.Allow == nil && c.Deny == nil {
			open = append(open, c.Name)
		}
	}
	r.Changes, r.NotCarried = append(r.Changes, plan.Changes...), append(r.NotCarried, plan.Left...)
	if len(open) > 0 {
		r.Unrestricted = "These capabilities have no rules, " +
			"so agents may use every method and path: " +
			strings.Join(open, ", ") + ". Narrow them with `janee cap edit`."
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// tell says what was done, or would be done. The advice comes last: it is what is left to do.
func (i *importer) tell() error {
	r := &i.report
	r.OK, r.Applied = true, i.apply
	what := fmt.Sprintf("%s and %s", count(len(r.Services), "service", "services"),
		count(len(r.Capabilities), "capability", "capabilities"))
	r.Message = "Nothing was written. To import " + what + ", add --apply."
	if i.apply {
		r.Message = "Imported " + what
		if r.MovedTo != "" {
			r.Message += "; the old files are in " + r.MovedTo
		}
	}
	r.Advice = i.advice()
	if i.asJSON {
		r.Services, r.Capabilities, r.Changes, r.NotCarried = orEmpty(r.Services),
			orEmpty(r.Capabilities), orEmpty(r.Changes), orEmpty(r.NotCarried)
		return writeJSON(i.env.Stdout, r)
	}
	if err := r.print(i.env.Stdout); err != nil {
		return err
	}
	fmt.Fprintln(i.env.Stderr, printable(r.Message))
	if r.key != "" {
		sayKey(i.env.Stderr, r.key)
	}
	fmt.Fprintf(i.env.Stderr, "\n%s\n", printable(r.Advice))
	return nil
}

func (i *importer) advice() string {
	if i.report.Layout == envLayout {
		return "Rotate these keys when you can: " +
			i.source +
			" still has them in plaintext, so anything that could read the file has them too. " +
			"Then remove them from the file."
	}
	advice := "Rotate these keys when you can: the old files still hold the master key beside " +
		"everything that it encrypts, so anything that could read them has both."
	switch {
	case !i.apply:
		return advice
	case len(i.report.NotCarried) > 0:
		return advice +
			" Only the old files have what was not carried over; delete them when you no " +
			"longer need it."
	case i.inPlace && i.report.MovedTo != "":
		return advice + " Then delete them: rm -r " + home.Quote(i.report.MovedTo)
	}
	return advice + " Then delete them."
}

func (r *importReport) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "From %s, %s\n", r.From, r.Layout)
	for _, s := range r.Services {
		fmt.Fprintf(&b, "  service %s: %s, %s (%s)\n", s.Name, s.BaseURL, s.AuthType,
			strings.Join(s.Fields, ", "))
	}
	for _, c := range r.Capabilities {
		rules := fmt.Sprintf("%d allow, %d deny", len(c.Allow), len(c.Deny))
		if len(c.Allow)+len(c.Deny) == 0 {
			rules = "no rules"
		}
		fmt.Fprintf(&b, "  capability %s: service %s, ttl %s, %s\n", c.Name,
			c.Service, c.TTL, rules)
	}
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"Changed", r.Changes}, {"Not carried over", r.NotCarried},
		{"Unknown variables", r.Unknown},
	} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n%s:\n", part.title)
		}
		for _, line := range part.lines {
			fmt.Fprintf(&b, "  %s\n", strings.Join(wrap(line, tableWidth-4), "\n    "))
		}
	}
	if r.Unrestricted != "" {
		b.WriteString("\n" + strings.Join(wrap(r.Unrestricted, tableWidth), "\n") + "\n")
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, printable(strings.TrimSuffix(line, "\n")))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
