package httpserver

import (
	"fmt"
	"strings"
	"testing"
)

func TestLetsThroughWhatIsInOrder(t *testing.T) {
	s := start(t, Options{AllowedHosts: []string{"Janee.internal", "proxy:8443", "fd00::1"}})
	for _, request := range []string{
		post("{}"),
		post("{}", "Host", "localhost:9100"), post("{}", "Host", "LOCALHOST"),
		post("{}", "Host", "[::1]:9100"), post("{}", "Host", "127.0.0.1"),
		post("{}", "Host", "janee.internal:1"), post("{}", "Host", "proxy:8443"),
		post("{}", "Host", "[fd00::1]:9100"), post("{}", "Origin", "http://localhost:3000"),
		post("{}", "Origin", "https://janee.internal"),
		post("{}", "Content-Type", "application/json; charset=UTF-8"),
		post("{}", "Authorization", "bearer   alice-token"),
		strings.Replace(post("{}"), "/mcp", "/", 1),
		strings.Replace(post("{}"), "/mcp", "/mcp?a=b", 1),
		"GET /mcp HTTP/1.1\nHost: localhost\nAuthorization: Bearer alice-token\n\n",
		"DELETE / HTTP/1.1\nHost: localhost\nAuthorization: Bearer alice-token\n\n",
	} {
		if status, header, body := s.raw(request); status != 200 || body != "hello alice" ||
			header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q", request, status, body)
		}
	}
	if got := s.inner.seen[0]; got != "alice POST /mcp {} 2" {
		t.Error(got)
	}
}

func TestRefuses(t *testing.T) {
	s := start(t, Options{AllowedHosts: []string{"proxy:8443"}})
	twice := func(field string) string {
		return strings.Replace(post("{}"), "Host:", field+"\nHost:", 1)
	}
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"no token":                  {post("{}", "Authorization", "-"), 401},
		"unknown token":             {post("{}", "Authorization", "Bearer alice-tokem"), 401},
		"empty token":               {post("{}", "Authorization", "Bearer "), 401},
		"token in the wrong scheme": {post("{}", "Authorization", "Basic alice-token"), 401},
		"a bare token":              {post("{}", "Authorization", "alice-token"), 401},
		"two tokens":                {twice("Authorization: Bearer bob-token"), 401},
		"a token in the query": {strings.Replace(post("{}", "Authorization", "-"), "/mcp",
			"/mcp?access_token=alice-token", 1), 401},
		"13 latin-1 bytes": {post("{}", "Authorization",
			"Bearer \xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9"), 401},
		"GET without token":        {"GET /mcp HTTP/1.1\nHost: localhost\n\n", 401},
		"foreign host":             {post("{}", "Host", "evil.example"), 403},
		"foreign host, right port": {post("{}", "Host", "evil.example:9100"), 403},
		"host that begins right":   {post("{}", "Host", "localhost.evil.example"), 403},
		"host with a dot behind":   {post("{}", "Host", "localhost."), 403},
		"host with user":           {post("{}", "Host", "localhost@evil.example"), 400},
		"allowed host, other port": {post("{}", "Host", "proxy:1"), 403},
		"empty host":               {post("{}", "Host", ""), 403},
		"foreign host in the target": {strings.Replace(post("{}"), "/mcp",
			"http://evil.example/mcp", 1), 403},
		"healthz of a foreign host": {"GET /healthz HTTP/1.1\nHost: evil.example\n\n", 403},
		"foreign origin":            {post("{}", "Origin", "https://evil.example"), 403},
		"rebound origin":            {post("{}", "Origin", "http://evil.example:9100"), 403},
		"null origin":               {post("{}", "Origin", "null"), 403},
		"empty origin":              {post("{}", "Origin", ""), 403},
		"origin that begins right":  {post("{}", "Origin", "http://localhost.evil.example"), 403},
		"origin with a path":        {post("{}", "Origin", "http://localhost/"), 403},
		"origin with user":          {post("{}", "Origin", "http://localhost@evil.example"), 403},
		"origin of an extension":    {post("{}", "Origin", "chrome-extension://localhost"), 403},
		"two origins": {strings.Replace(twice("Origin: http://localhost"), "Origin",
			"Origin: http://localhost\nOrigin", 1), 403},
		"text/plain":        {post("{}", "Content-Type", "text/plain"), 415},
		"a form":            {post("{}", "Content-Type", "application/x-www-form-urlencoded"), 415},
		"no type":           {post("{}", "Content-Type", "-"), 415},
		"two types":         {twice("Content-Type: application/json"), 415},
		"json in name only": {post("{}", "Content-Type", "application/json-seq"), 415},
		"other charset":     {post("{}", "Content-Type", "application/json; charset=utf-7"), 415},
		"compressed":        {post("{}", "Content-Encoding", "gzip"), 415},
		"PUT":               {strings.Replace(post("{}"), "POST", "PUT", 1), 405},
		"OPTIONS": {strings.Replace(post("{}", "Origin", "http://localhost"),
			"POST", "OPTIONS", 1), 405},
		"TRACE":                    {strings.Replace(post(""), "POST", "TRACE", 1), 405},
		"a body that is too large": {post("{}", "Content-Length", "4194305"), 413},
		"a huge body":              {post("{}", "Content-Length", "9223372036854775807"), 413},
		"too much in chunks": {post(fmt.Sprintf("400001\n%s\n0\n\n",
			strings.Repeat(" ", 4<<20+1)), "Content-Length", "-", "Transfer-Encoding", "chunked"),
			413},
		"headers that are too large": {post("{}", "X-Filler", strings.Repeat("x", 32<<10)), 431},
		"two lengths":                {twice("Content-Length: 3"), 400},
		"not HTTP":                   {"\x16\x03\x01 nonsense\n\n", 400},
		"other path":                 {strings.Replace(post("{}"), "/mcp", "/mcp/", 1), 404},
		"path to be cleaned":         {strings.Replace(post("{}"), "/mcp", "/x/../mcp", 1), 404},
		"runner of the reference": {strings.Replace(post("{}"), "/mcp",
			"/v1/exec/authorize", 1), 404},
	} {
		status, header, body := s.raw(tt.request)
		if status != tt.status {
			t.Errorf("%s: %d, not %d", name, status, tt.status)
		}
		if status == 401 && (header.Get("WWW-Authenticate") != "Bearer" || body != "") {
			t.Errorf("%s: %v %q", name, header, body)
		}
		for _, field := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
			if v := header.Get(field); v != "" {
				t.Errorf("%s: %s: %s", name, field, v)
			}
		}
		if strings.Contains(body, "<") || strings.Contains(body, ".go") || len(body) > 60 {
			t.Errorf("%s: says %q", name, body)
		}
	}
	if n := s.inner.count(); n != 0 {
		t.Errorf("%d were let through: %q", n, s.inner.seen)
	}
	s.asks()
}

