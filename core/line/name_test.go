package line

import (
	"strings"
	"testing"
)

func TestStem(t *testing.T) {
	long := strings.Repeat("a", maxStem)
	for name, want := range map[string]string{
		"sessions/0a.json":            "0a",
		"sessions/" + long + ".json":  long,
		"sessions/" + long + "a.json": "",
		"sessions/.json":              "",
		"sessions/A.json":             "",
		"sessions/a.b.json":           "",
		"sessions/a/b.json":           "",
		"sessions/../config.json":     "",
		"sessions/a\x00.json":         "",
		"sessions/a.revoked":          "",
		"sessions/ajson":              "",
		"sessions/a.json/":            "",
		"approvals/a.json":            "",
		"other/sessions/a.json":       "",
		"sessionsa.json":              "",
		"json":                        "",
		"":                            "",
	} {
		if stem, ok := Stem(name, "sessions", "json"); stem != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", name, stem, ok)
		}
	}
}
