package sign

import "strings"

// query sends the key as a parameter at the end of the query. Queries end up in logs all along the
// way, so if a service also takes its key in a header, use that instead.
var query = Scheme{
	Type:  "query",
	Title: "API key in a query parameter",
	Docs:  "https://www.rfc-editor.org/rfc/rfc3986#section-3.4",
	Fields: []Field{
		{Name: "param", Required: true, Label: "Name of the parameter, e.g. api_key",
			fault: paramFault},
		{Name: "key", Secret: true, Required: true, Label: "API key"},
	},
	sign:    signQuery,
	writes:  fields(),
	derived: queryForms,
}

func signQuery(c Credential, _ Request, _ Moment) (Signed, error) {
	return Signed{Query: percent(c["param"].Reveal(), "") + "=" + percent(c["key"].Reveal(), "")},
		nil
}

// queryForms returns the key as it is sent, because whatever encodes the URL again encodes that.
func queryForms(c Credential) []string {
	if c["key"].IsZero() {
		return nil
	}
	return []string{percent(c["key"].Reveal(), "")}
}

// paramFault refuses what the person may have meant as syntax of the query.
func paramFault(value string) string {
	if text := headerFault(value); text != "" {
		return text
	}
	if strings.ContainsAny(value, " ?&=#%+") {
		return "is not the bare name of a parameter, such as api_key"
	}
	return ""
}
