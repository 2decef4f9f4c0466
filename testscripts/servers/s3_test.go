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
		cmd.Env = []string{"MINIO_ACCESS_KEY=" + s3ID, "MINIO_SECRET_KEY=" + s3Key,
			"MINIO_BROWSER=off", "MINIO_UPDATE=off"}
		return cmd
	})
	h := newHouse(t)
	h.addAWS("s3", url, s3ID, s3Key, "s3")
	h.capabilities(s3Capabilities)
	return bucket{h.serve(), awsClient{url: url, service: "s3", id: s3ID, key: s3Key}}
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

func keysOf(listing string) (keys []string) {
	for _, m := range keyElement.FindAllStringSubmatch(listing, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// keys are the names of the objects of a bucket.
func (b bucket) keys(t *testing.T, name string) string {
	t.Helper()
	return fmt.Sprint(keysOf(b.truth.wants(t, 200, "GET", "/"+name+"?list-type=2", "").body))
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
	t.Run("key in copied pieces", b.copiedPieces)
	t.Run("names", b.names)
	t.Run("queries", b.queries)
	t.Run("delete by force", b.force)
	t.Run("wrong key", b.wrongKey)
}

func (b bucket) basics(t *testing.T) {
	const one, two = "/basic/a/one.txt", "/basic/two%20words%20~%C3%B6.txt"
	b.wants(t, 200, ask("all", "PUT", "/basic", ""))
	b.wants(t, 200, ask("all", "PUT", one, "the first"))
	b.holds(t, one, "the first")
	b.wants(t, 200, ask("all", "PUT", two, "the second"))
	b.holds(t, two, "the second")

	r := b.wants(t, 200, ask("all", "GET", "/", ""))
	if !strings.Contains(r.Body, "<Name>basic</Name>") {
		t.Errorf("the list of buckets: %s", r.raw)
	}
	r = b.wants(t, 200, ask("all", "GET", "/basic?list-type=2&prefix=a%2F&delimiter=%2F", ""))
	if got := fmt.Sprint(keysOf(r.Body)); got != "[a/one.txt]" {
		t.Errorf("the list of objects: %s", r.raw)
	}
	if r := b.wants(t, 200, ask("all", "GET", one, "")); r.Body != "the first" {
		t.Errorf("the object: %s", r.raw)
	}
	b.wants(t, 200, ask("all", "HEAD", one, ""))
	b.wants(t, 404, ask("all", "HEAD", "/basic/none", ""))
	b.wants(t, 204, ask("all", "DELETE", one, ""))
	if got := b.keys(t, "basic"); got != "[two words ~ö.txt]" {
		t.Errorf("after the delete there are %s", got)
	}
}

func (b bucket) metadata(t *testing.T) {
	b.make(t, "meta")
	b.wants(t, 200, ask("all", "PUT", "/meta/o", "text", "x-amz-meta-colour", "deep  blue",
		"Content-Type", "text/x-test", "Cache-Control", "max-age=60"))
	got := b.truth.wants(t, 200, "HEAD", "/meta/o", "").header
	for name, want := range map[string]string{"X-Amz-Meta-Colour": "deep blue",
		"Content-Type": "text/x-test", "Cache-Control": "max-age=60"} {
		// Servers may run blanks together, as the signature does.
		if value := strings.Join(strings.Fields(got.Get(name)), " "); value != want {
			t.Errorf("%s is %q on the server, want %q", name, value, want)
		}
	}
}

// copies: a copy whose source does not arrive is a PUT of nothing, which empties the destination.
func (b bucket) copies(t *testing.T) {
	b.make(t, "copy", "src", "the source", "private/src", "a secret", "dst", "old")
	b.make(t, "other", "src", "another's")
	from := func(capability, source string) call {
		return ask(capability, "PUT", "/copy/dst", "", "x-amz-copy-source", source)
	}
	for _, source := range []string{"/copy/private/src", "copy/private/src", "/copy/%70rivate/src",
		"/other/src", "/copy/x/../private/src"} {
		if r := b.execute(t, from("copier", source)); r.Status != 0 {
			t.Errorf("a copy of %s: want a refusal, got %s", source, r.raw)
		}
		b.holds(t, "/copy/dst", "old")
	}
	b.wants(t, 200, from("copier", "/copy/src"))
	b.holds(t, "/copy/dst", "the source")
	b.wants(t, 200, from("all", "/other/src"))
	b.holds(t, "/copy/dst", "another's")

	unlisted := from("objects", "/copy/src")
	unlisted.Path = "/public/dst"
	b.refused(t, "RULE_DENY", unlisted)
	b.holds(t, "/public/dst", "old")
}

func (b bucket) deleteMany(t *testing.T) {
	b.make(t, "multi", "one", "1", "two", "2", "three", "3")
	body := "<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object></Delete>"
	sum := md5.Sum([]byte(body))
	many := ask("objects", "POST", "/multi?delete", body, "Content-Type", "application/xml",
		"Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	b.refused(t, "RULE_DENY", many)
	if got := b.keys(t, "multi"); got != "[one three two]" {
		t.Fatalf("after the refusal there are %s", got)
	}
	many.Capability = "cleaner"
	b.wants(t, 200, many)
	if got := b.keys(t, "multi"); got != "[three]" {
		t.Errorf("after the delete there are %s", got)
	}
}

const publicPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::public/*"]}]}`

// policy: "PUT /public/*" is about objects. With ?policy the same path opens the bucket to anybody.
func (b bucket) policy(t *testing.T) {
	anonymous := awsClient{url: b.truth.url}
	b.wants(t, 200, ask("objects", "PUT", "/public/new", "new"))
	b.holds(t, "/public/new", "new")
	for _, path := range []string{"/public/?policy", "/public/?policy=", "/public/?x=1&policy",
		"/public/?%70olicy", "/public/?POLICY", "/public/new?acl"} {
		b.refused(t, "RULE_DENY", ask("objects", "PUT", path, publicPolicy))
		anonymous.wants(t, 403, "GET", "/public/open", "")
	}
	b.refused(t, "RULE_DENY", ask("publisher", "PUT", "/public/new", "x"))
	b.wants(t, 204, ask("publisher", "PUT", "/public/?policy", publicPolicy))
	anonymous.wants(t, 200, "GET", "/public/open", "")
}

// pieces: an object that holds the key comes masked, and no header brings it in pieces that are too
// short to know the key in.
func (b bucket) pieces(t *testing.T) {
	b.make(t, "leak", "env", "KEY="+s3Key+"\n")
	whole := b.wants(t, 200, ask("all", "GET", "/leak/env", ""))
	if masked(t, whole, s3Key); !mask.MatchString(whole.Body) {
		t.Errorf("the key is not masked: %s", whole.raw)
	}
	for _, name := range []string{"Range", "RANGE", "X-Range", "Request-Range", "x-amz-range"} {
		for at := 4; at < 4+len(s3Key); at += 6 {
			piece := fmt.Sprintf("bytes=%d-%d", at, at+5)
			r := b.execute(t, ask("all", "GET", "/leak/env", "", name, piece))
			if r.Status == http.StatusPartialContent {
				t.Fatalf("%s brings a piece: %s", name, r.raw)
			}
			masked(t, r, s3Key)
		}
	}
}

// copiedPieces: a part of an upload can be a range of another object.
func (b bucket) copiedPieces(t *testing.T) {
	b.make(t, "copied", "env", "KEY="+s3Key+"\n")
	started := b.wants(t, 200, ask("all", "POST", "/copied/piece?uploads", ""))
	id := regexp.MustCompile(`<UploadId>([^<]+)<`).FindStringSubmatch(started.Body)
	if id == nil {
		t.Fatalf("no upload: %s", started.raw)
	}
	upload := "/copied/piece?uploadId=" + id[1]
	b.refused(t, "REQUEST_REJECTED", ask("all", "PUT", upload+"&partNumber=1", "",
		"x-amz-copy-source", "/copied/env", "x-amz-copy-source-range", "bytes=4-9"))
	if parts := b.truth.wants(t, 200, "GET", upload, ""); strings.Contains(parts.body, "<Part>") {
		t.Errorf("a piece was copied: %s", parts.body)
	}
}

// names: a name that Janee takes is that of the object on the server, byte for byte, and one that
// it refuses writes nothing.
func (b bucket) names(t *testing.T) {
	b.make(t, "names")
	taken := 0
	for _, name := range objectNames() {
		r := b.execute(t, ask("all", "PUT", "/names/"+escapedPath(name), "under "+name))
		truly := "/names/" + canonicalPath(name)
		switch {
		case r.Status == http.StatusOK:
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

// canonicalPath is a name as AWS spells it where it signs.
func canonicalPath(name string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(name))
}

// queries: what is signed is what the server reads, however the query is spelled.
func (b bucket) queries(t *testing.T) {
	b.make(t, "queries", "a%2Bb", "1", "a%20b", "2", "a%26b%3Dc", "3", "%C3%B6", "4")
	for query, want := range map[string]string{
		"prefix=a%2Bb": "[a+b]", "prefix=a%20": "[a b]", "prefix=a+b": "[a b]",
		"prefix=a%26b%3Dc": "[a&amp;b=c]", "prefix=%C3%B6": "[ö]", "prefix=%c3%b6": "[ö]",
		"max-keys=1&prefix=a%2B": "[a+b]", "prefix=a%2B&max-keys=1": "[a+b]",
		"prefix=a%26&delimiter=": "[a&amp;b=c]", "prefix=a%2B&encoding-type=url": "[a%2Bb]",
	} {
		r := b.wants(t, 200, ask("all", "GET", "/queries?list-type=2&"+query, ""))
		if got := fmt.Sprint(keysOf(r.Body)); got != want {
			t.Errorf("%s: want the objects %s, got %s", query, want, got)
		}
	}
}

// force: MinIO deletes a bucket with all that is in it where a header says so. The rule is about
// the bucket alone.
func (b bucket) force(t *testing.T) {
	b.make(t, "force", "one", "1")
	b.wants(t, 409, ask("remover", "DELETE", "/force", ""))
	b.refused(t, "RULE_DENY",
		ask("remover", "DELETE", "/force", "", "x-minio-force-delete", "true"))
	b.holds(t, "/force/one", "1")
}

// wrongKey: MinIO looks at signatures, or the rest of this file would prove little.
func (b bucket) wrongKey(t *testing.T) {
	stranger := b.truth
	stranger.key = strings.ToLower(s3Key)
	r := stranger.wants(t, 403, "GET", "/", "")
	if !strings.Contains(r.body, "SignatureDoesNotMatch") {
		t.Errorf("a request signed with another key: %s", r.body)
	}
}
