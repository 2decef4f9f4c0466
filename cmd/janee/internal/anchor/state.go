package anchor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// Told is the result of the last anchoring, for `janee status`. It proves nothing, because anyone
// who can write to the log can write it too.
type Told struct {
	At    time.Time `json:"at"` // UTC
	Error string    `json:"error,omitempty"`
}

func path(d auditlog.Dir) string { return filepath.Join(d.LogsPath(), auditlog.AnchorFile) }

func keep(d auditlog.Dir, at time.Time, failed error) error {
	t := Told{At: at.UTC().Truncate(time.Millisecond)}
	if failed != nil {
		t.Error = failed.Error()
	}
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return home.ReplaceFile(path(d), append(data, '\n'))
}

// Last returns the result of the last anchoring, or the zero value if the log was never anchored.
func Last(d auditlog.Dir) (t Told, err error) {
	data, err := d.Guard().ReadFile(path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return Told{}, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return Told{}, fmt.Errorf("read the result of the last anchoring: %w", err)
	}
	return t, nil
}
