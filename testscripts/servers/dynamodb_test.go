package servers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	dynamoID  = "janeetestid"
	dynamoKey = "T5rW8eQ1yU7iO3pA9sD2fG6hJ4kL0zXv"
	dynamoAPI = "DynamoDB_20120810."
)

// The operation is in a header that rules do not see, as an operation in a body would be: `POST /` is all of them.
const dynamoCapabilities = `  tables:
    service: ddb
    rules: {allow: ["POST /"]}
  wrong: {service: wrong}
`

// doorman refuses what AWS's own SDK would have signed otherwise, as DynamoDB does. dynalite looks at the form of a
// signature only.
func doorman(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || signatureOf(r.Header) != signedAnew(t, r, body) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#InvalidSignatureException"}`)
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

// signedAnew is the signature of the same method, URL, body and signed fields.
func signedAnew(t *testing.T, r *http.Request, body []byte) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	signed := signedFields.FindStringSubmatch(r.Header.Get("Authorization"))
	if err != nil || signed == nil {
		return ""
	}
	names := strings.Split(signed[1], ";")
	again := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}}
	for name, values := range r.Header {
		if slices.Contains(names, strings.ToLower(name)) {
			again.Header[name] = values
		}
	}
	sum := sha256.Sum256(body)
	again.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	awsClient{service: "dynamodb", id: dynamoID, key: dynamoKey}.sign(t, again, at)
	return signatureOf(again.Header)
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	server := start(t, node("dynalite", "cli.js", func(port string) []string {
		return []string{"--port", port, "--createTableMs", "0", "--deleteTableMs", "0"}
	}))
	door := doorman(t, server)
	h := newHouse(t)
	h.run(dynamoKey, "add", "ddb", "-u", door, "--auth-type", "aws-sigv4", "--access-key-id", dynamoID,
		"--secret-access-key", "-", "--aws-region", "us-east-1", "--aws-service", "dynamodb", "--no-capability")
	h.run(strings.ToLower(dynamoKey), "add", "wrong", "-u", door, "--auth-type", "aws-sigv4", "--access-key-id", dynamoID,
		"--secret-access-key", "-", "--aws-region", "us-east-1", "--aws-service", "dynamodb", "--no-capability")
	h.capabilities(dynamoCapabilities)
	a := h.serve()
	op := func(name, body string) call {
		return call{Capability: "tables", Method: "POST", Path: "/", Body: body,
			Headers: map[string]string{"X-Amz-Target": dynamoAPI + name, "Content-Type": "application/x-amz-json-1.0"}}
	}

	a.wants(t, 200, op("CreateTable", `{"TableName":"notes","BillingMode":"PAY_PER_REQUEST",`+
		`"AttributeDefinitions":[{"AttributeName":"who","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"}],`+
		`"KeySchema":[{"AttributeName":"who","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}]}`))
	active(t, a, op("DescribeTable", `{"TableName":"notes"}`))
	for _, at := range []string{"1", "2", "3"} {
		a.wants(t, 200, op("PutItem", `{"TableName":"notes","Item":{"who":{"S":"ann"},"at":{"N":"`+at+`"},"text":{"S":"ö `+at+`"}}}`))
	}
	r := a.wants(t, 200, op("Query", `{"TableName":"notes","KeyConditionExpression":"who = :w AND #a > :a",`+
		`"ExpressionAttributeNames":{"#a":"at"},"ExpressionAttributeValues":{":w":{"S":"ann"},":a":{"N":"1"}}}`))
	if !strings.Contains(r.Body, `"Count":2`) || !strings.Contains(r.Body, "ö 3") || strings.Contains(r.Body, "ö 1") {
		t.Errorf("the query: %s", r.raw)
	}
	truth := awsClient{url: server, service: "dynamodb", id: dynamoID, key: dynamoKey}
	if got := truth.target(t, "Scan", `{"TableName":"notes"}`); !strings.Contains(got, `"Count":3`) {
		t.Errorf("the table holds %s", got)
	}

	t.Run("wrong key", func(t *testing.T) {
		c := op("ListTables", `{}`)
		c.Capability = "wrong"
		if r := a.wants(t, 400, c); !strings.Contains(r.Body, "InvalidSignatureException") {
			t.Errorf("a request signed with another key: %s", r.raw)
		}
	})
}

// active waits for a table to be there.
func active(t *testing.T, a *agent, describe call) {
	t.Helper()
	for range 100 {
		if strings.Contains(a.wants(t, 200, describe).Body, `"ACTIVE"`) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the table does not become active")
}

// target asks dynalite for an operation without Janee.
func (c awsClient) target(t *testing.T, name, body string) string {
	t.Helper()
	a := c.do(t, "POST", "/", body, "X-Amz-Target", dynamoAPI+name, "Content-Type", "application/x-amz-json-1.0")
	if a.status != 200 {
		t.Fatalf("%s without Janee: %d %s", name, a.status, a.body)
	}
	return a.body
}

// node is the command of a server that npm has brought.
func node(module, script string, args func(port string) []string) func(context.Context, string) *exec.Cmd {
	return func(ctx context.Context, port string) *exec.Cmd {
		return exec.CommandContext(ctx, "node", append([]string{filepath.Join("node_modules", module, script)}, args(port)...)...)
	}
}
