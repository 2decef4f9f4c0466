package doctor

import (
	"os"
	"strings"
	"testing"
)

// TestCopiesOfEditors: a copy that an editor made before a key was sealed is named, a sealed copy
// is not, and no key is shown.
func TestCopiesOfEditors(t *testing.T) {
	m, s, _ := machine(t)
	const key = "sk_live_0123456789abcdef"
	for name, value := range map[string]string{
		"config.yaml~": key, ".config.yaml.swp": "\x00\x01" + key, "config.yaml.bak": key,
		"config.yaml.sealed": "janee:v1:k1:s:key:bearer:https%3A%2F%2Fapi.example:" +
			"YWJjZGVmZ2hpamtshvV6b6EibcsGfaKaOwZC8sgujMAY-w6kT8T-", "notes": key,
	} {
		if err := os.WriteFile(s.Home.Path(name),
			[]byte("auth: {type: bearer, key: "+value+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := find(Run(m), "copies")
	if len(found) != 3 {
		t.Errorf("%d copies: %+v", len(found), found)
	}
	for _, c := range found {
		if c.Result != Warn || !strings.HasPrefix(c.Fix, "rm ") || strings.Contains(c.Detail, key) {
			t.Errorf("%+v", c)
		}
	}
}
