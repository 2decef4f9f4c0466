package wire

import "testing"

func TestNamesAndValues(t *testing.T) {
	for name, want := range map[string]bool{
		"X-Api-Key": true, "": false, "X Key:": false, "X-Ä": false,
		":authority": false, "a\r\n": false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v", name, got)
		}
	}
	for value, want := range map[string]bool{
		"": true, "a b\tc": true, "a\r\nX: 1": false, "a\x00": false, "ü": false,
		" a": false, "\x7f": false,
	} {
		if got := ValidValue(value); got != want {
			t.Errorf("ValidValue(%q) = %v", value, got)
		}
	}
}

func TestGetIgnoresCase(t *testing.T) {
	fields := []Header{{"content-type", "a"}, {"Content-Type", "b"}}
	if v, ok := Get(fields, "CONTENT-TYPE"); !ok || v != "a" {
		t.Errorf("Get = %q, %v", v, ok)
	}
	if _, ok := Get(fields, "accept"); ok {
		t.Error("Get found a field that is not there")
	}
}
