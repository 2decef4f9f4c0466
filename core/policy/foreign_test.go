package policy

import (
	"strings"
	"testing"
)

// TestForeignCredentials gives a credential in the query, under every name of the table and in the
// spellings that receivers fold.
func TestForeignCredentials(t *testing.T) {
	queries := []string{
		"access_token=x", "page=1&access_token=x", "Access-Token=x", "accessToken=x",
		"access%5Ftoken=x", "access_token[]=x", "access_token[0]=x", "access.token=x",
		"amp;access_token=x", "%61ccess_token=x", "access%255Ftoken=x",
		"access_token", "+access_token=x", "api_key=x", "api-key=x", "ApiKey=x", "X-API-Key=x",
		"authorization=Bearer+x", "private_token=x", "X-Amz-Credential=x", "x-amz-signature=x",
		"AWSAccessKeyId=x",
	}
	for name := range foreignKeys {
		queries = append(queries, "a=b&"+name+"=x", strings.ToUpper(name)+"=x")
	}
	for _, query := range queries {
		d := CheckForeign(query, Options{})
		if d.Outcome != Rejected || !strings.Contains(d.Reason, "credential") || d.Hint == "" {
			t.Errorf("%q: %+v", query, d)
		}
	}
	for _, query := range []string{
		"sudo=root", "a=b&Sudo=1", "as_user_id=7", "doAs=admin", "doas[]=x", "%73udo=1",
	} {
		d := CheckForeign(query, Options{})
		if d.Outcome != Rejected || !strings.Contains(d.Reason, "somebody else") || d.Hint == "" {
			t.Errorf("%q: %+v", query, d)
		}
	}
	if d := CheckForeign("a=b;access_token=x", Options{Semicolon: true}); d.Outcome != Rejected {
		t.Errorf("behind a semicolon: %+v", d)
	}
}

func TestWhatIsNoForeignCredential(t *testing.T) {
	for _, query := range []string{
		"", "token=abc", "key=abc", "page_token=x", "nextToken=x", "next_page_token=x",
		"continuation-token=x", "sort_key=x", "q=access_token", "q=api_key=1",
		"client_secret=pi_1_secret_2", "access_tokens=all", "as_user=1", "pseudo=1",
		"fields=access_token,id", "uploadId=x",
	} {
		if d := CheckForeign(query, Options{}); d.Outcome != Allowed {
			t.Errorf("%q: %+v", query, d)
		}
	}
}
