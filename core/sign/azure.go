package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/wire"
)

// azureSharedKey signs for Azure Storage (blobs, queues and files; not tables, which sign another
// text) with the key of an account. azureCosmos signs for Azure Cosmos DB with its master key, for
// resources addressed by name.
var (
	azureSharedKey = Scheme{
		Type:  "azure-sharedkey",
		Title: "Azure Storage shared key",
		Docs: "https://learn.microsoft.com/en-us/rest/api/storageservices/" +
			"authorize-with-shared-key",
		Fields: []Field{
			{Name: "account", Required: true, Label: "Storage account", fault: scopeFault},
			{Name: "key", Secret: true, Required: true, Label: "Account key (base64)",
				fault: base64Fault},
		},
		sign:    signStorage,
		derived: decodedForms("key"),
		writes:  fields("Authorization", "x-ms-date"),
	}
	azureCosmos = Scheme{
		Type:  "azure-cosmos",
		Title: "Azure Cosmos DB master key",
		Docs: "https://learn.microsoft.com/en-us/rest/api/cosmos-db/" +
			"access-control-on-cosmosdb-resources",
		Fields: []Field{{Name: "key", Secret: true, Required: true,
			Label: "Primary or secondary key (base64)", fault: base64Fault}},
		sign:    signCosmos,
		derived: decodedForms("key"),
		writes:  fields("Authorization", "x-ms-date"),
	}
)

// The versions of the two APIs that are requested if the call names none; the agent may name
// another.
const (
	storageVersion = "2023-11-03"
	cosmosVersion  = "2018-12-31"
)

func signStorage(c Credential, r Request, m Moment) (Signed, error) {
	added := azureFields(r, m, storageVersion)
	account, text := c["account"].Reveal(), storageText(c["account"].Reveal(), r, added)
	signature := base64.StdEncoding.EncodeToString(mac(sha256.New,
		decoded(c["key"].Reveal()), text))
	return Signed{
		Headers: append(added,
			wire.Header{Name: "Authorization", Value: "SharedKey " + account + ":" + signature}),
		Secrets: proof(signature),
		Trace:   []Note{{"string to sign", text}},
	}, nil
}

// azureFields returns the time, which replaces Date, and the version unless the call names one.
func azureFields(r Request, m Moment, version string) []wire.Header {
	added := []wire.Header{{Name: "x-ms-date", Value: m.httpDate()}}
	if _, ok := wire.Get(r.Headers, "x-ms-version"); !ok {
		added = append(added, wire.Header{Name: "x-ms-version", Value: version})
	}
	return added
}

// storageFields are signed by their position, so an absent one leaves an empty line. Content-Length
// is the fourth line, and Date is empty.
var storageFields = []string{
	"Content-Encoding", "Content-Language", "", "Content-MD5", "Content-Type", "",
	"If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range",
}

// storageText returns the string to sign of version 2015-02-21 and later, in which a length of zero
// is an empty line.
func storageText(account string, r Request, added []wire.Header) string {
	lines := []string{r.Method}
	for i, name := range storageFields {
		value, _ := wire.Get(r.Headers, name)
		if i == 2 && len(r.Body) > 0 {
			value = strconv.Itoa(len(r.Body))
		}
		lines = append(lines, value)
	}
	return strings.Join(append(append(lines, msFields(r, added)...), storageResource(account, r)),
		"\n")
}

// msFields returns all fields whose names begin with x-ms-, by name; added ones replace the call's.
func msFields(r Request, added []wire.Header) (lines []string) {
	all := slices.Clone(added)
	for _, h := range r.Headers {
		if _, ours := wire.Get(added, h.Name); !ours {
			all = append(all, h)
		}
	}
	for _, h := range all {
		if name := strings.ToLower(h.Name); strings.HasPrefix(name, "x-ms-") {
			lines = append(lines, name+":"+strings.Join(strings.Fields(h.Value), " "))
		}
	}
	name := func(line string) string { return line[:strings.IndexByte(line, ':')] }
	sort.SliceStable(lines, func(i, j int) bool { return name(lines[i]) < name(lines[j]) })
	return lines
}

// storageResource returns the account with the path as it is sent, then a line for each parameter:
// its name in lower case, and its decoded values.
func storageResource(account string, r Request) string {
	values := map[string][]string{}
	var names []string
	for _, p := range params(r.Query) {
		name := strings.ToLower(p.name)
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], p.value)
	}
	slices.Sort(names)
	text := "/" + account + r.path()
	for _, name := range names {
		slices.Sort(values[name])
		text += "\n" + name + ":" + strings.Join(values[name], ",")
	}
	return text
}

func signCosmos(c Credential, r Request, m Moment) (Signed, error) {
	kind, link := cosmosResource(r.path())
	text := strings.ToLower(r.Method) + "\n" + kind + "\n" + link + "\n" +
		strings.ToLower(m.httpDate()) + "\n\n"
	signature := base64.StdEncoding.EncodeToString(mac(sha256.New,
		decoded(c["key"].Reveal()), text))
	sent := percent("type=master&ver=1.0&sig="+signature, "")
	return Signed{
		Headers: append(azureFields(r, m, cosmosVersion),
			wire.Header{Name: "Authorization", Value: sent}),
		Secrets: proof(signature, sent),
		Trace:   []Note{{"string to sign", text}},
	}, nil
}

// cosmosResource reads a path as alternating kinds and names. A path that ends in a kind asks for
// everything of that kind, under the link before it. An offer is known by its id alone.
func cosmosResource(path string) (kind, link string) {
	segments := strings.Split(strings.Trim(unescape(path), "/"), "/")
	n := len(segments)
	switch {
	case n%2 == 1:
		return strings.ToLower(segments[n-1]), strings.Join(segments[:n-1], "/")
	case segments[0] == "offers":
		return "offers", strings.ToLower(segments[1])
	}
	return strings.ToLower(segments[n-2]), strings.Join(segments, "/")
}
