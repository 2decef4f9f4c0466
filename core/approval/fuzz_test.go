package approval

import (
	"bytes"
	"testing"

	"github.com/true-and-useful/janee/core/line"
)

// FuzzFiles: a damaged file allows nothing and counts no try as right; a signed one says the same
// when it is written again.
func FuzzFiles(f *testing.F) {
	q := question()
	yes, no := answer(Allow, Session, asked+minute), answer(Deny, Once, asked+minute)
	for _, file := range [][]byte{
		q.Encode(key), yes.Encode(key), no.Encode(key), Used{q.ID, "r", asked}.Encode(key),
		Tries{4, asked}.Encode(key),
	} {
		open := file[:bytes.LastIndex(file, []byte(`,"mac":"`))]
		f.Add(file, false, int64(minute))
		f.Add(file[:len(file)/2], false, int64(minute))
		f.Add(bytes.ToUpper(file), false, int64(0))
		f.Add(open, true, int64(minute))
		f.Add(append(bytes.Clone(open), `,"decision":"allow","scope":"once"`...),
			true, int64(minute))
		f.Add(bytes.ReplaceAll(open, []byte("1795"), []byte("9e99")), true, int64(Lifetime))
	}
	f.Fuzz(func(t *testing.T, data []byte, signed bool, after int64) {
		if signed {
			data = line.Seal(key, bytes.Clone(data))
		}
		whole := line.Verify(key, bytes.TrimSuffix(data, []byte("\n"))) == nil
		now := asked + after
		s := q.Standing(key, map[string][]byte{AnswerFile(q.ID): data}, now)
		if s.State == Allowed && (!whole || s.Answer.Decision != Allow || s.Answer.ID != q.ID ||
			s.Answer.Digest != q.Digest) {
			t.Errorf("%q allows: %+v", data, s.Answer)
		}
		s = q.Standing(key,
			map[string][]byte{AnswerFile(q.ID): yes.Encode(key), UsedFile(q.ID): data}, now)
		if s.State == Allowed {
			t.Errorf("%q lets a yes be used twice", data)
		}
		if read, err := DecodeQuestion(key, data); err == nil {
			again, err := DecodeQuestion(key, read.Encode(key))
			if !whole || err != nil || again != read {
				t.Errorf("%q: signed %v, %+v, again %+v, %v", data, whole, read, again, err)
			}
		}
		if tries, err := DecodeTries(key, data); err == nil && data != nil {
			again, err := DecodeTries(key, tries.Encode(key))
			if !whole || err != nil || again != tries {
				t.Errorf("%q: signed %v, %+v, again %+v, %v", data, whole, tries, again, err)
			}
			if w := tries.Wait(now); w < 0 || w > longWait {
				t.Errorf("%+v: a wait of %d ms", tries, w)
			}
		}
		files := map[string][]byte{File(q.Digest): data, "approvals/other.json": data}
		if got := Questions(key, files); len(got) > 0 && !whole {
			t.Errorf("%q is a question", data)
		}
		Full(key, files, q.Agent, now)
		Stale(key, files, now)
	})
}
