package servers

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// awsClient sends requests that AWS's own SDK has signed; with no id, unsigned ones.
type awsClient struct {
	url, service, id, key string
}

// answer is what a server said to a client that is not Janee.
type answer struct {
	status int
	header http.Header
	body   string
}

func (c awsClient) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	ctx := t.Context()
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if c.id != "" {
		if err := c.sign(request, []byte(body), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

func (c awsClient) sign(r *http.Request, body []byte, at time.Time) error {
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", payload)
	signer := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = c.service == "s3"
	})
	credentials := aws.Credentials{AccessKeyID: c.id, SecretAccessKey: c.key}
	return signer.SignHTTP(r.Context(), credentials, r, payload, c.service, "us-east-1", at)
}

func (c awsClient) wants(t *testing.T, status int, method, path, body string) answer {
	t.Helper()
	a := c.do(t, method, path, body)
	if a.status != status {
		t.Fatalf("%s %s without Janee: want %d, got %d %s", method, path, status, a.status, a.body)
	}
	return a
}
