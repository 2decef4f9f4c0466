package approval

import (
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	code := NewCode([6]byte{0, 31, 32, 255, 18, 1})
	if code != "0z0zj1" {
		t.Errorf("code %q", code)
	}
	q := Question{ID: "0z0zj1", Code: code}
	for typed, want := range map[string]bool{
		"0z0zj1": true, " 0Z0-ZJI\t"[:8]: true, "oz0zjl": true, "0z0zj": false, "0z0zj11": false,
		"": false, "0z0zj2": false,
	} {
		if q.HasCode(typed) != want {
			t.Errorf("%q: %v", typed, !want)
		}
	}
	for _, none := range []string{"", "abc"} {
		if (Question{Code: none}).HasCode(none) {
			t.Errorf("%q stands for a code", none)
		}
	}
}

func TestACodeIsPartOfTheQuestion(t *testing.T) {
	key := []byte("key")
	q := Question{ID: strings.Repeat("a", 32), Digest: strings.Repeat("b", 64), Code: "k3x9q2"}
	line := string(q.Encode(key))
	if got, err := DecodeQuestion(key, []byte(line)); err != nil || got != q ||
		!strings.Contains(line, `"expires":0,"code":"k3x9q2","mac":`) {
		t.Errorf("%s reads as %+v, %v", line, got, err)
	}
	_, err := DecodeQuestion(key, []byte(strings.Replace(line, "k3x9q2", "000000", 1)))
	if err == nil {
		t.Error("a changed code is read")
	}
	if q.Code = ""; strings.Contains(string(q.Encode(key)), "code") {
		t.Error("a question without a code has the field")
	}
}

func TestCountsOfCodesGo(t *testing.T) {
	key := []byte("key")
	files := map[string][]byte{
		CodesFile("a1"): Tries{Wrong: 1, At: 1}.Encode(key), CodesFile("b2"): []byte("not ours"),
	}
	if got := Stale(key, files, Lifetime+keptMs); got != nil {
		t.Errorf("too early: %v", got)
	}
	if got := Stale(key, files, Lifetime+keptMs+1); len(got) != 1 ||
		got[0] != "approvals/a1.tries" {
		t.Errorf("%v", got)
	}
}
