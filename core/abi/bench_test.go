package abi

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkJudged takes calls of an open session through the door as a shell does: needs, begin,
// resume to the request or the refusal.
func BenchmarkJudged(b *testing.B) {
	s := newShell(b)
	i := s.instance
	s.load(flowConfig)
	flow, a := s.call(balance)
	s.commits(flow, a)
	session := ""
	for _, session = range s.state {
	}
	for name, args := range map[string]string{
		"send": balance, "deny": strings.Replace(balance, "GET", "DELETE", 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			needs := Join([]byte(
				`{"v":1,"op":"needs","engine":1,"tool":"execute","agent":"main","via":"openclaw"}`),
				[]byte(args))
			for b.Loop() {
				i.Handle(needs)
				i.Handle(Join(fmt.Appendf(nil,
					`{"v":1,"op":"begin","flow":%d,%s,"files":[null,null,%d,null]}`, i.last,
					s.moment(), len(session)), []byte(session)))
				i.Handle(Join(fmt.Appendf(nil,
					`{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"committed"}}`,
					i.last, s.moment()), nil))
				i.Handle(Join(fmt.Appendf(nil, `{"v":1,"op":"drop","flow":%d}`, i.last), nil))
				if name == "deny" {
					s.mono += 1000 // slowly enough for each to get its record
				}
			}
		})
	}
}
