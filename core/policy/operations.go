package policy

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Operations are the query keys of an API that choose what a request does, as "acl" does in "PUT
// /bucket/key?acl". A request with one of them needs an allow rule that names it.
type Operations struct {
	text   string          // as config.yaml has it
	keys   map[string]bool // folded
	begins []string        // folded beginnings
}

// operationKeys are the families of APIs that have names: keys, and beginnings followed by a star.
// Keys that only filter, page or format a listing are left out: "?list-type=2&prefix=a" is a GET of
// the bucket like any other.
var operationKeys = map[string]string{
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html,
	// and the stores that speak its language (MinIO, Ceph, R2, OSS, COS, OBS, the XML API of
	// Google). versionId, generation and partNumber choose another object or a piece of one.
	// x-amz-* are headers in the query, as presigned URLs have them.
	"s3": `abac accelerate accesspoint acl analytics append attributes bucketinfo callback cors
		cname compose continuation defaultobjectacl delete deletebucket directory
		directoryaccess encryption encryptionconfig fetch generation intelligent-tiering
		intelligenttiering inventory legal-hold legalhold lifecycle lifecycleconfig live
		location logging metadataconfiguration metadatatable metadatainventorytable
		metadatajournaltable metadatacopy metrics mirrorbackto modify notification
		notificationconfiguration object-lock objectlock objectinfo objectmeta
		ownershipcontrols partnumber policy policystatus publicaccessblock qos quota referer
		rename renameobject replication replication-metrics requestpayment resourcegroup
		response-location restore retention select select-type session style storageclass
		storagepolicy symlink syncobjectcopy tagging torrent transferacceleration truncate
		uploadid uploads versionid versioning versions vod website websiteconfig worm
		wormextend wormid x-oss-process x-oss-async-process x-image-process ci-process x-amz-*
		x-goog-acl x-oss-acl x-obs-acl x-cos-acl force-delete lambdaarn events addlegalhold
		accessmonitor accesspointconfigforobjectprocess accesspointpolicy asyncfetch billing
		bucketarchivedirectread callback-var cleanrestoredobject comp customdomain
		directcoldaccess domain domaincertificate extendretention fetchtask httpsconfig
		metaquery mirror mirrorbacktosource origin paybytraffic protection
		redundancytransition removelegalhold replication-check replication-reset
		replication-reset-status rtc seal`,
	// https://learn.microsoft.com/en-us/rest/api/storageservices/: comp and restype choose the
	// operation, action, resource and mode do so for Data Lake; snapshot and its like choose
	// another resource. sig is a credential (SAS).
	"azure": `action blockid comp copyid deletetype directory mode prevsnapshot prevsnapshoturl
		recursive resource restype restoremode sharesnapshot sig snapshot versionid`,
	// https://git-scm.com/docs/http-protocol#_smart_clients: service chooses between fetch and
	// push.
	"git": "service",
}

// OperationFamilies returns the names that NamedOperations knows.
func OperationFamilies() []string { return []string{"s3", "azure", "git"} }

// NamedOperations returns the keys of a family of APIs, and false for a name that is not one of
// OperationFamilies.
func NamedOperations(name string) (*Operations, bool) {
	words, known := operationKeys[name]
	if !known {
		return nil, false
	}
	o := &Operations{text: name, keys: map[string]bool{}}
	for _, key := range strings.Fields(words) {
		if beginning, ok := strings.CutSuffix(key, "*"); ok {
			o.begins = append(o.begins, beginning)
		} else {
			o.keys[key] = true
		}
	}
	return o, true
}

// ListedOperations returns the keys that an owner lists; nil if there are none.
func ListedOperations(keys []string) *Operations {
	if len(keys) == 0 {
		return nil
	}
	o := &Operations{text: strings.Join(keys, ", "), keys: map[string]bool{}}
	for _, key := range keys {
		o.keys[foldedKey(key)] = true
	}
	return o
}

// ValidQueryKey reports whether a rule can name the key, which must need no escape in a query.
func ValidQueryKey(key string) bool {
	for i := 0; i < len(key); i++ {
		if class[key[i]]&unreserved == 0 && strings.IndexByte(":@$[]", key[i]) < 0 {
			return false
		}
	}
	return key != "" && len(key) <= 128
}

// String returns the name of the family, or the keys; "" if rules see only the path.
func (o *Operations) String() string {
	if o == nil {
		return ""
	}
	return o.text
}

func (o *Operations) holds(folded string) bool {
	return o != nil && (o.keys[folded] || slices.ContainsFunc(o.begins,
		func(b string) bool { return strings.HasPrefix(folded, b) }))
}

// queryKeys returns the raw names of the parameters.
func queryKeys(query, separators string) (keys []string) {
	for parameter := range strings.FieldsFuncSeq(query,
		func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		name, _, _ := strings.Cut(parameter, "=")
		keys = append(keys, name)
	}
	return keys
}

