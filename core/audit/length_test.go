package audit

import (
	"reflect"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/wire"
)

// TestLongestLine fills every field with a mebibyte of what grows most when it is escaped: the line
// stays under a fixed length, and none of the fields is without a bound. Details are those that one
// record has at most.
func TestLongestLine(t *testing.T) {
	r := Record{Event: "intent"}
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(strings.Repeat("\x01", 1<<20))
		}
	}
	r.Detail = map[string]string{}
	for _, name := range []string{"tool", "upstream", "repeated"} {
		r.Detail[name] = strings.Repeat("\x01", 1<<20)
	}
	const escaped = 6 // bytes of \u0001
	c := NewChain(testKey("w"), "w")
	text := c.Next(r)
	if most := escaped*(4*wire.MaxTarget+12*maxText+maxReason) + 4096; len(text) > most ||
		most > 300<<10 {
		t.Errorf("a line of %d bytes, at most %d", len(text), most)
	}
	if _, err := Decode(text); err != nil {
		t.Error(err)
	}
	// What agents write is mostly plain: then a line has some 50 KiB at the most.
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(strings.Repeat("a", 1<<20))
		}
	}
	for name := range r.Detail {
		r.Detail[name] = strings.Repeat("a", 1<<20)
	}
	if text := c.Next(r); len(text) > 50<<10 {
		t.Errorf("a line of %d bytes", len(text))
	}
}
