package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const stamps = "github.com/true-and-useful/janee/cmd/janee/internal/build."

// binaries builds a static program for each platform: OUT/janee_VERSION_OS_ARCH/janee.
func binaries(r *Release) error {
	for _, p := range r.Platforms {
		if err := r.compile(p, r.binary(p)); err != nil {
			return err
		}
	}
	return nil
}

// compile builds the program of a platform.
func (r *Release) compile(p Platform, to string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags="+r.linkerFlags(), "-o", to, "./cmd/janee")
	cmd.Dir = r.Root
	cmd.Env = append(goEnv(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Arch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building for %s/%s: %w", p.OS, p.Arch, err)
	}
	return nil
}

// goEnv is the environment without the settings of this machine that would change the bytes, and
// without the keys for signing: npm runs programs of others.
func goEnv() []string {
	own := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "QUILL_")
	})
	return append(own, "GOAMD64=v1", "GOARM64=v8.0", "GOWASM=", "GOFIPS140=off",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=")
}

func (r *Release) linkerFlags() string {
	return strings.Join([]string{"-s -w -buildid=",
		"-X " + stamps + "version=" + r.Version,
		"-X " + stamps + "commit=" + r.Commit,
		"-X " + stamps + "time=" + r.Time.UTC().Format(time.RFC3339)}, " ")
}

// binary is the path of a platform's program.
func (r *Release) binary(p Platform) string { return r.path(r.name(p), p.Program()) }
