package policy

import (
	"net/url"
	"strings"
	"testing"
)

func operations(t *testing.T, name string) *Operations {
	t.Helper()
	o, ok := NamedOperations(name)
	if !ok || o.String() != name {
		t.Fatalf("no operations %q", name)
	}
	return o
}

func TestQueryOperations(t *testing.T) {
	s3, azure, git := operations(t, "s3"), operations(t, "azure"), operations(t, "git")
	own := ListedOperations([]string{"cmd", "Action"})
	for _, c := range []struct {
		o                         *Operations
		allow, deny, method, path string
		want                      Outcome
	}{
		{nil, "PUT /public/*", "", "PUT", "/public/?policy", Allowed},
		// rules of other services see the path alone
		{s3, "PUT /public/*", "", "PUT", "/public/?policy", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?policy=", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?policy=x", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?polic%79", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?polic%2579", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?POLICY", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?+policy", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?%20policy%20", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?policy%00", Rejected},
		{s3, "PUT /public/*", "", "PUT", "/public/?amp%3Bpolicy", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?policy[]=1", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?[policy]", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?policy%3Dx", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?x=1&policy", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?x=1&&policy&", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?x-amz-acl=public-read", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/?X-Amz-Signature=1", Denied},
		{s3, "PUT /public/*", "", "PUT", "/public/a?x-id=PutObject", Allowed},
		{s3, "GET /public*", "", "GET",
			"/public?list-type=2&prefix=a&delimiter=/&max-keys=1&continuation-token=x&" +
				"encoding-type=url&fetch-owner=true&start-after=b&marker=c", Allowed},
		{s3, "GET /public*", "", "GET", "/public/a?response-content-type=text/plain", Allowed},
		{s3, "PUT /public/*?policy", "", "PUT", "/public/?policy", Allowed},
		{s3, "PUT /public/*?policy", "", "PUT", "/public/?policy=1&x=2", Allowed},
		{s3, "PUT /public/*?policy", "", "PUT", "/public/?POLICY", Denied},
		// there it is no operation, and would write an object
		{s3, "PUT /public/*?policy", "", "PUT", "/public/?policy&acl", Denied},
		{s3, "PUT /public/*?policy", "", "PUT", "/public/?policy&POLICY", Denied},
		{s3, "PUT /public/*?policy|PUT /public/*?acl", "", "PUT", "/public/?policy&acl", Allowed},
		{s3, "PUT /public/*?policy", "", "PUT", "/public/a", Denied},
		{s3, "PUT /public/*?policy", "", "GET", "/public/?policy", Denied},
		{s3, "PUT /public/*?policy", "", "PUT", "/other/?policy", Denied},
		{s3, "PUT /b/*?partNumber|PUT /b/*?uploadId", "", "PUT", "/b/k?partNumber=1&uploadId=x",
			Allowed},
		{s3, "GET /b/*", "", "GET", "/b/k?partNumber=1", Denied}, // a piece
		{s3, "* *", "", "DELETE", "/b/k?versionId=x", Denied},
		{s3, "* *", "", "POST", "/b?delete", Denied},
		{s3, "* *", "", "POST", "/b/k?extendRetention", Denied}, // IBM
		{s3, "* *", "", "POST", "/b?metaQuery", Denied},         // OSS
		{s3, "* *", "", "PUT", "/b?billing", Denied},            // Google
		{s3, "POST /b?delete", "", "POST", "/b?delete", Allowed},
		{s3, "* *|* *?policy", "PUT /public/*", "PUT", "/public/?policy", Denied},
		// a deny rule without a key denies with any
		{s3, "* *|* *?policy", "PUT /public/*?policy", "PUT", "/public/a", Allowed},
		// and one with a key no other
		{s3, "* *|* *?policy", "PUT /public/*?POLICY", "PUT", "/Public/?policy", Denied},
		// in any spelling
		{nil, "* *", "* *?acl", "PUT", "/b/k?a%63l", Denied},
		{nil, "* *", "* /b/?acl", "PUT", "/b?acl", Denied},
		{nil, "* *", "* *?acl", "PUT", "/b/k?acls", Allowed},
		{nil, "GET /x?full", "", "GET", "/x?full=1", Allowed},
		{nil, "GET /x?full", "", "GET", "/x?part=1", Denied},
		{nil, "GET /x?full", "", "GET", "/x", Denied},
		{azure, "GET /c*", "", "GET", "/c?restype=container&comp=list", Denied},
		{azure, "GET /c*|GET /c?comp", "", "GET", "/c?restype=container&comp=list", Denied},
		{azure, "GET /c?restype|GET /c?comp", "", "GET", "/c?restype=container&comp=list", Allowed},
		{azure, "PUT /c/*", "", "PUT", "/c/b?COMP=metadata", Denied},
		{azure, "GET /c/*", "", "GET", "/c/b?sv=1&sig=x", Denied},
		{azure, "GET /c/*", "", "GET", "/c/b?timeout=30", Allowed},
		{git, "GET /r/info/refs", "", "GET", "/r/info/refs?service=git-receive-pack", Denied},
		{git, "GET /r/info/refs?service", "", "GET", "/r/info/refs?service=git-upload-pack",
			Allowed},
		{own, "GET /*", "", "GET", "/a?cmd=x", Denied},
		{own, "GET /*", "", "GET", "/a?action=x", Denied},
		{own, "GET /*", "", "GET", "/a?acl", Allowed},
	} {
		j, d := Judge(restricted(t, c.allow, c.deny), Options{Operations: c.o}, c.method, c.path)
		if d.Outcome != c.want || (d.Outcome == Allowed) != (j != Judged{}) {
			t.Errorf("%s, allow %q, deny %q: %s %s: %+v", c.o, c.allow, c.deny, c.method, c.path, d)
		}
		if d.Outcome != Allowed && (d.Reason == "" || d.Hint == "") {
			t.Errorf("%s: %+v", c.path, d)
		}
	}
	_, d := Judge(Unrestricted(), Options{Operations: s3}, "PUT", "/b/?policy")
	if d.Outcome != Allowed {
		t.Errorf("without rules everything is allowed: %+v", d)
	}
	if _, d := Judge(Policy{}, Options{Operations: s3}, "PUT", "/b/?policy"); d.Outcome != Denied {
		t.Errorf("the zero policy: %+v", d)
	}
}

// TestQueryHint gives the rule to ask for, and that rule lets the request pass.
func TestQueryHint(t *testing.T) {
	o := Options{Operations: operations(t, "s3")}
	_, d := Judge(restricted(t, "GET /pub/*|PUT /pub/*", ""), o, "put", "/pub/k?tagging")
	if d.Setting != "queryOperations" || !strings.Contains(d.Hint, `"PUT /pub/k?tagging"`) {
		t.Fatalf("%+v", d)
	}
	_, rule, _ := strings.Cut(d.Hint, `allow "`)
	rule, _, _ = strings.Cut(rule, `"`)
	if _, d = Judge(restricted(t, rule, ""), o, "PUT", "/pub/k?tagging"); d.Outcome != Allowed {
		t.Errorf("with %q: %+v", rule, d)
	}
}

// TestOperationKeys holds the families to folded names that rules can spell.
func TestOperationKeys(t *testing.T) {
	for _, family := range OperationFamilies() {
		for _, key := range strings.Fields(operationKeys[family]) {
			plain := strings.TrimSuffix(key, "*")
			if foldedKey(plain) != plain || !ValidQueryKey(plain) {
				t.Errorf("%s: %s is not folded", family, key)
			}
			_, d := Judge(restricted(t, "* *", ""), Options{Operations: operations(t, family)},
				"PUT", "/b?"+plain+"=1")
			if d.Outcome != Denied {
				t.Errorf("%s: %s passes a rule that does not name it", family, key)
			}
		}
	}
	if _, ok := NamedOperations("gcs"); ok || ListedOperations(nil) != nil ||
		(*Operations)(nil).String() != "" {
		t.Error("there are operations of no family")
	}
}

// FuzzQueryOperations reads an allowed query with another reader and looks for operations that no
// rule named.
func FuzzQueryOperations(f *testing.F) {
	for _, seed := range []string{"policy", "a=1&polic%79=2", "%70olicy", "POLICY=", "+acl",
		"a&&acl", "list-type=2", "amp;acl", "acl[]=1", "%2561cl"} {
		f.Add(seed)
	}
	s3, _ := NamedOperations("s3")
	plain, _ := ParseRule("* *")
	policy := New([]Rule{plain}, nil)
	f.Fuzz(func(t *testing.T, query string) {
		_, d := Judge(policy, Options{Operations: s3}, "GET", "/b?"+query)
		if d.Outcome != Allowed {
			return
		}
		values, _ := url.ParseQuery(query)
		for key := range values {
			if s3.holds(strings.ToLower(strings.TrimSpace(key))) {
				t.Errorf("%q holds the operation %q", query, key)
			}
		}
	})
}

// TestLintWithKeys: what is said of rules on paths does not go astray over rules with a key.
func TestLintWithKeys(t *testing.T) {
	p := restricted(t, "* *|PUT /b/*?acl", "POST /b/*?acl|PUT /b/*")
	if found := p.MissedCollections(); len(found) != 1 || found[0].Rule != "PUT /b/*" {
		t.Errorf("missed: %v", found)
	}
	if found := p.DeadRules(); len(found) != 1 || found[0].Rule != "PUT /b/*?acl" {
		t.Errorf("dead: %v", found)
	}
}
