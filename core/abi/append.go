package abi

import (
	"strconv"

	"github.com/true-and-useful/janee/core/line"
)

func appendTexts(b []byte, list []string) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = line.AppendText(b, s)
	}
	return append(b, ']')
}

// appendText writes one more member of an object; name comes with its comma, quotes and colon.
func appendText(b []byte, name, s string) []byte { return line.AppendText(append(b, name...), s) }

func appendNumber(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}

func appendFlag(b []byte, name string, ok bool) []byte {
	return strconv.AppendBool(append(b, name...), ok)
}

func (a needsAnswer) append(b []byte) []byte {
	b = appendNumber(b, `{"flow":`, a.Flow)
	return append(appendTexts(append(b, `,"files":`...), a.Files), '}')
}

func (a stepAnswer) append(b []byte) []byte {
	b = append(b, `{"step":`...)
	switch s := a.Step.(type) {
	case nil:
		b = append(b, "null"...)
	case appender:
		b = s.append(b)
	default:
		b = append(b, encode(s)...)
	}
	return append(b, '}')
}

func (s commitStep) append(b []byte) []byte {
	b = appendText(b, `{"type":`, s.Type)
	if len(s.Holds) > 0 {
		b = append(append(b, `,"holds":`...), encode(s.Holds)...)
	}
	b = append(b, `,"writes":[`...)
	for i, w := range s.Writes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(appendText(b, `{"name":`, w.Name), `,"data":`, w.Data)
		b = appendFlag(b, `,"create":`, w.Create)
		if w.Was != nil {
			b = appendText(b, `,"was":`, *w.Was)
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	if len(s.Remove) > 0 {
		b = appendTexts(append(b, `,"removes":`...), s.Remove)
	}
	if s.Writer != "" {
		b = appendText(b, `,"writer":`, s.Writer)
	}
	b = appendTexts(append(b, `,"lines":`...), s.Lines)
	return append(appendFlag(b, `,"late":`, s.Late), '}')
}

func (s sendStep) append(b []byte) []byte {
	b = appendText(appendText(b, `{"type":`, s.Type), `,"service":`, s.Service)
	b = appendText(appendText(appendText(b, `,"method":`, s.Method), `,"url":`, s.URL),
		`,"target":`, s.Target)
	b = appendPairs(append(b, `,"headers":`...), s.Headers)
	b = appendNumber(appendNumber(b, `,"timeoutMs":`, s.TimeoutMs), `,"maxBody":`, s.MaxBody)
	b = appendTexts(append(b, `,"watch":`...), s.Watch)
	for _, o := range [...]struct{ name, value string }{
		{`,"caFile":`, s.CAFile}, {`,"caDigest":`, s.CADigest}, {`,"proxy":`, s.Proxy},
		{`,"flight":`, s.Flight},
	} {
		if o.value != "" {
			b = appendText(b, o.name, o.value)
		}
	}
	return append(b, '}')
}

func (s relayStep) append(b []byte) []byte {
	b = appendNumber(appendText(b, `{"type":`, s.Type), `,"status":`, int64(s.Status))
	return append(appendPairs(append(b, `,"headers":`...), s.Headers), '}')
}

func appendPairs(b []byte, headers [][2]string) []byte {
	b = append(b, '[')
	for i, h := range headers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(appendText(b, "[", h[0]), ",", h[1]), ']')
	}
	return append(b, ']')
}

func (d doneStep) append(b []byte) []byte {
	b = appendText(b, `{"type":`, d.Type)
	if d.Tool != "" {
		b = appendText(b, `,"tool":`, d.Tool)
	}
	if d.Result != nil {
		b = append(append(b, `,"result":`...), d.Result...)
	}
	if d.Share != nil {
		b = append(append(b, `,"share":`...), encode(d.Share)...)
	}
	if d.Refusal != nil {
		b = append(append(b, `,"refusal":`...), d.Refusal...)
	}
	if d.Prose != "" {
		b = appendText(b, `,"prose":`, d.Prose)
	}
	return append(appendFlag(b, `,"lock":`, d.Lock), '}')
}
