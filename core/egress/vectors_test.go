package egress

import (
	"net/netip"
	"testing"

	"github.com/true-and-useful/janee/internal/vectors"
)

type egressCase struct{ ID, Source, Kind, Value, Want, Why string }

// leadsTo says where the names of the cases lead: a name that is harmless to read is caught by its
// address.
var leadsTo = map[string]string{"127.0.0.1.nip.io": "127.0.0.1"}

// TestVectorsEgress: the cases state what a service may reach whose base URL names another host.
func TestVectorsEgress(t *testing.T) {
	g := guard(t, "api.example.com")
	for _, c := range vectors.Load[egressCase](t, "egress", 36) {
		t.Run(c.ID, func(t *testing.T) {
			if got := c.allowed(t, g); got != (c.Want == "allow") {
				t.Errorf("%s: allowed %v, want %s: %s", c.Value, got, c.Want, c.Why)
			}
		})
	}
}

func (c egressCase) allowed(t *testing.T, g Guard) bool {
	value := c.Value
	switch c.Kind {
	case "addr":
	case "host":
		if ClassifyHost(value) != Public || leadsTo[value] == "" {
			return ClassifyHost(value) == Public
		}
		value = leadsTo[value]
	default:
		t.Fatalf("unknown kind %q", c.Kind)
	}
	return g.Permit(netip.AddrPortFrom(netip.MustParseAddr(value), 443)) == nil
}

func guard(t testing.TB, host string, ranges ...string) Guard {
	t.Helper()
	var allow []Range
	for _, s := range ranges {
		r, err := ParseRange(s)
		if err != nil {
			t.Fatal(err)
		}
		allow = append(allow, r)
	}
	g, err := New(host, allow...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
