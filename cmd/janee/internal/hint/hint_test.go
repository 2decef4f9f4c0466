package hint

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestHint(t *testing.T) {
	cause := fs.ErrNotExist
	inner := New(Locked, "run `janee init`", fmt.Errorf("open key: %w", cause))
	for _, c := range []struct {
		name, text, hint string
		err              error
		code             int
	}{
		{"nil", "", "", nil, 0},
		{"plain", "boom", "", errors.New("boom"), 1},
		{"direct", "open key: file does not exist", "run `janee init`", inner, 4},
		{"wrapped", "start: open key: file does not exist", "run `janee init`",
			fmt.Errorf("start: %w", inner), 4},
		{"outer without hint", "open key: file does not exist", "run `janee init`",
			New(Usage, "", inner), 2},
		{"outer without code", "open key: file does not exist", "other", New(0, "other", inner), 4},
		{"joined", "a\nopen key: file does not exist", "run `janee init`",
			errors.Join(errors.New("a"), inner), 4},
		{"no code at all", "x", "y", New(0, "y", errors.New("x")), 1},
		{"formatted", `no service "x"`, "", Errorf(Usage, "", "no service %q", "x"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Of(c.err); got != c.hint {
				t.Errorf("hint %q, want %q", got, c.hint)
			}
			if got := ExitCode(c.err); got != c.code {
				t.Errorf("code %d, want %d", got, c.code)
			}
			if c.err != nil && c.err.Error() != c.text {
				t.Errorf("text %q, want %q", c.err, c.text)
			}
		})
	}
	if New(Locked, "x", nil) != nil {
		t.Error("New made an error of nil")
	}
	if !errors.Is(inner, cause) {
		t.Error("the cause is lost")
	}
}
