package servers

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// The account that Azurite comes with, and its key, which everybody knows.
const (
	azureAccount = "devstoreaccount1"
	azureKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/" +
		"KBHBeksoGMGw=="
)

const azureCapabilities = `  all: {service: blobs}
  objects:
    service: blobs
    rules: {allow: ["GET *", "PUT /devstoreaccount1/public/*"]}
  publisher:
    service: blobs
    allowHeaders: [x-ms-blob-public-access]
    rules:
      allow:
        - PUT /devstoreaccount1/public?restype
        - PUT /devstoreaccount1/public?comp
  copier:
    service: blobs
    allowHeaders: [x-ms-copy-source]
    rules:
      allow: [GET /devstoreaccount1/copy/*, PUT /devstoreaccount1/copy/*]
      deny: ["GET *private*"]
`

// account is Azurite behind Janee, and Azurite as Azure's own SDK sees it.
type account struct {
	*agent
	url   string
	truth *azblob.Client
}

func startAzurite(t *testing.T) account {
	t.Helper()
	url := start(t, node("azurite/dist/src/blob/main.js", func(port string) []string {
		return []string{
			"--blobPort", port, "--inMemoryPersistence", "--disableTelemetry", "--silent",
			"--skipApiVersionCheck",
		}
	}))
	h := newHouse(t)
	h.run(azureKey, "add", "blobs", "-u", url, "--auth-type", "azure-sharedkey",
		"--field", "account="+azureAccount, "-k", "-", "--no-capability")
	h.capabilities(azureCapabilities)
	return account{h.serve(), url, azureSDK(t, url, azureKey)}
}