// foldedKey returns a name as the most generous receiver could read it: with escapes decoded, again
// if that made new ones, a plus as a blank, without blanks and brackets around it, and without the
// "amp;" of a URL that was copied out of HTML.
func foldedKey(raw string) string {
	for range 4 {
		decoded, err := url.QueryUnescape(raw)
		if err != nil || decoded == raw {
			break
		}
		raw = decoded
	}
	name := strings.ToLower(strings.TrimSpace(raw))
	for strings.HasPrefix(name, "amp;") {
		name = strings.TrimSpace(name[len("amp;"):])
	}
	if at := strings.IndexAny(name, "=["); at > 0 { // "acl%3D", "acl[]", "acl[0]"
		name = name[:at]
	}
	return strings.Trim(name, " []\t\r\n\x00")
}

// keyedGlobs are the rules with ?KEY, prepared for matching.
type keyedGlobs struct{ allow, deny []keyedGlob }

type keyedGlob struct {
	glob
	key string // as written in an allow rule, folded in a deny rule
}

func (k *keyedGlobs) addAllow(r Rule) bool {
	if r.key != "" {
		k.allow = append(k.allow, keyedGlob{compile(r, r.pattern), r.key})
	}
	return r.key != ""
}

func (k *keyedGlobs) addDeny(r Rule) bool {
	if r.key == "" {
		return false
	}
	for _, g := range compileDeny(r) {
		k.deny = append(k.deny, keyedGlob{g, foldedKey(r.key)})
	}
	return true
}

// asked is the part of a request that rules are about.
type asked struct {
	method string
	bit    methods
	path   string
	query  string
}

// decideKeys looks at the query of a request; d is what the rules without ?KEY decided on its path.
// A deny rule with a key matches it in every spelling. An allow rule names exactly the bytes that
// are sent: "?ACL" writes an object where "?acl" writes a permission.
func (p Policy) decideKeys(d Decision, o Options, a asked) Decision {
	if p.mode != byRules || a.bit == 0 || d.Rule != "" && d.Outcome != Allowed {
		return d
	}
	separators := "&"
	if o.Semicolon {
		separators = "&;"
	}
	keys := queryKeys(a.query, separators)
	if g := p.keyed.denies(a, keys); g != nil {
		return p.deniedBy(g.text, a.method, a.bit, a.path)
	}
	first, operations := "", 0
	var unnamed []string
	for _, key := range keys {
		named := p.keyed.allows(a, key)
		if o.Operations.holds(foldedKey(key)) {
			operations++
			if named == "" && !slices.Contains(unnamed, key) {
				unnamed = append(unnamed, key)
			}
		}
		if first == "" {
			first = named
		}
	}
	switch {
	case len(unnamed) > 0:
		return unnamedKeys(a, unnamed)
	case first != "" && (d.Outcome != Allowed || operations > 0):
		return Decision{Outcome: Allowed, Rule: first, Reason: "an allow rule matches"}
	}
	return d
}

// denies finds a deny rule that matches path and one of the keys.
func (k *keyedGlobs) denies(a asked, keys []string) *glob {
	if len(k.deny) == 0 {
		return nil
	}
	folded := make([]string, len(keys))
	for i, key := range keys {
		folded[i] = foldedKey(key)
	}
	for i := range k.deny {
		g := &k.deny[i]
		if slices.Contains(folded, g.key) && firstDeny(k.globsOf(i), a.bit, a.path) != nil {
			return &g.glob
		}
	}
	return nil
}

// globsOf returns a deny rule as a list of one, for firstDeny.
func (k *keyedGlobs) globsOf(i int) []glob { return []glob{k.deny[i].glob} }

func (k *keyedGlobs) allows(a asked, key string) (rule string) {
	for i := range k.allow {
		if g := &k.allow[i]; g.key == key && g.methods&a.bit != 0 && g.match(a.path) {
			return g.text
		}
	}
	return ""
}

// unnamedKeys refuses keys that no allow rule names, and suggests the rules to ask for.
func unnamedKeys(a asked, keys []string) Decision {
	const most = 3 // a model needs no list of what it wrote
	d := Decision{
		Setting: "queryOperations",
		Reason: fmt.Sprintf(
			"the query key %s chooses another operation of %s %s, and no allow rule names it",
			short(keys[0]), a.method, short(a.path)),
		Hint: "write the query keys without escapes",
	}
	if !slices.ContainsFunc(keys, func(key string) bool { return !ValidQueryKey(key) }) {
		var rules []string
		for _, key := range keys[:min(most, len(keys))] {
			rules = append(rules, fmt.Sprintf(`"%s %s?%s"`, a.method, short(a.path), key))
		}
		d.Hint = "leave it out, or ask your user to allow " + strings.Join(rules, " and ")
	}
	return d
}
