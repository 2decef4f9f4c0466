package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckRemote refuses what must not be written to a settings file: a URL with a credential or a
// variable of the client in it, a host to which the token would travel in plaintext, and what is
// not the name of an environment variable. Plain HTTP goes to this machine only, and to a name
// without a dot, which is a service in a network of containers (docs/containers.md).
func CheckRemote(r clients.Remote) error {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("--http: %q is not an http or https URL", r.URL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("--http: the URL must not have a user, a query or a fragment: settings " +
			"files hold no credentials")
	case strings.ContainsAny(r.URL, "${}"):
		return fmt.Errorf("--http: a client would replace what is between { and } in %q", r.URL)
	case u.Scheme == "http" && !local(u.Hostname()):
		return fmt.Errorf("--http: the token would travel to %q in plaintext: use https",
			u.Hostname())
	case !envName.MatchString(r.TokenEnv):
		return fmt.Errorf("--token-env: %q is not the name of an environment variable", r.TokenEnv)
	}
	return nil
}

// serviceName is a name that no client reads as an address: one that begins with a digit may be
// an IPv4 address in one number, and Unicode may have another dot (https://url.spec.whatwg.org/).
var serviceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func local(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return serviceName.MatchString(host) || strings.HasSuffix(host, ".localhost")
}

// TryRemote sends initialize to a server over HTTP.
func TryRemote(ctx context.Context, r clients.Remote, token string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL,
		strings.NewReader(initialize))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token goes to this host alone
	}}
	res, err := client.Do(req)
	if at := (*url.Error)(nil); errors.As(err, &at) {
		return at.Err // the caller names the URL
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return err
	}
	return isReply(eventData(body))
}

// eventData returns the data of the first server-sent event of a body, or the body.
func eventData(body []byte) []byte {
	for line := range strings.Lines(string(body)) {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			return []byte(data)
		}
	}
	return body
}
