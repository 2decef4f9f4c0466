//go:build !race

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests show that what went wrong over HTTP in the TypeScript Janee does not happen here.

const bankAndAgents = `
services:
  bank:
    baseUrl: %s
    auth: {type: bearer, key: key_of_the_http_faults}
capabilities:
  bank:
    service: bank
    rules: {allow: [GET *, POST /v1/upload]}
`

func (p *place) bank(api *testAPI) { p.configure(fmt.Sprintf(bankAndAgents, api.url)) }

var getBalance = map[string]any{"capability": "bank", "method": "GET", "path": "/v1/balance"}

const callExec = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"janee_exec",` +
	`"arguments":{"capability":"bank","command":["id"]}}}`

// No authentication, and Host: evil.com with Origin: http://evil.com accepted: any web page could
// call, by DNS rebinding.
func TestFaultB3NoAuthenticationNoHostNoOrigin(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.site()
	for _, tt := range []struct {
		token, host, origin string
		status              int
	}{
		{"", "", "", 401}, {"wrong", "", "", 401}, {s.token, "evil.com", "", 403},
		{s.token, "", "http://evil.com", 403}, {"", "evil.com", "http://evil.com", 403},
	} {
		for _, body := range []string{
			callExec, strings.Replace(callExec, "janee_exec", "whoami", 1),
		} {
			req, _ := http.NewRequest(http.MethodPost, s.url+"/mcp", strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
			}
			req.Host = tt.host
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != tt.status {
				t.Errorf("%+v: %s", tt, res.Status)
			}
		}
	}
}

// janee_exec was hidden over HTTP, not disabled: whoever knew its name ran commands.
func TestFaultB3HiddenToolsAnswer(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.site()
	c := s.client(t, s.token, "probe")
	list, err := c.request(http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Body.Close()
	for _, name := range []string{"janee_exec", "approve", "add_service"} {
		if got := c.call(name, map[string]any{"capability": "bank",
			"command": []string{"id"}}); !strings.Contains(got, `"denial":`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// 13 latin-1 bytes in place of a key, or bad JSON: 500 with a stack trace and file paths.
func TestFaultB3StackTraces(t *testing.T) {
	p := newPlace(t)
	s := p.site()
	for token, bodies := range map[string][]string{
		strings.Repeat("\xe9", 13): {"{}"},
		s.token:                    {"{", "", "\xff", "[" + strings.Repeat("[", 20000)},
	} {
		for _, body := range bodies {
			c := &webClient{url: s.url + "/mcp", token: token}
			_, err := c.post(body)
			if err == nil || !strings.HasPrefix(err.Error(), "40") || len(err.Error()) > 150 ||
				strings.Contains(err.Error(), ".go") || strings.Contains(err.Error(), "<") {
				t.Errorf("%.20q: %v", body, err)
			}
		}
	}
}

// Bodies were cut at 100 kB by an HTML page, and nothing bounded sessions.
func TestFaultB3SmallBodiesAndSessionsWithoutEnd(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.site()
	first := s.client(t, s.token, "c")
	wants(t,
		first.call("execute", map[string]any{"capability": "bank", "method": "POST",
			"path": "/v1/upload", "body": strings.Repeat("x", 3<<20)}), `"status":200`)
	if got := first.call("execute",
		map[string]any{"capability": "bank", "method": "POST", "path": "/v1/upload",
			"body": strings.Repeat("x", 4<<20)}); !strings.HasPrefix(got, "413 ") ||
		strings.Contains(got, "<") {
		t.Errorf("more than 4 MiB: %s", got)
	}
	for range 400 {
		s.client(t, s.token, "c")
	}
	if got := first.call("whoami", nil); !strings.HasPrefix(got, "404 ") {
		t.Errorf("the oldest of 401 sessions: %s", got)
	}
}

// Open sessions kept the old capabilities over a reload; defaultAccess was never read again.
func TestFaultB3OpenSessionsKeepOldRules(t *testing.T) {
	for name, changed := range map[string]string{
		"RULE_DENY": strings.Replace(bankAndAgents, "rules: {",
			"rules: {deny: ['* *'], ", 1),
		"AGENT_NOT_ALLOWED":         bankAndAgents + "    allowedAgents: [nobody]\n",
		"DEFAULT_ACCESS_RESTRICTED": "server: {defaultAccess: restricted}\n" + bankAndAgents,
	} {
		t.Run(name, func(t *testing.T) {
			p, api := newPlace(t), startAPI(t)
			p.bank(api)
			s := p.site()
			c := s.client(t, s.token, "c")
			wants(t, c.call("execute", getBalance), `"status":200`)
			p.change(func(text string) string {
				head, _, _ := strings.Cut(text, "\nservices:")
				_, agents, _ := strings.Cut(text, "\nagents:")
				return head + "\n" + fmt.Sprintf(changed, api.url) + "\nagents:" + agents
			})
			if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			wants(t, c.call("execute", getBalance), name)
		})
	}
}

// Which agent it is was what the client said, or a header.
func TestFaultB2IdentityIsSelfAsserted(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.site()
	for _, name := range []string{"alice", "", "root", "default"} {
		c := s.client(t, s.token, name)
		wants(t, c.call("whoami", nil), `"agentId":"default"`)
	}
}

func TestHTTPShutdownLetsCallsFinish(t *testing.T) {
	p, api := newPlace(t), startAPI(t)
	p.bank(api)
	s := p.site()
	c := s.client(t, s.token, "c")
	answer := make(chan string, 1)
	go func() {
		answer <- c.call("execute",
			map[string]any{"capability": "bank", "method": "GET", "path": "/slow"})
	}()
	eventually(t, "the call at the API", func() bool { return api.count("GET /slow") == 1 })
	began := time.Now()
	if err := stopSite(s.url); err != nil {
		t.Error(err)
	}
	wants(t, <-answer, `"status":200`)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
