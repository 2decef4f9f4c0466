//go:build !race

package e2e

import "encoding/json"

// row is one call in the log, intent and result merged.
type row struct {
	Event, Req, Agent, Service, Target, Code string
	Status                                   int
}

// logged reads all calls of the log.
func (p *place) logged() []row {
	p.t.Helper()
	var l struct{ Logs []row }
	if err := json.Unmarshal([]byte(p.run("", "logs", "--json", "-n", "0")), &l); err != nil {
		p.t.Fatal(err)
	}
	return l.Logs
}
