package cli

import (
	"strings"
	"testing"
)

func TestDotenv(t *testing.T) {
	text := strings.Join([]string{"\ufeff# comment", "", "A=1", "export B = two words # why",
		`C="a \"b\" # \n$x"`, `D='it\n "s"'`, "E=", "F=x#y", `PEM="-----BEGIN`, "abc", `-----END"`,
		"G=crlf\r", `H="x" # after`}, "\n")
	want := "A:1|B:two words|C:a \"b\" # \n$x|D:it\\n \"s\"|E:|F:x#y|PEM:-----BEGIN\nabc\n" +
		"-----END|G:crlf|H:x"
	pairs, err := parseDotenv([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pairs {
		got = append(got, p.Name+":"+p.Value.Reveal())
	}
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}

func TestDotenvRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nsecret_without_a_name\n": "line 2 is not",
		"A=1\nB=\"secret\nmore":        "line 2 is not closed",
		"A B=secret":                   "line 1 is not",
	} {
		if _, err := parseDotenv([]byte(text)); err == nil ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzDotenv(f *testing.F) {
	f.Add("A=\"x\\\nB='")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseDotenv([]byte(text)) })
}
