package sign

import (
	"strconv"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type staticCase struct {
	ID, Source, Type, Username, Password, Token string
	Headers, Want                               map[string]string
	WantError                                   string            `json:"want_error"`
	WantErrorOr                                 map[string]string `json:"want_error_or"`
}

func (c staticCase) credential(t *testing.T) Credential {
	switch c.Type {
	case "basic":
		return credential(map[string]string{"username": c.Username, "password": c.Password})
	case "bearer":
		return credential(map[string]string{"key": c.Token})
	case "headers":
		values := map[string]string{}
		for name, v := range c.Headers {
			values["headers."+name] = v
		}
		return credential(values)
	}
	t.Fatalf("unknown type %q", c.Type)
	return nil
}

func TestVectorsBasicBearerHeaders(t *testing.T) {
	for _, c := range vectors.Load[staticCase](t, "basic_bearer_headers", 8) {
		t.Run(c.ID, func(t *testing.T) {
			signed, err := scheme(t, c.Type).Sign(c.credential(t), request, Moment{})
			switch {
			case c.WantError != "" && err == nil:
				t.Errorf("signed, want %s", c.WantError)
			case c.WantErrorOr != nil && err == nil:
				sameHeaders(t, signed.Headers, c.WantErrorOr)
			case c.Want != nil && err != nil:
				t.Error(err)
			case c.Want != nil:
				sameHeaders(t, signed.Headers, c.Want)
			}
		})
	}
}

type bybitCase struct {
	ID, Source, Note, Timestamp string
	APIKey                      string  `json:"api_key"`
	APISecret                   *string `json:"api_secret"`
	RecvWindow                  string  `json:"recv_window"`
	Request                     struct{ Method, Path, Query, Body string }
	Want                        struct {
		StringToSign string `json:"string_to_sign"`
		Signature    string
		Headers      map[string]string
	}
}

func TestVectorsBybit(t *testing.T) {
	for _, c := range vectors.Load[bybitCase](t, "bybit", 5) {
		t.Run(c.ID, func(t *testing.T) {
			r := Request{
				Method: c.Request.Method,
				Path:   c.Request.Path,
				Query:  c.Request.Query,
				Body:   []byte(c.Request.Body),
			}
			if got := bybitSigned(c.APIKey, "", c.Timestamp, c.RecvWindow, r).Trace[0].Text; got !=
				c.Want.StringToSign {
				t.Errorf("string to sign %q, want %q", got, c.Want.StringToSign)
			}
			if c.APISecret == nil {
				return
			}
			sameHeaders(t,
				bybitSigned(c.APIKey, *c.APISecret, c.Timestamp, c.RecvWindow, r).Headers,
				c.Want.Headers)
			if c.Want.Headers["X-BAPI-SIGN"] != c.Want.Signature {
				t.Error("the case contradicts itself")
			}
			if c.RecvWindow == bybitWindow {
				wholeBybit(t, c, r)
			}
		})
	}
}

// wholeBybit signs as the engine does; only cases with the window that Janee sends can be compared.
func wholeBybit(t *testing.T, c bybitCase, r Request) {
	ms, err := strconv.ParseInt(c.Timestamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := scheme(t, "hmac-bybit").Sign(credential(map[string]string{"apiKey": c.APIKey,
		"apiSecret": *c.APISecret}), r, Moment{UnixMs: ms})
	if err != nil || signed.Query != "" {
		t.Fatalf("query %q, %v", signed.Query, err)
	}
	sameHeaders(t, signed.Headers, c.Want.Headers)
}

func sameHeaders(t *testing.T, got []wire.Header, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d headers, want %d", len(got), len(want))
	}
	for name, v := range want {
		if g, ok := wire.Get(got, name); !ok || g != v {
			t.Errorf("%s: %q, want %q", strings.ToLower(name), g, v)
		}
	}
}
