package core

import (
	"slices"
	"testing"
)

// TestOwnFieldsWinInEverySpelling: servers that make variables of fields take these for one, and
// which of them wins is theirs to say.
func TestOwnFieldsWinInEverySpelling(t *testing.T) {
	own := []Header{{Name: "X-Tenant", Value: "acme"}, {Name: "Authorization", Value: "Bearer k"}}
	for _, name := range []string{"X-Tenant", "x-tenant", "X_Tenant", "x.tenant", "AUTHORIZATION"} {
		got := merge([]Header{{Name: "Accept", Value: "a"}, {Name: name, Value: "other"}}, own)
		if want := append([]Header{{Name: "Accept", Value: "a"}}, own...); !slices.Equal(got,
			want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
