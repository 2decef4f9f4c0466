package sign

import (
	"slices"
	"strings"
)

// showIdentity returns the field with which the owner says that an identity is not a key. Templates
// of the directory set it.
func showIdentity(what string) Field {
	return Field{
		Name: "showIdentity",
		Label: "Show the " + what +
			" in replies: it names an account and is not a key (true or false)",
		fault: oneOf("true", "false"),
	}
}

// shown reports whether e is an identity that replies may show. Masking it does harm: the id of an
// account is part of every path of Twilio, and an agent that writes an issue of Jira back would
// destroy the e-mail address that it was not shown. Without another secret beside it, it is a
// secret after all, because some APIs take the key as the user name. The filler beside such a key
// is no secret: Toggl names a field of its replies api_token.
func (s *Scheme) shown(c Credential, e Entry) bool {
	if e.Path == "password" && slices.Contains(fillers, c[e.Path].Reveal()) {
		return true
	}
	if !e.identity || !s.paired(c, e) {
		return false
	}
	return c["showIdentity"].Reveal() == "true" || identifies(c[e.Path].Reveal())
}

// fillers are passwords that APIs ask for beside a key that is sent as the user name.
var fillers = []string{
	"x-oauth-basic", // https://docs.github.com/en/rest/authentication (OAuth tokens over basic)
	"api_token",     // https://engineering.toggl.com/docs/authentication
	"X",             // https://developers.freshdesk.com/api/#authentication
	"footastic",     // https://wufoo.github.io/docs/#authentication
	// https://mailchimp.com/developer/marketing/docs/fundamentals/#authenticate-with-basic-auth
	"anystring",
}

// paired reports whether beside the identity e there is a secret that is long enough to be one.
func (s *Scheme) paired(c Credential, e Entry) bool {
	return slices.ContainsFunc(s.Entries(c), func(o Entry) bool {
		value := c[o.Path].Reveal()
		return o.Secret && o.Path != e.Path && len(value) >= minPaired && !identifies(value) &&
			!slices.Contains(fillers, value)
	})
}

// minPaired is the length in bytes from which a password counts as a secret: shorter ones are
// fillers too.
const minPaired = 4

// form is how one vendor writes the names of accounts: a prefix, then a number of characters.
type form struct {
	prefix      string
	least, most int
	alphabet    string
}

const (
	digits    = "0123456789"
	lowerHex  = digits + "abcdef"
	capitals  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	upperBase = capitals + digits
)

// forms are those that no vendor uses for keys.
var forms = []form{
	// https://www.twilio.com/docs/glossary/what-is-a-sid: the account, and the API key whose secret
	// is another text.
	{"AC", 32, 32, lowerHex},
	{"SK", 32, 32, lowerHex},
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids:
	// long-term and temporary.
	{"AKIA", 12, 124, upperBase},
	{"ASIA", 12, 124, upperBase},
	// https://cloud.google.com/storage/docs/authentication/hmackeys: of a user, of a service
	// account.
	{"GOOG", 16, 60, upperBase},
}

// identifies reports whether the form of value alone shows that it names an account.
func identifies(value string) bool {
	return isEmail(value) || slices.ContainsFunc(forms, func(f form) bool {
		rest, ok := strings.CutPrefix(value, f.prefix)
		return ok && len(rest) >= f.least && len(rest) <= f.most &&
			strings.Trim(rest, f.alphabet) == ""
	})
}

// isEmail is narrower than RFC 5322: it accepts the characters that people have in addresses, and a
// domain of at least two names. A URL with a key before its @ is not an e-mail address.
func isEmail(value string) bool {
	const letters = capitals + "abcdefghijklmnopqrstuvwxyz" + digits
	local, domain, ok := strings.Cut(value, "@")
	names := strings.Split(domain, ".")
	if !ok || local == "" || strings.Trim(local, letters+"._+-'&~") != "" || len(names) < 2 {
		return false
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		return name == "" || len(name) > 63 || strings.Trim(name, letters+"-") != "" ||
			strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-")
	})
}
