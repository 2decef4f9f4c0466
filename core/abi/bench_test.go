package abi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const benchConfig = `
vault: {id: 5f0c2f7c9b3e4d11a7d2c0ffee000001, key: k1, check: 66a7e4c4f41d3cc5, source: file}
services:
  stripe:
    baseUrl: https://api.stripe.com
    auth: {type: bearer, key: sk_live_of_the_measurement}
capabilities:
  stripe:
    service: stripe
    rules: {allow: [GET /v1/*, POST /v1/refunds], deny: [DELETE *]}
`

const testRoot = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// BenchmarkJudged takes calls through the door as a shell does: needs, begin, resume to the refusal or to the request.
func BenchmarkJudged(b *testing.B) {
	var i Instance
	do := func(text, raw string) (a struct {
		Engine, Flow int64
		Files        []string
		Step         struct {
			Type   string
			Writes []struct{ Name, Data string }
		}
	}) {
		frame := i.Handle(Join([]byte(text), []byte(raw)))
		body, _, err := split(frame)
		if err != nil || json.Unmarshal(body, &a) != nil || strings.Contains(string(body), `"ok":false`) {
			b.Fatalf("%s: %s", text, body)
		}
		return a
	}
	do(`{"v":1,"op":"load","rootKey":"`+testRoot+`","writer":"q7m2k4xa"}`, benchConfig)
	who := `"engine":1,"tool":"execute","agent":"main","via":"openclaw"`
	at := `"now":[1795426425000,1],"rand":"` + strings.Repeat("5a", 64) + `"`
	for _, method := range []string{"GET", "DELETE"} {
		args := `{"capability":"stripe","method":"` + method + `","path":"/v1/balance?limit=3","reason":"User asked"}`
		needs := `{"v":1,"op":"needs",` + who + `}`
		flow := do(needs, strings.Replace(args, "DELETE", "GET", 1)).Flow
		session := do(fmt.Sprintf(`{"v":1,"op":"begin","flow":%d,%s,"files":[null,null,null,null]}`, flow, at), "").Step.Writes[0].Data
		first := Join([]byte(needs), []byte(args))
		b.Run(method, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				i.Handle(first)
				i.Handle(Join(fmt.Appendf(nil, `{"v":1,"op":"begin","flow":%d,%s,"files":[null,null,%d,null]}`, i.last, at, len(session)), []byte(session)))
				i.Handle(Join(fmt.Appendf(nil, `{"v":1,"op":"resume","flow":%d,%s,"event":{"type":"committed"}}`, i.last, at), nil))
				delete(i.flows, i.last)
			}
		})
	}
}
