package sign

import "testing"

func TestTelegram(t *testing.T) {
	s := scheme(t, "telegram")
	signed, err := s.Sign(credential(map[string]string{"key": "123456:ABC-DEF1234"}),
		Request{Method: "GET", Path: "/getMe"}, Moment{})
	if err != nil || signed.Path != "/bot123456:ABC-DEF1234" || signed.Query != "" ||
		signed.Headers != nil {
		t.Errorf("%v, %q", err, signed.Path)
	}
	for _, key := range []string{
		"123456", ":ABC", "123456:", "x:ABC", "1:A/../B", "1:A?b", "1:A#b", "1:A%2f", "1:A:B",
	} {
		fieldError(t, s.Check(credential(map[string]string{"key": key})), "key", nil)
	}
}
