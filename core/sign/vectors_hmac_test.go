package sign

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

// header wants a field in what was signed.
func header(t *testing.T, s Signed, name, want string) {
	t.Helper()
	if got, ok := wire.Get(s.Headers, name); !ok || got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// note wants a step of the trace.
func note(t *testing.T, s Signed, title, want string) {
	t.Helper()
	for _, n := range s.Trace {
		if n.Title == title {
			if n.Text != want {
				t.Errorf("%s:\n%q, want\n%q", title, n.Text, want)
			}
			return
		}
	}
	t.Errorf("the trace has no %s", title)
}

func mustSign(t *testing.T, authType string, values map[string]string, r Request, ms int64) Signed {
	t.Helper()
	signed, err := scheme(t, authType).Sign(credential(values), r,
		Moment{UnixMs: ms, Nonce: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func millis(t *testing.T, text string) int64 {
	t.Helper()
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

type okxCase struct {
	ID, Source, Note, Timestamp, Passphrase string
	APIKey                                  string `json:"api_key"`
	APISecret                               string `json:"api_secret"`
	Request                                 struct {
		Method, Body string
		RequestPath  string `json:"request_path"`
	}
	Want struct {
		StringToSign string `json:"string_to_sign"`
		Signature    string
		Headers      map[string]string
	}
}

func (c okxCase) request(t *testing.T) (Request, int64) {
	at, err := time.Parse(time.RFC3339, c.Timestamp)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(c.Request.RequestPath, "?")
	return Request{Method: c.Request.Method, Path: path, Query: query,
		Body: []byte(c.Request.Body)}, at.UnixMilli()
}

func (c okxCase) values() map[string]string {
	return map[string]string{
		"apiKey": c.APIKey, "apiSecret": c.APISecret, "passphrase": c.Passphrase,
	}
}

func TestVectorsOKX(t *testing.T) {
	for _, c := range vectors.Load[okxCase](t, "okx", 4) {
		t.Run(c.ID, func(t *testing.T) {
			r, ms := c.request(t)
			signed := mustSign(t, "hmac-okx", c.values(), r, ms)
			sameHeaders(t, signed.Headers, c.Want.Headers)
			header(t, signed, "OK-ACCESS-SIGN", c.Want.Signature)
			note(t, signed, "string to sign", c.Want.StringToSign)
		})
	}
}

type mexcCase struct {
	ID, Source, Note, Timestamp string
	APIKey                      string `json:"api_key"`
	APISecret                   string `json:"api_secret"`
	Request                     struct{ Method, Path, Query, Body string }
	Want                        struct {
		StringToSign string `json:"string_to_sign"`
		Signature    string
		Header       map[string]string
		FinalQuery   string `json:"final_query"`
	}
}

func (c mexcCase) request() Request {
	return Request{
		Method: c.Request.Method,
		Path:   c.Request.Path,
		Query:  c.Request.Query,
		Body:   []byte(c.Request.Body),
	}
}

func (c mexcCase) check(t *testing.T, signed Signed) {
	sameHeaders(t, signed.Headers, c.Want.Header)
	note(t, signed, "string to sign", c.Want.StringToSign)
	final := appended(c.Request.Query, signed.Query)
	if want := c.Want.StringToSign + "&signature=" + c.Want.Signature; c.Request.Body == "" &&
		final != want {
		t.Errorf("query %q, want %q", final, want)
	}
	if c.Want.FinalQuery != "" && final != c.Want.FinalQuery {
		t.Errorf("query %q, want %q", final, c.Want.FinalQuery)
	}
}

func TestVectorsMEXC(t *testing.T) {
	for _, c := range vectors.Load[mexcCase](t, "mexc", 3) {
		t.Run(c.ID, func(t *testing.T) {
			values := map[string]string{"apiKey": c.APIKey, "apiSecret": c.APISecret}
			c.check(t, mustSign(t, "hmac-mexc", values, c.request(), millis(t, c.Timestamp)))
			c.check(t, mustSign(t, "hmac", values, c.request(), millis(t, c.Timestamp)))
		})
	}
}

type binanceCase struct {
	ID, Source, Note string
	APIKey           string `json:"api_key"`
	APISecret        string `json:"api_secret"`
	Want             struct {
		StringToSign string `json:"string_to_sign"`
		Signature    string
		Header       map[string]string
	}
}

// split returns the agent's part of the string to sign and the time that comes after it.
func (c binanceCase) split(t *testing.T) (query string, ms int64, ok bool) {
	query, stamp, ok := strings.Cut(c.Want.StringToSign, "&timestamp=")
	if !ok || strings.Contains(stamp, "&") {
		return "", 0, false
	}
	return query, millis(t, stamp), true
}

func TestVectorsBinance(t *testing.T) {
	for _, c := range vectors.Load[binanceCase](t, "binance", 2) {
		t.Run(c.ID, func(t *testing.T) {
			values := map[string]string{"apiKey": c.APIKey, "apiSecret": c.APISecret}
			whole := mustSign(t, "hmac-binance", values,
				Request{Method: "POST", Path: "/api/v3/order", Query: c.Want.StringToSign}, 1)
			if want := "signature=" + c.Want.Signature; whole.Query != want {
				t.Errorf("appended %q, want %q", whole.Query, want)
			}
			sameHeaders(t, whole.Headers, c.Want.Header)
			note(t, whole, "string to sign", c.Want.StringToSign)
			if query, ms, ok := c.split(t); ok {
				timed := mustSign(t, "hmac-binance", values,
					Request{Method: "POST", Path: "/api/v3/order", Query: query}, ms)
				got := appended(query, timed.Query)
				want := c.Want.StringToSign + "&signature=" + c.Want.Signature
				if got != want {
					t.Errorf("query %q, want %q", got, want)
				}
			}
		})
	}
}

type krakenCase struct {
	ID, Source, Note, Nonce string
	APISecret               string `json:"api_secret"`
	Request                 struct{ Method, Path, Body string }
	Want                    struct {
		Signature  string
		HeaderName string `json:"header_name"`
	}
}

func TestVectorsKraken(t *testing.T) {
	for _, c := range vectors.Load[krakenCase](t, "kraken", 1) {
		t.Run(c.ID, func(t *testing.T) {
			if got := krakenNonce([]byte(c.Request.Body)); got != c.Nonce {
				t.Errorf("nonce %q, want %q", got, c.Nonce)
			}
			r := Request{
				Method: c.Request.Method,
				Path:   c.Request.Path,
				Body:   []byte(c.Request.Body),
			}
			signed := mustSign(t, "hmac-kraken",
				map[string]string{"apiKey": "public-key", "apiSecret": c.APISecret}, r, 1)
			sameHeaders(t, signed.Headers,
				map[string]string{"API-Key": "public-key", c.Want.HeaderName: c.Want.Signature})
		})
	}
}

type coinbaseCase struct {
	ID, Source, Note, Timestamp string
	APISecret                   string `json:"api_secret"`
	Request                     struct {
		Method, Body string
		RequestPath  string `json:"request_path"`
	}
	Want struct {
		StringToSign string `json:"string_to_sign"`
		Signature    string
		HeaderName   string `json:"header_name"`
	}
}

func TestVectorsCoinbaseExchange(t *testing.T) {
	for _, c := range vectors.Load[coinbaseCase](t, "coinbase_exchange", 2) {
		t.Run(c.ID, func(t *testing.T) {
			path, query, _ := strings.Cut(c.Request.RequestPath, "?")
			r := Request{
				Method: c.Request.Method,
				Path:   path,
				Query:  query,
				Body:   []byte(c.Request.Body),
			}
			signed := mustSign(t, "hmac-coinbase", map[string]string{"apiKey": "public-key",
				"apiSecret": c.APISecret, "passphrase": "phrase"}, r, 1000*millis(t, c.Timestamp))
			sameHeaders(t, signed.Headers,
				map[string]string{"CB-ACCESS-KEY": "public-key", "CB-ACCESS-PASSPHRASE": "phrase",
					"CB-ACCESS-TIMESTAMP": c.Timestamp, c.Want.HeaderName: c.Want.Signature})
			note(t, signed, "string to sign", c.Want.StringToSign)
		})
	}
}
