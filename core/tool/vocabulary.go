package tool

import (
	"fmt"

	"github.com/true-and-useful/janee/core/wire"
)

// vocabulary reads each argument that a tool can take. A new argument is one more entry.
var vocabulary = map[string]reader{
	"action":        name("action", func(a *Arguments) *string { return &a.Action }),
	"agent":         name("agent", func(a *Arguments) *string { return &a.About }),
	"approvalId":    name("approvalId", func(a *Arguments) *string { return &a.ApprovalID }),
	"capability":    name("capability", func(a *Arguments) *string { return &a.Capability }),
	"method":        name("method", func(a *Arguments) *string { return &a.Method }),
	"service":       name("service", func(a *Arguments) *string { return &a.Service }),
	"targetAgentId": name("targetAgentId", func(a *Arguments) *string { return &a.Target }),
	"path":          long("path", func(a *Arguments) *string { return &a.Path }),
	"reason":        long("reason", func(a *Arguments) *string { return &a.Reason }),
	"headers":       readHeaders,
	"body":          readBody,
	"bodyEncoding":  readBody,
	"maxBytes": number("maxBytes", "a whole number", wire.MaxBody,
		func(a *Arguments) *int64 { return &a.MaxBytes }),
	"timeout": number("timeout", "a whole number of milliseconds", MaxTestTimeoutMs,
		func(a *Arguments) *int64 { return &a.TimeoutMs }),
}

// reader reads one argument out of the members of all.
type reader func(a *Arguments, members map[string][]byte) error

// maxName bounds, in bytes, the arguments that are names, methods or ids. No such thing is as long,
// and answers repeat some of them.
const maxName = 256

// name reads a string that names something.
func name(key string, to func(*Arguments) *string) reader {
	read := long(key, to)
	return func(a *Arguments, members map[string][]byte) error {
		if err := read(a, members); err != nil {
			return err
		}
		if n := len(*to(a)); n > maxName {
			return Wrong(key,
				fmt.Sprintf("has %d bytes, and no %s has more than %d", n, key, maxName))
		}
		return nil
	}
}

// long reads a string that is bounded elsewhere, or cut where it is kept.
func long(key string, to func(*Arguments) *string) reader {
	return func(a *Arguments, members map[string][]byte) (err error) {
		*to(a), err = text(key, members[key])
		return err
	}
}

func number(key, what string, most int64, to func(*Arguments) *int64) reader {
	return func(a *Arguments, members map[string][]byte) (err error) {
		*to(a), err = whole(key, what, members[key], most)
		return err
	}
}

func readHeaders(a *Arguments, members map[string][]byte) (err error) {
	a.Headers, err = headers(members["headers"])
	return err
}

func readBody(a *Arguments, members map[string][]byte) (err error) {
	encoding := "utf8"
	if value := members["bodyEncoding"]; value != nil {
		if encoding, err = text("bodyEncoding", value); err != nil {
			return err
		}
	}
	a.Body, a.BodyIsJSON, err = body(members["body"], encoding)
	return err
}
