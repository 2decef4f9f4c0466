package plain

import "testing"

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 日本": "plain ünïcode 日本", "a\nb\r\tc": `a\u000ab\u000d\u0009c`,
		"\x1b[2J": `\u001b[2J`, "a\u202eb": `a\u202eb`, "\u2028": `\u2028`, "\xff": `\ufffd`,
		"\U000e0041": `\U000e0041`, "a\u00a0b": `a\u00a0b`, "\u200b": `\u200b`, "": "",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q shows as %q", in, got)
		}
	}
	if got := Line("a      b \n  c"); got != `a b \u000a c` {
		t.Errorf("line %q", got)
	}
}
