package servers

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const (
	s3ID  = "janeetestid"
	s3Key = "Q7wE2rT9yU4iO1pA6sD3fG8hJ5kL0zXc"
)

const s3Capabilities = `  all: {service: s3}
  objects:
    service: s3
    rules: {allow: ["GET *", "PUT /public/*"]}
  publisher:
    service: s3
    rules: {allow: ["PUT /public/?policy"]}
  copier:
    service: s3
    allowHeaders: [x-amz-copy-source]
    rules: {allow: ["GET /copy/*", "PUT /copy/*"], deny: ["GET /copy/private/*"]}
  cleaner:
    service: s3
    rules: {allow: ["POST /multi?delete"]}
  remover:
    service: s3
    rules: {allow: ["DELETE /force"]}
`

// bucket is MinIO behind Janee, and MinIO as a client sees it that has nothing to do with Janee.
type bucket struct {
	*agent
	truth awsClient
}

func startMinIO(t *testing.T) bucket {
	t.Helper()
	binary, data := tool(t, "MINIO", "minio"), t.TempDir()
	url := start(t, func(ctx context.Context, port string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "server", "--address", "127.0.0.1:"+port, data)
		cmd.Env = []string{"MINIO_ROOT_USER=" + s3ID, "MINIO_ROOT_PASSWORD=" + s3Key,
			"MINIO_ACCESS_KEY=" + s3ID, "MINIO_SECRET_KEY=" + s3Key, // of older ones
			"MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_CI_CD=1"}
		return cmd
	})
	h := newHouse(t)
	h.run(s3Key, "add", "s3", "-u", url, "--auth-type", "aws-sigv4", "--access-key-id", s3ID,
		"--secret-access-key", "-", "--aws-region", "us-east-1", "--aws-service", "s3", "--no-capability")
	h.capabilities(s3Capabilities)
	return bucket{agent: h.serve(), truth: awsClient{url: url, service: "s3", id: s3ID, key: s3Key}}
}

// make makes a bucket with the objects given as name, content, name, content.
func (b bucket) make(t *testing.T, name string, objects ...string) {
	t.Helper()
	b.truth.wants(t, 200, "PUT", "/"+name, "")
	for i := 0; i < len(objects); i += 2 {
		b.truth.wants(t, 200, "PUT", "/"+name+"/"+objects[i], objects[i+1])
	}
}

// holds fails unless the object has this content.
func (b bucket) holds(t *testing.T, path, want string) {
	t.Helper()
	if got := b.truth.wants(t, 200, "GET", path, ""); got.body != want {
		t.Fatalf("%s holds %q, want %q", path, got.body, want)
	}
}

var keyElement = regexp.MustCompile(`<Key>([^<]*)</Key>`)

// keys are the names of the objects of a bucket.
func (b bucket) keys(t *testing.T, name string) string {
	t.Helper()
	var keys []string
	for _, m := range keyElement.FindAllStringSubmatch(b.truth.wants(t, 200, "GET", "/"+name+"?list-type=2", "").body, -1) {
		keys = append(keys, m[1])
	}
	return fmt.Sprint(keys)
}

func contentMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestS3(t *testing.T) {
	t.Parallel()
	b := startMinIO(t)
	b.make(t, "public", "dst", "old", "open", "read me")
	t.Run("put, list, get, head, delete", b.basics)
	t.Run("metadata", b.metadata)
	t.Run("copy", b.copies)
	t.Run("delete many", b.deleteMany)
	t.Run("policy under rules", b.policy)
	t.Run("key in pieces", b.pieces)
	t.Run("names", b.names)
	t.Run("queries", b.queries)
	t.Run("delete by force", b.force)
	t.Run("wrong key", b.wrongKey)
}

