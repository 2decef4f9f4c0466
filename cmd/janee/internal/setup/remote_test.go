package setup

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
)

func TestTryRemote(t *testing.T) {
	const reply = `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}`
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked++
	}))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		err    string
	}{
		"JSON": {func(w http.ResponseWriter) { fmt.Fprint(w, reply) }, ""},
		"an event": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "event: message\ndata: %s\n\n", reply)
		}, ""},
		"a page":     {func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, "is not MCP"},
		"no service": {func(w http.ResponseWriter) { w.WriteHeader(404) }, "404 Not Found"},
		"a redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "307"},
	} {
		server := httptest.NewServer(http.HandlerFunc(
			func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				if req.Header.Get("Authorization") != "Bearer tok" ||
					!strings.Contains(string(body), `"initialize"`) {
					t.Errorf("%s: %v %s", name, req.Header, body)
				}
				c.answer(w)
			}))
		err := TryRemote(context.Background(), clients.Remote{URL: server.URL + "/mcp"}, "tok")
		server.Close()
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked > 0 {
		t.Error("the token went to another server")
	}
}
