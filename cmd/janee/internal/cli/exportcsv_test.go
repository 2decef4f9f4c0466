package cli

import "testing"

func TestCSVCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1",
		"@x": "'@x", "\t=1": `'\u0009=1`, "\r=1": `'\u000d=1`, "\n=1": `'\u000a=1`, "＝1": "'＝1",
		"＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "a\x1b[2J\u202eb": `a\u001b[2J\u202eb`,
		"\xff": `\ufffd`, "a\r\nb": `a\u000d\u000ab`,
	} {
		if got := csvCell(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
