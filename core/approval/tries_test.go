package approval

import "testing"

func TestWrongPINsCostTime(t *testing.T) {
	for _, c := range []struct{ wrong, after, want int64 }{
		{0, 0, 0}, {2, 0, 0}, {3, 0, 30_000}, {3, 30_000, 0}, {4, 30_000, 30_000}, {5, 0, 120_000},
		{9, 0, 1_920_000}, {10, 0, 3_600_000}, {1 << 40, 0, 3_600_000},
		{3, -10 * minute, 30_000},
	} {
		if got := (Tries{Wrong: c.wrong, At: asked}).Wait(asked + c.after); got != c.want {
			t.Errorf("%d wrong, %d ms after the last: wait %d, want %d", c.wrong,
				c.after, got, c.want)
		}
	}
	tries := Tries{Wrong: 3, At: asked}
	if got, err := DecodeTries(key, tries.Encode(key)); err != nil || got != tries {
		t.Errorf("read back %+v, %v", got, err)
	}
	if got, err := DecodeTries(key, nil); err != nil || got != (Tries{}) {
		t.Errorf("no file: %+v, %v", got, err)
	}
	for name, data := range map[string][]byte{
		"another home's": tries.Encode(other), "emptied": {},
	} {
		if _, err := DecodeTries(key, data); err == nil {
			t.Errorf("%s: nobody has to wait", name)
		}
	}
}
