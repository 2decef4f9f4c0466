package build

import (
	"runtime/debug"
	"testing"
)

const hash = "0123456789abcdef0123456789abcdef01234567"

func TestRecorded(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs.revision", Value: hash},
			{Key: "vcs.time", Value: "2026-11-30T12:00:00Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	for name, c := range map[string]struct {
		main     string
		settings []debug.BuildSetting
		want     Info
	}{
		"installed by version": {"v1.2.3", nil, Info{Version: "1.2.3"}},
		"a work tree": {"v0.0.0-20261130120000-0123456789ab", vcs("false"),
			Info{"0.0.0-g0123456789ab", hash, "2026-11-30T12:00:00Z"}},
		"a changed work tree": {"(devel)", vcs("true"),
			Info{"0.0.0-g0123456789ab.dirty", hash, "2026-11-30T12:00:00Z"}},
		"nothing": {"(devel)", nil, Info{Version: "devel"}},
	} {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{Main: debug.Module{Version: c.main}, Settings: c.settings}
			if got := recorded(info); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestStampCountsFirst(t *testing.T) {
	defer func() { version, commit, time = "", "", "" }()
	version, commit, time = "1.2.3", hash, "2026-11-30T12:00:00Z"
	if got := Current(); got != (Info{version, commit, time}) {
		t.Errorf("got %+v", got)
	}
}
