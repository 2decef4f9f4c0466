package policy

import "strings"

// foreignKeys are the query parameters in which APIs accept a credential beside, or instead of, the
// one in the header, as bareKey spells them. Names that could also be the key of a record or the
// token of a page ("key", "token") are not among them.
var foreignKeys = map[string]bool{
	"accesstoken":            true, // RFC 6750 section 2.3; Facebook Graph, GitHub once, Dropbox
	"bearertoken":            true,
	"authtoken":              true, // Zoho, WordPress plug-ins
	"authorization":          true, // Dropbox: "authorization=Bearer ..."
	"apikey":                 true, // most APIs that take a key at all
	"xapikey":                true, // gateways that read header fields from the query
	"apitoken":               true, // Pipedrive
	"xauthtoken":             true,
	"xaccesstoken":           true,
	"privatetoken":           true, // GitLab
	"jobtoken":               true, // GitLab
	"hapikey":                true, // HubSpot
	"subscriptionkey":        true, // Azure API Management
	"ocpapimsubscriptionkey": true, // the same, as a header names it
	"awsaccesskeyid":         true, // presigned URLs: AWS Signature Version 2
	"xamzcredential":         true, // Version 4
	"xamzsignature":          true,
	"xamzsecuritytoken":      true,
	"xgoogcredential":        true, // Google Cloud Storage, V4
	"xgoogsignature":         true,
	"xossaccesskeyid":        true, // Alibaba Cloud
	"xosscredential":         true,
	"xosssignature":          true,
}

// otherPersons are the parameters with which APIs act as somebody else, as X-Sudo and similar
// headers do.
var otherPersons = map[string]bool{
	"sudo":     true, // GitLab
	"asuserid": true, // Canvas
	"doas":     true, // Hadoop, Knox
}

// CheckForeign refuses a query that brings a credential of its own, or names another person. Given
// two credentials, servers use the first, the last or the one in the query, so an agent could act
// for an account other than the owner's, and write into it what it read from the owner's.
func CheckForeign(query string, o Options) Decision {
	separators := "&"
	if o.Semicolon {
		separators = "&;"
	}
	for _, raw := range queryKeys(query, separators) {
		switch name := bareKey(raw); {
		case foreignKeys[name]:
			return faultf("leave it out: Janee adds the credential of the service",
				"the query contains the parameter %s, which carries a credential",
				short(raw)).decision()
		case otherPersons[name]:
			return faultf("leave it out: the credential says who acts",
				"the query contains the parameter %s, which makes the API act as somebody else",
				short(raw)).decision()
		}
	}
	return Decision{Outcome: Allowed}
}

var splits = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// bareKey is foldedKey without the signs that separate the words of a name.
func bareKey(raw string) string { return splits.Replace(foldedKey(raw)) }
