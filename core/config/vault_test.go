package config

import (
	"slices"
	"testing"
)

func TestSetSource(t *testing.T) {
	const head = "# mine\nservices: {}\n\nvault: # leave it\n  id: x\n  key: k1 # the first\n" +
		"  check: 0123456789abcdef\n"
	words := []string{"/opt/my pass", "show", "a b", "--x=\"y\"", "yes", ""}
	text := []byte(head)
	for _, step := range []struct {
		source  string
		command []string
		want    string
	}{
		{SourceKeyring, nil, head + "  source: keyring\n"},
		{SourceCommand, words,
			head +
				"  source: command\n  command:\n    - /opt/my pass\n    - show\n    - a b\n" +
				"    - \"--x=\\\"y\\\"\"\n    - yes\n    - \"\"\n"},
		{SourceCommand, []string{"pass"}, head + "  source: command\n  command:\n    - pass\n"},
		{SourceFile, nil, head + "  source: file\n"},
	} {
		out, err := SetSource(text, step.source, step.command)
		if err != nil {
			t.Fatalf("%s: %v", step.source, err)
		}
		c, err := Parse(out)
		if err != nil || c.Vault.Kept() != step.source ||
			!slices.Equal(c.Vault.Command, step.command) {
			t.Errorf("%s: %+v, %v", step.source, c.Vault, err)
		}
		if string(out) != step.want {
			t.Errorf("%s: got\n%s\nwant\n%s", step.source, out, step.want)
		}
		text = out
	}
	for _, bad := range []struct {
		source  string
		command []string
	}{{"tpm", nil}, {SourceCommand, nil}, {SourceFile, words}} {
		if _, err := SetSource(text, bad.source, bad.command); err == nil {
			t.Errorf("%v was written", bad)
		}
	}
	if c := (Vault{}); c.Kept() != SourceFile {
		t.Errorf("without a source: %s", c.Kept())
	}
	flow := []byte("vault: {id: x, key: k1, check: 0123456789abcdef, source: file}\n")
	if out, err := SetSource(flow, SourceCommand, []string{"pass"}); err != nil ||
		string(out) !=
			"vault: {id: x, key: k1, check: 0123456789abcdef, source: command, command: [pass]}\n" {
		t.Errorf("%s, %v", out, err)
	}
}
