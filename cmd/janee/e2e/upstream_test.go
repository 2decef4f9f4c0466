//go:build !race

package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fakeAPI is an API on the loopback interface that demands a key and records what it was asked.
type fakeAPI struct {
	mu   sync.Mutex
	seen []string
}

// cmdUpstream starts an API: `upstream [-tls CAFILE] [-auth 'Header: value'] VAR` sets VAR to its
// base URL and VAR_PORT to its port. Paths: /echo repeats every header, /denied does so with 403,
// /binary, /hang, /redirect, /cut ends early, /big?n=; all else answers {"path":…}. It is a token
// server as well: see tokens. Below /digest it wants digest authentication: see refusedDigest.
func cmdUpstream(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("upstream", flag.ContinueOnError)
	caFile := f.String("tls", "", "")
	auth := f.String("auth", "", "")
	if err := f.Parse(args); err != nil || neg || f.NArg() != 1 {
		ts.Fatalf("usage: upstream [-tls CAFILE] [-auth 'Header: value'] VAR")
	}
	api := &fakeAPI{}
	s := httptest.NewUnstartedServer(api.handler(*auth))
	if *caFile != "" {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		s.StartTLS()
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs(*caFile), block, 0o600))
	} else {
		s.Start()
	}
	ts.Defer(func() { s.CloseClientConnections(); s.Close() })
	ts.Setenv(f.Arg(0), s.URL)
	ts.Setenv(f.Arg(0)+"_PORT", s.URL[strings.LastIndexByte(s.URL, ':')+1:])
	apis.Store(s.URL, api)
}

// apis finds the recordings of the running APIs by base URL.
var apis sync.Map

// cmdRequests prints what an API was asked, a line each: `requests $VAR`.
func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: requests URL")
	}
	api, ok := apis.Load(args[0])
	if !ok {
		ts.Fatalf("no upstream at %s", args[0])
	}
	a := api.(*fakeAPI)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range a.seen {
		fmt.Fprintln(ts.Stdout(), line)
	}
	fmt.Fprintf(ts.Stdout(), "%d requests\n", len(a.seen))
}

func (a *fakeAPI) handler(auth string) http.Handler {
	name, value, _ := strings.Cut(auth, ": ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		a.seen = append(a.seen, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
		a.mu.Unlock()
		if tokens(w, r, string(body)) {
			return
		}
		if refusedDigest(w, r) {
			return
		}
		if auth != "" && r.Header.Get(name) != value {
			http.Error(w, `{"error":"unauthorized"}`, http.StatusUnauthorized)
			return
		}
		a.answer(w, r)
	})
}

// tokens answers for a token server: POST /token, and of GitHub's installation 42, give
// token_of_the_story_server; POST /token/denied refuses and repeats what it was sent, by a clock
// that is ten minutes ahead.
func tokens(w http.ResponseWriter, r *http.Request, body string) bool {
	later := time.Now().Add(10 * time.Minute)
	switch r.Method + " " + r.URL.Path {
	case "POST /token":
		fmt.Fprint(w,
			`{"access_token":"token_of_the_story_server","expires_in":3600,"token_type":"Bearer"}`)
	case "POST /app/installations/42/access_tokens":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":"token_of_the_story_server","expires_at":%q}`,
			later.UTC().Format(time.RFC3339))
	case "POST /token/denied":
		w.Header().Set("Date", later.UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client",
			"error_description": r.Header.Get("Authorization") + body})
	default:
		return false
	}
	return true
}

// refusedDigest challenges what comes below /digest until it is signed for the user u with the
// password secret_of_the_test_story, as RFC 7616 section 3.4.1 says.
func refusedDigest(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/digest/") {
		return false
	}
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	p := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "),
		", ") {
		name, value, _ := strings.Cut(part, "=")
		p[name] = strings.Trim(value, `"`)
	}
	want := sum(sum("u:the story:secret_of_the_test_story") + ":story_nonce:" + p["nc"] + ":" +
		p["cnonce"] + ":auth:" + sum(r.Method+":"+r.RequestURI))
	if p["response"] == want && p["uri"] == r.RequestURI && p["nc"] == "00000001" &&
		len(p["cnonce"]) == 32 {
		return false
	}
	w.Header().Add("WWW-Authenticate",
		`Digest realm="the story", nonce="story_nonce", qop="auth, auth-int", algorithm=MD5`)
	w.Header().Add("WWW-Authenticate",
		`Digest realm="the story", nonce="story_nonce", qop="auth, auth-int", algorithm=SHA-256`)
	http.Error(w, "who is there?", http.StatusUnauthorized)
	return true
}

func (a *fakeAPI) answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		w.Header().Set("X-Request-Id", r.Header.Get("Authorization"))
		_ = json.NewEncoder(w).Encode(r.Header)
	case "/denied":
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(r.Header)
	case "/binary":
		w.Header().Set("Content-Type", "application/octet-stream")
		for i := 0; i < 256; i++ {
			_, _ = w.Write([]byte{byte(i)})
		}
	case "/hang":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	case "/slow":
		time.Sleep(500 * time.Millisecond)
	case "/redirect":
		http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusFound)
	case "/cut":
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "only this")
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "{\"path\":%q}\n", r.RequestURI)
	}
}

// testAPI is a fakeAPI for Go tests. Beside the paths of cmdUpstream it knows /slow, which answers
// after a moment.
type testAPI struct {
	fakeAPI
	url string
}

func startAPI(t testing.TB) *testAPI {
	a := &testAPI{}
	s := httptest.NewServer(a.handler(""))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	a.url = s.URL
	return a
}

// count says how often the API was asked this: "METHOD target".
func (a *testAPI) count(request string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, line := range a.seen {
		if line == request {
			n++
		}
	}
	return n
}
