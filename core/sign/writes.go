package sign

// Writes returns the names of the header fields that the scheme may write with this credential,
// without looking at a secret. An agent's own fields of these names are never sent. A field that is
// written only if the request has none, such as x-ms-version, is not among them.
func (s *Scheme) Writes(c Credential) []string {
	if s.writes == nil {
		return []string{"Authorization"}
	}
	return s.writes(c)
}

// fields returns the writes function of a scheme that always writes the same fields.
func fields(names ...string) func(Credential) []string {
	return func(Credential) []string { return names }
}

func headersWritten(c Credential) (names []string) {
	for _, path := range c.under("headers") {
		names = append(names, headerName(path))
	}
	return names
}

func templateWritten(c Credential) (names []string) {
	if !c.given("payload") {
		return []string{"X-MEXC-APIKEY"}
	}
	for _, name := range append(placed[:len(placed):len(placed)], "signature") {
		if p := parsePlace(c[name+"In"].Reveal()); p.kind == "header" {
			names = append(names, p.name)
		}
	}
	return names
}
