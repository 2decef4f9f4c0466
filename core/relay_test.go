package core

import (
	"reflect"
	"testing"
)

func TestOnlyTheReplyOfTheAgentIsRelayed(t *testing.T) {
	length := []Header{{Name: "Content-Length", Value: "2"}, {Name: "Etag", Value: "x"}}
	plain := func(Send) (Head, []string, Ended) {
		return Head{Status: 200, Headers: length}, []string{"ok"}, Ended{}
	}
	whole := Relay{Status: 200, Headers: []Header{{Name: "etag", Value: "x"}}}
	for name, c := range map[string]struct {
		house *house
		call  Call
		want  []Step
	}{
		"execute": {newHouse(t, houseConfig), get("stripe", "/a"), []Step{whole}},
		"a trial": {newHouse(t, trialConfig), trialOf("one"), []Step{nil}},
		"a challenge, then the reply": {guarded(t, plain), posting("camera", "/a", "x"),
			[]Step{nil, whole}},
		"a challenge to the whole request": {guarded(t, plain), get("camera", "/a"),
			[]Step{nil, whole}},
		"no challenge, and the body was held back": {newHouse(t, digestConfig),
			posting("camera", "/a", "x"), []Step{nil}},
		"no challenge to the whole request": {newHouse(t, digestConfig),
			get("camera", "/a"), []Step{whole}},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.house
			if h.reply == nil {
				h.reply = plain
			}
			h.do(c.call)
			if !reflect.DeepEqual(h.relays, c.want) {
				t.Errorf("%+v, want %+v", h.relays, c.want)
			}
		})
	}
}
