package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/wire"
)

const nameHelp = "use 1 to 64 letters, digits or . _ @ -"

func (r *configReader) service(key, n *yaml.Node) {
	s, what := r.newService(key), "service "+brief(key.Value)
	var base, auth, test, private, proxy, allow, operations *yaml.Node
	later := func(to **yaml.Node) func(*yaml.Node) { return func(n *yaml.Node) { *to = n } }
	r.mapping(n, what,
		known{"baseUrl", later(&base)},
		known{"description", r.into(&s.Description, what+": description")},
		known{"docs", r.into(&s.Docs, what+": docs")},
		known{"auth", later(&auth)},
		known{"headers", func(n *yaml.Node) { r.headers(n, what, s) }},
		known{"allowHeaders", later(&allow)},
		known{"denyHeaders", r.headerNames(&s.DenyHeaders, what+": denyHeaders")},
		known{"queryOperations", later(&operations)},
		known{"testPath", later(&test)},
		known{"caFile", r.into(&s.CAFile, what+": caFile")},
		known{"allowHttp", r.flag(&s.AllowHTTP, what+": allowHttp")},
		known{"allowEncodedSlash", r.flag(&s.Options.EncodedSlash, what+": allowEncodedSlash")},
		known{"allowSemicolon", r.flag(&s.Options.Semicolon, what+": allowSemicolon")},
		known{"allowDoubleSlash", r.flag(&s.Options.DoubleSlash, what+": allowDoubleSlash")},
		known{"allowPrivate", later(&private)},
		known{"proxy", later(&proxy)},
		known{"bound", r.into(&s.Bound, what+": bound")},
		known{"ownership", func(n *yaml.Node) { r.ownership(n, what, s) }},
	)
	if n.Kind != yaml.MappingNode {
		return
	}
	r.base(base, key.Line, what, s) // after allowHttp
	r.auth(auth, key.Line, what, s) // after the base, whose origin a credential is bound to
	r.written(s)                    // after the auth
	r.allowHeaders(allow, what, s, &s.AllowHeaders)
	r.queryOperations(operations, what, s)
	r.testPath(test, what, s) // after the opt-outs
	r.egress(private, proxy, base, what, s)
	s.sessionBinding = s.bindSession()
}

func (r *configReader) newService(key *yaml.Node) *Service {
	s := &Service{Name: key.Value, Line: key.Line}
	if !ValidName(s.Name) {
		r.problem(key.Line, "service name %s: %s", brief(s.Name), nameHelp)
	}
	r.config.Services[s.Name] = s
	r.config.ServiceNames = append(r.config.ServiceNames, s.Name)
	return s
}

func (r *configReader) base(n *yaml.Node, line int, what string, s *Service) {
	if n == nil {
		r.problem(line, "%s has no baseUrl: write baseUrl: https://api.example.com", what)
		return
	}
	raw, ok := r.text(n, what+": baseUrl")
	if !ok {
		return
	}
	base, err := policy.ParseBase(raw, s.AllowHTTP)
	if err != nil {
		r.problem(n.Line, "%s: %v", what, err)
		return
	}
	s.Base = base
}

// testPath is judged as an agent's path would be, since it is sent in the same way.
func (r *configReader) testPath(n *yaml.Node, what string, s *Service) {
	if n == nil {
		return
	}
	path, ok := r.text(n, what+": testPath")
	if !ok {
		return
	}
	_, d := policy.Judge(policy.Unrestricted(), s.Options, "GET", path)
	if d.Outcome != policy.Allowed {
		r.problem(n.Line, "%s: testPath: %s", what, d.Reason)
		return
	}
	s.TestPath = path
}

func (r *configReader) headers(n *yaml.Node, what string, s *Service) {
	if unset(n) {
		return
	}
	r.entries(n, what+": headers", func(key, value *yaml.Node) {
		name := key.Value
		text, ok := r.text(value, what+": header "+shown(name))
		_, twice := wire.Get(s.Headers, name)
		switch {
		case !wire.ValidName(name):
			r.problem(key.Line, "%s: headers: a name may contain letters, digits and -", what)
		case twice:
			r.problem(key.Line, "%s: header %s is given twice: upper and lower case are the same",
				what, shown(name))
		case isCredential(name):
			r.problem(key.Line,
				"%s: header %s carries a credential: put it under auth, as type: bearer, basic "+
					"or headers, where it is sealed", what, shown(name))
		case isFraming(name):
			r.problem(key.Line, "%s: header %s is written by Janee itself: delete it",
				what, shown(name))
		case ok && !wire.ValidValue(text):
			r.problem(value.Line,
				"%s: header %s: the value may contain only visible ASCII and inner blanks",
				what, shown(name))
		case ok:
			s.Headers = append(s.Headers, wire.Header{Name: name, Value: text})
		}
	})
}

// isCredential reports the fields that carry a key in most APIs; here they would be neither sealed
// nor scrubbed.
func isCredential(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains([]string{"authorization", "proxy-authorization", "cookie", "x-api-key",
		"api-key", "apikey", "x-auth-token"}, name)
}

// isFraming reports the fields that belong to one connection (RFC 9110 section 7.6.1), or say where
// a message goes and ends.
func isFraming(name string) bool {
	return slices.Contains([]string{"host", "content-length", "transfer-encoding", "connection",
		"keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect", "accept-encoding"},
		strings.ToLower(name))
}
