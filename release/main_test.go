package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const aCommit = "0123456789abcdef0123456789abcdef01234567"

func mustPlatforms(t *testing.T, list string) []Platform {
	t.Helper()
	platforms, err := parsePlatforms(list)
	if err != nil {
		t.Fatal(err)
	}
	return platforms
}

// TestRefusedReleases: nothing is built, and nothing removed, for what would not be a release.
func TestRefusedReleases(t *testing.T) {
	for name, c := range map[string]struct {
		version, commit, time, platforms, root, out, want string
	}{
		"no commit":         {"1.2.3", "", "", "", "", "", `commit ""`},
		"a short commit":    {"1.2.3", "0123456789ab", "", "", "", "", "40 hexadecimal digits"},
		"no version":        {"", aCommit, "", "", "", "", `version ""`},
		"half a version":    {"1.2", aCommit, "", "", "", "", "semantic version"},
		"a shell's word":    {"1.2.3-$(id)", aCommit, "", "", "", "", "semantic version"},
		"a v":               {"v1.2.3", aCommit, "", "", "", "", "semantic version"},
		"build metadata":    {"1.2.3+a", aCommit, "", "", "", "", "semantic version"},
		"no time":           {"1.2.3", aCommit, "yesterday", "", "", "", "-time"},
		"a platform":        {"1.2.3", aCommit, "", "plan9/amd64", "", "", "plan9/amd64"},
		"over the sources":  {"1.2.3", aCommit, "", "", "src", "src", "contains the sources"},
		"above the sources": {"1.2.3", aCommit, "", "", "src", ".", "contains the sources"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			kept := filepath.Join("src", "kept")
			if err := os.MkdirAll("src", 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(kept, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			r := &Release{Version: c.version, Commit: c.commit, Root: "src", Out: "dist"}
			if c.out != "" {
				r.Out = c.out
			}
			at, platforms := "2026-11-30T12:00:00Z", "linux/amd64"
			if c.time != "" {
				at = c.time
			}
			if c.platforms != "" {
				platforms = c.platforms
			}
			if err := run(r, platforms, at); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := os.Stat(kept); err != nil {
				t.Errorf("it removed the sources: %v", err)
			}
		})
	}
}

// TestBuildsIgnoreThisMachine: settings that would change the bytes, and keys that no build needs.
func TestBuildsIgnoreThisMachine(t *testing.T) {
	for name, value := range map[string]string{"GOFLAGS": "-race", "GOAMD64": "v3",
		"GOARM64": "v9.0", "GOFIPS140": "latest", "GOWASM": "satconv", "GOWORK": "/go.work",
		"GOEXPERIMENT": "jsonv2", "QUILL_SIGN_P12": "key", "QUILL_NOTARY_KEY": "key"} {
		t.Setenv(name, value)
		for _, pair := range last(goEnv()) {
			if pair == name+"="+value {
				t.Errorf("a build sees %s", pair)
			}
		}
	}
}

// last keeps the last value of each variable, as package exec does.
func last(env []string) (kept []string) {
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		if !slices.ContainsFunc(env[i+1:], func(later string) bool {
			return strings.HasPrefix(later, name+"=")
		}) {
			kept = append(kept, pair)
		}
	}
	return kept
}
