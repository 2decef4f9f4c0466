package session

import (
	"bytes"
	"testing"

	"github.com/true-and-useful/janee/core/line"
)

// FuzzStateFiles: of a damaged file no decoder makes anything, of one that is signed only what it
// says, which it also says when it is written again.
func FuzzStateFiles(f *testing.F) {
	list := Closures{{Agent: "a", At: 1, Until: 2, By: "cli"}, {At: 5, Until: 6, By: "x\n"}}
	for _, file := range [][]byte{
		testGrant().Encode(key), Revocation{"id", "pair", 1, 2, "cli"}.Encode(key),
		list.Encode(key),
	} {
		open := file[:bytes.LastIndex(file, []byte(`,"mac":"`))]
		f.Add(file, false)
		f.Add(file[:len(file)/2], false)
		f.Add(open, true)
		f.Add(open[:len(open)-2], true)
		f.Add(append(bytes.Clone(open), open[1:]...), true)
		f.Add(bytes.Replace(open, []byte(":1"), []byte(":1e99"), 1), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, signed bool) {
		if signed {
			data = line.Seal(key, bytes.Clone(data))
		}
		whole := line.Verify(key, bytes.TrimSuffix(data, []byte("\n"))) == nil
		if g, err := Decode(key, data); err == nil {
			again, err := Decode(key, g.Encode(key))
			if !whole || err != nil || again != g {
				t.Errorf("%q: signed %v, %+v, again %+v, %v", data, whole, g, again, err)
			}
			if g.Usable(g.Expires, 1<<62, g.Origin, g.Bound, false) {
				t.Errorf("%+v can be used when it has expired", g)
			}
		}
		if r, err := DecodeRevocation(key, data); err == nil {
			if again, err := DecodeRevocation(key, r.Encode(key)); !whole ||
				err != nil || again != r {
				t.Errorf("%q: signed %v, %+v, again %+v, %v", data, whole, r, again, err)
			}
		}
		if c, err := DecodeClosures(key, data); err == nil {
			again, err := DecodeClosures(key, c.Encode(key))
			if !whole || err != nil || !bytes.Equal(again.Encode(key), c.Encode(key)) {
				t.Errorf("%q: signed %v, %+v, again %+v, %v", data, whole, c, again, err)
			}
			for _, g := range []Grant{testGrant(), {}} {
				closed, until := c.Closes(g.Agent, g.Capability, 0)
				if closed && until <= 0 {
					t.Errorf("%+v closes until %d", c, until)
				}
			}
		}
	})
}