func TestHostsCountWhereTheyAreGiven(t *testing.T) {
	open := func(s *Server) { s.options.EnforceHosts = false; s.http.Handler = s.handler() }
	s := start(t, Options{}, open)
	if status, _, _ := s.raw(post("{}", "Host", "10.0.0.7:9100")); status != 200 {
		t.Errorf("no list: %d", status)
	}
	if status, _, _ := s.raw(post("{}", "Host", "10.0.0.7:9100", "Origin",
		"http://10.0.0.7:9100")); status != 403 {
		t.Errorf("an origin is judged without a list too: %d", status)
	}
	s = start(t, Options{AllowedHosts: []string{"janee"}}, open)
	for host, want := range map[string]int{
		"janee:9100": 200, "127.0.0.1": 200, "10.0.0.7:9100": 403,
	} {
		if status, _, _ := s.raw(post("{}", "Host", host)); status != want {
			t.Errorf("%s: %d", host, status)
		}
	}
}

func TestHealth(t *testing.T) {
	s := start(t, Options{})
	status, header, body := s.raw("GET /healthz HTTP/1.1\nHost: localhost\n\n")
	if status != 200 || body != "ok\n" || len(header) > 7 {
		t.Errorf("%d %q %v", status, body, header)
	}
	if status, _, _ :=
		s.raw("POST /healthz HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n"); status != 405 {
		t.Errorf("POST: %d", status)
	}
}

func TestReady(t *testing.T) {
	ready := true
	s := start(t, Options{Ready: func() bool { return ready }})
	if status, _, body := s.raw("GET /readyz HTTP/1.1\nHost: localhost\n\n"); status != 200 ||
		body != "ready\n" {
		t.Errorf("%d %q", status, body)
	}
	ready = false
	if status, _, body := s.raw("GET /readyz HTTP/1.1\nHost: localhost\n\n"); status != 503 ||
		body != "not ready\n" {
		t.Errorf("%d %q", status, body)
	}
	if status, _, _ := s.raw("GET /healthz HTTP/1.1\nHost: localhost\n\n"); status != 200 {
		t.Errorf("it is alive all the same: %d", status)
	}
	if status, _, _ := s.raw("GET /readyz HTTP/1.1\nHost: evil.example\n\n"); status != 403 {
		t.Errorf("a foreign host: %d", status)
	}
}

func TestPanicTellsNothing(t *testing.T) {
	s := start(t, Options{})
	status, header, body := s.raw(post("panic"))
	if status != 500 || body != "" {
		t.Errorf("%d %q", status, body)
	}
	s.asks()
	s.stop()
	s.wait()
	if log := s.log.String(); log != "panic in HTTP request "+header.Get("X-Request-Id")+"\n" {
		t.Errorf("the log: %q", log)
	}
}

func TestBearer(t *testing.T) {
	for field, want := range map[string]string{
		"Bearer a": "a", "BEARER  a b": "a b", "Bearer": "", "Bearer ": "", "": "",
		"Bearera": "", " Bearer a": "",
	} {
		if token, ok := bearer([]string{field}); ok != (want != "") || ok && token != want {
			t.Errorf("%q: %q %v", field, token, ok)
		}
	}
	if _, ok := bearer(nil); ok {
		t.Error("no field is a token")
	}
}