func (b bucket) basics(t *testing.T) {
	all := func(method, path, body string) call {
		return call{Capability: "all", Method: method, Path: path, Body: body}
	}
	b.wants(t, 200, all("PUT", "/basic", ""))
	b.wants(t, 200, all("PUT", "/basic/a/one.txt", "the first"))
	b.holds(t, "/basic/a/one.txt", "the first")
	b.wants(t, 200, all("PUT", "/basic/two%20words%20~%C3%B6.txt", "the second"))
	b.holds(t, "/basic/two%20words%20~%C3%B6.txt", "the second")

	if r := b.wants(t, 200, all("GET", "/", "")); !strings.Contains(r.Body, "<Name>basic</Name>") {
		t.Errorf("the list of buckets: %s", r.raw)
	}
	r := b.wants(t, 200, all("GET", "/basic?list-type=2&prefix=a%2F&delimiter=%2F", ""))
	if !strings.Contains(r.Body, "<Key>a/one.txt</Key>") || strings.Contains(r.Body, "two words") {
		t.Errorf("the list of objects: %s", r.raw)
	}
	if r := b.wants(t, 200, all("GET", "/basic/a/one.txt", "")); r.Body != "the first" {
		t.Errorf("the object: %s", r.raw)
	}
	b.wants(t, 200, all("HEAD", "/basic/a/one.txt", ""))
	b.wants(t, 404, all("HEAD", "/basic/none", ""))
	b.wants(t, 204, all("DELETE", "/basic/a/one.txt", ""))
	if got := b.keys(t, "basic"); got != "[two words ~ö.txt]" {
		t.Errorf("after the delete there are %s", got)
	}
}

func (b bucket) metadata(t *testing.T) {
	b.make(t, "meta")
	b.wants(t, 200, call{Capability: "all", Method: "PUT", Path: "/meta/o", Body: "text",
		Headers: map[string]string{"x-amz-meta-colour": "deep  blue", "Content-Type": "text/x-test", "Cache-Control": "max-age=60"}})
	got := b.truth.wants(t, 200, "HEAD", "/meta/o", "").header
	for name, want := range map[string]string{"X-Amz-Meta-Colour": "deep blue", "Content-Type": "text/x-test", "Cache-Control": "max-age=60"} {
		if value := strings.Join(strings.Fields(got.Get(name)), " "); value != want {
			t.Errorf("%s is %q on the server, want %q", name, value, want)
		}
	}
}

// copies: a copy whose source does not arrive is a PUT of nothing, which empties the destination. No refusal may do that.
func (b bucket) copies(t *testing.T) {
	b.make(t, "copy", "src", "the source", "private/src", "a secret", "dst", "old")
	b.make(t, "other", "src", "another's")
	from := func(capability, source string) call {
		return call{Capability: capability, Method: "PUT", Path: "/copy/dst", Headers: map[string]string{"x-amz-copy-source": source}}
	}

	b.refused(t, "RULE_DENY", call{Capability: "objects", Method: "PUT", Path: "/copy/dst"})
	for _, source := range []string{"/copy/private/src", "copy/private/src", "/copy/%70rivate/src", "/other/src", "/copy/x/../private/src"} {
		if r := b.execute(t, from("copier", source)); r.Status != 0 {
			t.Errorf("a copy of %s: want a refusal, got %s", source, r.raw)
		}
		b.holds(t, "/copy/dst", "old")
	}
	b.wants(t, 200, from("copier", "/copy/src"))
	b.holds(t, "/copy/dst", "the source")
	b.wants(t, 200, from("all", "/other/src"))
	b.holds(t, "/copy/dst", "another's")

	// Without allowHeaders: the rules let this path be written, and still no copy is made.
	refused := from("objects", "/copy/src")
	refused.Path = "/public/dst"
	if r := b.execute(t, refused); r.Status != 0 {
		t.Errorf("a copy that nothing lists: want a refusal, got %s", r.raw)
	}
	b.holds(t, "/public/dst", "old")
}

