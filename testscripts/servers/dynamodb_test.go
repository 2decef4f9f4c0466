package servers

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	dynamoID  = "janeetestid"
	dynamoKey = "T5rW8eQ1yU7iO3pA9sD2fG6hJ4kL0zXv"
)

// The operation is in a header that rules do not see, as an operation in a body would be: "POST /"
// is all of them.
const dynamoCapabilities = `  tables:
    service: ddb
    rules: {allow: ["POST /"]}
  wrong: {service: wrong}
`

// doorman refuses what AWS's own SDK would have signed otherwise, as DynamoDB does. dynalite looks
// only at the form of a signature.
func doorman(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || signatureOf(r.Header) != signedAnew(r, body) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w,
				`{"__type":"com.amazon.coral.service#InvalidSignatureException"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(door.Close)
	return door.URL
}

var (
	signatureField = regexp.MustCompile(`Signature=([0-9a-f]{64})$`)
	signedFields   = regexp.MustCompile(`SignedHeaders=([^,]+)`)
)

func signatureOf(h http.Header) string {
	if m := signatureField.FindStringSubmatch(h.Get("Authorization")); m != nil {
		return m[1]
	}
	return "none"
}

// signedAnew is the signature of the same method, URL, body and signed fields; "" if there is none.
func signedAnew(r *http.Request, body []byte) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	signed := signedFields.FindStringSubmatch(r.Header.Get("Authorization"))
	if err != nil || signed == nil {
		return ""
	}
	names := strings.Split(signed[1], ";")
	address := *r.URL
	address.Scheme, address.Host = "http", r.Host
	again := &http.Request{Method: r.Method, Host: r.Host, URL: &address, Header: http.Header{}}
	for name, values := range r.Header {
		if slices.Contains(names, strings.ToLower(name)) {
			again.Header[name] = values
		}
	}
	client := awsClient{service: "dynamodb", id: dynamoID, key: dynamoKey}
	if err := client.sign(again, body, at); err != nil {
		return ""
	}
	return signatureOf(again.Header)
}

// operation is a call of DynamoDB's JSON protocol.
func operation(name, body string) call {
	return ask("tables", "POST", "/", body,
		"X-Amz-Target", "DynamoDB_20120810."+name, "Content-Type", "application/x-amz-json-1.0")
}

const notes = `{"TableName":"notes","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
	{"AttributeName":"who","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"}],
	"KeySchema":[{"AttributeName":"who","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}]}`

const later = `{"TableName":"notes","KeyConditionExpression":"who = :w AND #a > :a",
	"ExpressionAttributeNames":{"#a":"at"},
	"ExpressionAttributeValues":{":w":{"S":"ann"},":a":{"N":"1"}}}`

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	server := start(t, node("dynalite/cli.js", func(port string) []string {
		return []string{"--port", port, "--createTableMs", "0"}
	}))
	door := doorman(t, server)
	h := newHouse(t)
	h.addAWS("ddb", door, dynamoID, dynamoKey, "dynamodb")
	h.addAWS("wrong", door, dynamoID, strings.ToLower(dynamoKey), "dynamodb")
	h.capabilities(dynamoCapabilities)
	a := h.serve()

	a.wants(t, 200, operation("CreateTable", notes))
	active(t, a)
	for _, at := range []string{"1", "2", "3"} {
		item := `{"who":{"S":"ann"},"at":{"N":"` + at + `"},"text":{"S":"ö ` + at + `"}}`
		a.wants(t, 200, operation("PutItem", `{"TableName":"notes","Item":`+item+`}`))
	}
	r := a.wants(t, 200, operation("Query", later))
	if !strings.Contains(r.Body, `"Count":2`) || strings.Contains(r.Body, "ö 1") {
		t.Errorf("the query: %s", r.raw)
	}
	truth := awsClient{url: server, service: "dynamodb", id: dynamoID, key: dynamoKey}
	scan := operation("Scan", `{"TableName":"notes"}`)
	got := truth.do(t, "POST", "/", scan.Body, "X-Amz-Target", scan.Headers["X-Amz-Target"],
		"Content-Type", scan.Headers["Content-Type"])
	if !strings.Contains(got.body, `"Count":3`) || !strings.Contains(got.body, "ö 3") {
		t.Errorf("the table holds %d %s", got.status, got.body)
	}

	wrong := operation("ListTables", `{}`)
	wrong.Capability = "wrong"
	if r := a.wants(t, 400, wrong); !strings.Contains(r.Body, "InvalidSignatureException") {
		t.Errorf("a request signed with another key: %s", r.raw)
	}
}

// active waits for the table to be there.
func active(t *testing.T, a *agent) {
	t.Helper()
	for range 100 {
		described := a.wants(t, 200, operation("DescribeTable", `{"TableName":"notes"}`))
		if strings.Contains(described.Body, `"ACTIVE"`) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the table does not become active")
}
