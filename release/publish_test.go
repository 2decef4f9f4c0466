package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPublishNPM has a npm that writes down how it is called.
func TestPublishNPM(t *testing.T) {
	for version, tag := range map[string]string{"1.2.3": "latest", "1.2.3-rc.1": "next",
		"0.0.0-g0123456789ab": "next"} {
		bin, packages := t.TempDir(), t.TempDir()
		script := "#!/bin/sh\necho \"$@\" >>" + filepath.Join(bin, "calls") + "\n"
		if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, name := range []string{"janee-linux-x64", "janee-darwin-arm64", "janee-win32-x64",
			"janee", "janee-openclaw"} {
			file := "true-and-useful-" + name + "-" + version + ".tgz"
			if err := os.WriteFile(filepath.Join(packages, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			want = append(want, "publish --access public --provenance --tag "+tag+" "+file)
		}
		cmd := exec.Command("./publish-npm", packages)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		got := strings.Split(strings.TrimSpace(string(read(t, filepath.Join(bin, "calls")))), "\n")
		slices.Sort(got[3:]) // after the platforms, in any order
		slices.Sort(want[3:])
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s", version, strings.Join(got, "\n"))
		}
	}
}
