package egress

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

const egressCases = 36

type egressCase struct{ ID, Source, Kind, Value, Want, Why string }

// leadsTo says where the names of the cases lead: a name that is harmless to read is caught by its address.
var leadsTo = map[string]string{"127.0.0.1.nip.io": "127.0.0.1"}

// TestVectorsEgress reads egress.json from JANEE_VECTORS, or from this module. The cases state what a service may reach whose base URL names another host.
func TestVectorsEgress(t *testing.T) {
	dir := cmp.Or(os.Getenv("JANEE_VECTORS"), "../testdata/vectors")
	data, err := os.ReadFile(filepath.Join(dir, "egress.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Set, About string
		Cases      []egressCase
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	g := guard(t, "api.example.com")
	for _, c := range v.Cases {
		t.Run(c.ID, func(t *testing.T) {
			if got := c.allowed(t, g); got != (c.Want == "allow") {
				t.Errorf("%s: allowed %v, want %s: %s", c.Value, got, c.Want, c.Why)
			}
		})
	}
	t.Logf("%d cases of %s", len(v.Cases), dir)
	if os.Getenv("JANEE_VECTORS") == "" && len(v.Cases) != egressCases {
		t.Errorf("%d cases, want %d", len(v.Cases), egressCases)
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