func (b bucket) deleteMany(t *testing.T) {
	b.make(t, "multi", "one", "1", "two", "2", "three", "3")
	body := "<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object></Delete>"
	c := call{Method: "POST", Path: "/multi?delete", Body: body,
		Headers: map[string]string{"Content-Type": "application/xml", "Content-MD5": contentMD5(body)}}
	c.Capability = "objects"
	b.refused(t, "RULE_DENY", c)
	if got := b.keys(t, "multi"); got != "[one three two]" {
		t.Fatalf("after the refusal there are %s", got)
	}
	c.Capability = "cleaner"
	b.wants(t, 200, c)
	if got := b.keys(t, "multi"); got != "[three]" {
		t.Errorf("after the delete there are %s", got)
	}
}

const publicPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},` +
	`"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::public/*"]}]}`

// policy: `PUT /public/*` is about objects. With ?policy the same path opens the bucket to everybody.
func (b bucket) policy(t *testing.T) {
	anonymous := awsClient{url: b.truth.url}
	closed := func(when string) {
		t.Helper()
		if r := anonymous.do(t, "GET", "/public/open", ""); r.status != 403 {
			t.Fatalf("%s anybody reads the bucket: %d", when, r.status)
		}
	}
	b.wants(t, 200, call{Capability: "objects", Method: "PUT", Path: "/public/new", Body: "new"})
	b.holds(t, "/public/new", "new")
	for _, path := range []string{"/public/?policy", "/public/?policy=", "/public/?x=1&policy", "/public/?%70olicy", "/public/new?acl", "/public/?POLICY"} {
		if r := b.execute(t, call{Capability: "objects", Method: "PUT", Path: path, Body: publicPolicy}); r.Status != 0 {
			t.Errorf("PUT %s under PUT /public/*: want a refusal, got %s", path, r.raw)
		}
		closed("after " + path)
	}
	b.refused(t, "RULE_DENY", call{Capability: "publisher", Method: "PUT", Path: "/public/new", Body: "x"})
	b.wants(t, 204, call{Capability: "publisher", Method: "PUT", Path: "/public/?policy", Body: publicPolicy})
	if r := anonymous.do(t, "GET", "/public/open", ""); r.status != 200 || r.body != "read me" {
		t.Errorf("the policy that a rule names was not set: %d", r.status)
	}
}

// pieces: an object that holds the key comes masked, and no header or query brings it in pieces too short to be known.
func (b bucket) pieces(t *testing.T) {
	b.make(t, "leak", "env", "KEY="+s3Key+"\n")
	whole := b.wants(t, 200, call{Capability: "all", Method: "GET", Path: "/leak/env"})
	if masked(t, whole, s3Key); !mask.MatchString(whole.Body) {
		t.Errorf("the key is not masked: %s", whole.raw)
	}
	for _, name := range []string{"Range", "range", "RANGE", "X-Range", "Request-Range", "x-amz-range", "Unless-Modified-Since", "If-Range"} {
		for at := 4; at < 4+len(s3Key); at += 6 {
			r := b.execute(t, call{Capability: "all", Method: "GET", Path: "/leak/env",
				Headers: map[string]string{name: fmt.Sprintf("bytes=%d-%d", at, at+5)}})
			if r.Status == http.StatusPartialContent {
				t.Fatalf("%s brings a piece: %s", name, r.raw)
			}
			masked(t, r, s3Key)
		}
	}
	b.copiedPieces(t)
}

// copiedPieces: a part of an upload can be a range of another object.
func (b bucket) copiedPieces(t *testing.T) {
	started := b.wants(t, 200, call{Capability: "all", Method: "POST", Path: "/leak/piece?uploads"})
	id := regexp.MustCompile(`<UploadId>([^<]+)<`).FindStringSubmatch(started.Body)
	if id == nil {
		t.Fatalf("no upload: %s", started.raw)
	}
	b.refused(t, "REQUEST_REJECTED", call{Capability: "all", Method: "PUT", Path: "/leak/piece?partNumber=1&uploadId=" + id[1],
		Headers: map[string]string{"x-amz-copy-source": "/leak/env", "x-amz-copy-source-range": "bytes=4-9"}})
	if parts := b.truth.wants(t, 200, "GET", "/leak/piece?uploadId="+id[1], "").body; strings.Contains(parts, "<Part>") {
		t.Errorf("a piece was copied: %s", parts)
	}
}

// wrongKey: MinIO looks at signatures, or the rest of this file would prove little.
func (b bucket) wrongKey(t *testing.T) {
	stranger := b.truth
	stranger.key = strings.ToLower(s3Key)
	if r := stranger.do(t, "GET", "/", ""); r.status != 403 || !strings.Contains(r.body, "SignatureDoesNotMatch") {
		t.Errorf("a request signed with another key: %d %s", r.status, r.body)
	}
}

// names: a name that Janee takes is that of the object on the server, byte for byte, and one that it refuses writes nothing.
func (b bucket) names(t *testing.T) {
	b.make(t, "names")
	taken := 0
	for _, name := range objectNames() {
		path, truly := "/names/"+strings.ReplaceAll(url.PathEscape(name), "%2F", "/"), "/names/"+escaped(name)
		r := b.execute(t, call{Capability: "all", Method: "PUT", Path: path, Body: "under " + name})
		switch {
		case r.Status == 200:
			taken++
			b.holds(t, truly, "under "+name)
			b.truth.wants(t, 204, "DELETE", truly, "")
		case r.Denial.ReasonCode != "REQUEST_REJECTED":
			t.Errorf("%q: want it written or REQUEST_REJECTED, got %s", name, r.raw)
		}
		if left := b.keys(t, "names"); left != "[]" {
			t.Fatalf("PUT of %q wrote %s", name, left)
		}
	}
	if taken < 80 {
		t.Errorf("Janee took %d names", taken)
	}
}

// escaped is a name as AWS spells it in a canonical path.
func escaped(name string) (path string) {
	for _, c := range []byte(name) {
		if unreserved := "-._~/"; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(unreserved, c) >= 0 {
			path += string(rune(c))
		} else {
			path += fmt.Sprintf("%%%02X", c)
		}
	}
	return path
}

// queries: what is signed is what the server reads, whatever the query is spelled like.
func (b bucket) queries(t *testing.T) {
	b.make(t, "queries", "a%2Bb", "1", "a%20b", "2", "a%26b%3Dc", "3", "%C3%B6", "4")
	for query, want := range map[string]string{
		"prefix=a%2Bb": "a+b", "prefix=a%20": "a b", "prefix=a+b": "a b", "prefix=a%26b%3Dc": "a&amp;b=c", "prefix=%C3%B6": "ö",
		"prefix=%c3%b6": "ö", "max-keys=1&prefix=a%2B": "a+b", "prefix=a%2B&max-keys=1": "a+b", "prefix=a%26&delimiter=": "a&amp;b=c",
		"prefix=a%2B&encoding-type=url": "a%2Bb",
	} {
		r := b.wants(t, 200, call{Capability: "all", Method: "GET", Path: "/queries?list-type=2&" + query})
		if found := keyElement.FindAllStringSubmatch(r.Body, -1); len(found) != 1 || found[0][1] != want {
			t.Errorf("%s: want the object %q, got %s", query, want, r.Body)
		}
	}
}

// force: MinIO deletes a bucket with all that is in it where a header says so. The rule is about the bucket alone.
func (b bucket) force(t *testing.T) {
	b.make(t, "force", "one", "1")
	b.wants(t, 409, call{Capability: "remover", Method: "DELETE", Path: "/force"})
	r := b.execute(t, call{Capability: "remover", Method: "DELETE", Path: "/force", Headers: map[string]string{"x-minio-force-delete": "true"}})
	if r.Status != 0 {
		t.Errorf("want a refusal, got %s", r.raw)
	}
	b.holds(t, "/force/one", "1")
}
