//go:build !race

package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestCheckHoldsTheSupply reads what CI runs: nobody takes out a check unseen.
func TestCheckHoldsTheSupply(t *testing.T) {
	_, check, _ := strings.Cut(document(t, "Makefile"), "\ncheck:\n")
	check, _, _ = strings.Cut(check, "\n\n")
	wants(t, check, "mod verify", "mod tidy -diff", "bin/staticcheck ./...", ".ci/vulncheck",
		"-C .ci/tools build", "run ./internal/width .")
	wants(t, document(t, ".ci/run"), "set -eu", "\nmake check\n", "\nmake test\n")
	wants(t, document(t, ".ci/vulncheck"), "NOT CHECKED", "exit 1", "exit $code")
	pinned := regexp.MustCompile(`(honnef.co/go/tools|golang.org/x/vuln) v\d+\.\d+\.\d+\b`)
	if found := pinned.FindAllString(document(t, ".ci/tools/go.mod"), -1); len(found) != 2 {
		t.Errorf("pinned: %v", found)
	}
	if !regexp.MustCompile(`\ntoolchain go1\.\d+\.\d+\n`).MatchString(document(t, "go.mod")) {
		t.Error("go.mod names no toolchain")
	}
}
