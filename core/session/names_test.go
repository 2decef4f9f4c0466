package session

import (
	"strings"
	"testing"
)

func TestNamesOfFiles(t *testing.T) {
	pair := Pair("stdio", "ann", "stripe")
	for _, c := range []struct {
		name           string
		grant, revoked string // the pair
		order          bool
	}{
		{name: File(pair), grant: pair},
		{name: RevokedFile(pair), revoked: pair, order: true},
		{name: ClosedFile, order: true},
		{name: LockFile, order: true},
		{name: Dir},
		{name: Dir + "/" + pair},
		{name: Dir + "/../" + LockFile},
		{name: Dir + "/../config.json"},
		{name: Dir + "/" + strings.ToUpper(pair) + ".revoked"},
		{name: "approvals/" + pair + ".json"},
		{name: ""},
	} {
		grant, isGrant := PairOfFile(c.name)
		revoked, revokes := PairOfRevokedFile(c.name)
		if grant != c.grant || isGrant != (c.grant != "") ||
			revoked != c.revoked || revokes != (c.revoked != "") {
			t.Errorf("%q: grant of %q, revocation of %q", c.name, grant, revoked)
		}
		if IsOrder(c.name) != c.order || IsName(c.name) != (c.order || isGrant) {
			t.Errorf("%q: order %v, name %v", c.name, IsOrder(c.name), IsName(c.name))
		}
	}
}