func azureSDK(t *testing.T, url, key string) *azblob.Client {
	t.Helper()
	credential, err := azblob.NewSharedKeyCredential(azureAccount, key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := azblob.NewClientWithSharedKeyCredential(url+"/"+azureAccount, credential, nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// make makes a container with the blobs given as name, content, name, content.
func (a account) make(t *testing.T, container string, blobs ...string) {
	t.Helper()
	if _, err := a.truth.CreateContainer(t.Context(), container, nil); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(blobs); i += 2 {
		content := []byte(blobs[i+1])
		if _, err := a.truth.UploadBuffer(t.Context(), container,
			blobs[i], content, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// holds fails unless the blob has this content.
func (a account) holds(t *testing.T, container, blob, want string) {
	t.Helper()
	stream, err := a.truth.DownloadStream(t.Context(), container, blob, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	got, err := io.ReadAll(stream.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Fatalf("%s/%s holds %q, want %q", container, blob, got, want)
	}
}

// blob is a call about a path below the account.
func blob(capability, method, path, body string, headers ...string) call {
	return ask(capability, method, "/"+azureAccount+path, body, headers...)
}

func TestAzure(t *testing.T) {
	t.Parallel()
	a := startAzurite(t)
	a.make(t, "public", "dst", "old")
	t.Run("create, put, metadata, list, get, delete", a.basics)
	t.Run("copy", a.copies)
	t.Run("acl under rules", a.acl)
	t.Run("key in pieces", a.pieces)
	t.Run("names", a.names)
	t.Run("queries", a.queries)
	t.Run("wrong key", a.wrongKey)
}

func (a account) basics(t *testing.T) {
	a.wants(t, 201, blob("all", "PUT", "/basic?restype=container", ""))
	a.wants(t, 201, blob("all", "PUT", "/basic/dir/one.txt", "the first",
		"x-ms-blob-type", "BlockBlob", "x-ms-meta-colour", "blue",
		"x-ms-blob-content-type", "text/x-test"))
	a.holds(t, "basic", "dir/one.txt", "the first")
	one := a.truth.ServiceClient().NewContainerClient("basic").NewBlobClient("dir/one.txt")
	properties, err := one.GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	colour := properties.Metadata["Colour"]
	if colour == nil || *colour != "blue" || *properties.ContentType != "text/x-test" {
		t.Errorf("on the server there are %v and %v", colour, *properties.ContentType)
	}

	r := a.wants(t, 200, blob("all", "GET", "/?comp=list", ""))
	if !strings.Contains(r.Body, "<Name>basic</Name>") {
		t.Errorf("the list of containers: %s", r.raw)
	}
	r = a.wants(t, 200, blob("all", "GET", "/basic?restype=container&comp=list&prefix=dir%2F", ""))
	if !strings.Contains(r.Body, "<Name>dir/one.txt</Name>") {
		t.Errorf("the list of blobs: %s", r.raw)
	}
	r = a.wants(t, 200, blob("all", "GET", "/basic/dir/one.txt", ""))
	if r.Body != "the first" {
		t.Errorf("the blob: %s", r.raw)
	}
	a.wants(t, 202, blob("all", "DELETE", "/basic/dir/one.txt", ""))
	a.wants(t, 404, blob("all", "HEAD", "/basic/dir/one.txt", ""))
}

// copies: Azure copies by a header as S3 does, and takes a URL there.
func (a account) copies(t *testing.T) {
	a.make(t, "copy", "src", "the source", "private/src", "a secret", "dst", "old")
	a.make(t, "other", "src", "another's")
	from := func(capability, path, source string) call {
		return blob(capability, "PUT", path, "", "x-ms-copy-source", a.url+"/"+azureAccount+source)
	}
	for _, source := range []string{"/copy/private/src", "/copy/%70rivate/src", "/other/src"} {
		if r := a.execute(t, from("copier", "/copy/dst", source)); r.Status != 0 {
			t.Errorf("a copy of %s: want a refusal, got %s", source, r.raw)
		}
		a.holds(t, "copy", "dst", "old")
	}
	a.wants(t, 202, from("copier", "/copy/dst", "/copy/src"))
	a.holds(t, "copy", "dst", "the source")
	a.wants(t, 202, from("all", "/copy/dst", "/other/src"))
	a.holds(t, "copy", "dst", "another's")

	a.refused(t, "RULE_DENY", from("objects", "/public/dst", "/copy/src"))
	a.holds(t, "public", "dst", "old")
}

// acl: with comp=acl a PUT of the container opens it to everybody.
func (a account) acl(t *testing.T) {
	open := func(capability, path string) call {
		return blob(capability, "PUT", path, "", "x-ms-blob-public-access", "container")
	}
	anonymous := awsClient{url: a.url + "/" + azureAccount}
	a.wants(t, 201, blob("objects", "PUT", "/public/new", "new", "x-ms-blob-type", "BlockBlob"))
	for _, path := range []string{"/public?restype=container&comp=acl",
		"/public/?restype=container&comp=acl", "/public/new?comp=metadata"} {
		a.refused(t, "RULE_DENY", open("objects", path))
	}
	anonymous.wants(t, 403, "GET", "/public/new", "")
	a.wants(t, 200, open("publisher", "/public?restype=container&comp=acl"))
	anonymous.wants(t, 200, "GET", "/public/new", "")
}

// pieces: x-ms-range is Range in Azure's spelling.
func (a account) pieces(t *testing.T) {
	a.make(t, "leak", "env", "KEY="+azureKey+"\n")
	whole := a.wants(t, 200, blob("all", "GET", "/leak/env", ""))
	if masked(t, whole, azureKey); !mask.MatchString(whole.Body) {
		t.Errorf("the key is not masked: %s", whole.raw)
	}
	for _, name := range []string{"x-ms-range", "X-MS-RANGE", "Range"} {
		for at := 4; at < 4+len(azureKey); at += 6 {
			piece := fmt.Sprintf("bytes=%d-%d", at, at+5)
			r := a.execute(t, blob("all", "GET", "/leak/env", "", name, piece))
			if r.Status == http.StatusPartialContent {
				t.Fatalf("%s brings a piece: %s", name, r.raw)
			}
			masked(t, r, azureKey)
		}
	}
}

// wrongKey: Azurite looks at signatures, or the rest of this file would prove little.
func (a account) wrongKey(t *testing.T) {
	stranger := azureSDK(t, a.url, strings.Replace(azureKey, "E", "F", 1))
	_, err := stranger.CreateContainer(t.Context(), "strange", nil)
	if err == nil || !strings.Contains(err.Error(), "AuthorizationFailure") {
		t.Errorf("a request signed with another key: %v", err)
	}
}

// names are those of the server, as in S3.
func (a account) names(t *testing.T) {
	a.make(t, "names")
	taken := 0
	for _, name := range objectNames() {
		path := "/names/" + escapedPath(name)
		r := a.execute(t, blob("all", "PUT", path, "under "+name, "x-ms-blob-type", "BlockBlob"))
		got := a.list(t, "names")
		switch {
		case r.Status == http.StatusCreated:
			taken++
			if want := fmt.Sprintf("%q", []string{name}); got != want {
				t.Fatalf("PUT of %q wrote %s", name, got)
			}
			a.wants(t, 202, blob("all", "DELETE", path, ""))
		case r.Denial.ReasonCode != "REQUEST_REJECTED" || got != "[]":
			t.Fatalf("%q: want it written or REQUEST_REJECTED, got %s and %s", name, r.raw, got)
		}
	}
	if taken < 80 {
		t.Errorf("Janee took %d names", taken)
	}
}

// list is the names of the blobs of a container, quoted.
func (a account) list(t *testing.T, container string) string {
	t.Helper()
	var names []string
	for pages := a.truth.NewListBlobsFlatPager(container, nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	return fmt.Sprintf("%q", names)
}

// queries are signed as the server reads them.
func (a account) queries(t *testing.T) {
	a.make(t, "queries", "a+b", "1", "a b", "2", "a&b=c", "3", "ö", "4")
	for query, want := range map[string]string{"prefix=a%2Bb": "a+b", "prefix=a%20b": "a b",
		"prefix=a%26b%3Dc": "a&amp;b=c", "prefix=%C3%B6": "ö", "maxresults=1&prefix=a%2B": "a+b",
		"Prefix=a%2B": "a+b"} {
		r := a.wants(t, 200, blob("all", "GET", "/queries?restype=container&comp=list&"+query, ""))
		if !strings.Contains(r.Body, "<Name>"+want+"</Name>") {
			t.Errorf("%s: want the blob %q, got %s", query, want, r.Body)
		}
	}
}
