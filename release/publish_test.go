package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// npmStub writes down what it is asked to publish, and has published what is in there already.
const npmStub = `#!/bin/sh
case $1 in
publish) echo "$@" >>"$PUBLISHED" ;;
view) grep -qxF "$2" "$THERE" && echo "${2##*@}" || exit 1 ;;
esac
`

// publish runs publish-npm on packages of these versions, with npm as far as the stub is npm, and
// returns what it published.
func publish(t *testing.T, version string, there ...string) (published []string, err error) {
	t.Helper()
	r := &Release{Version: version, Root: "..", Out: t.TempDir()}
	for _, p := range mustPlatforms(t, allPlatforms) {
		m := r.manifest(p.npmName(), "")
		if err := r.npmPack(p.npmName(), m, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"janee", "janee-openclaw"} {
		if err := r.npmPack(name, r.manifest(name, ""), nil); err != nil {
			t.Fatal(err)
		}
	}
	return runPublish(t, r, there)
}

func runPublish(t *testing.T, r *Release, there []string) (published []string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"npm": npmStub, "published": "",
		"there": strings.Join(there, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("./publish-npm", r.path("npm"))
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"),
		"PUBLISHED="+filepath.Join(dir, "published"), "THERE="+filepath.Join(dir, "there"))
	cmd.Stderr = t.Output()
	err = cmd.Run()
	for line := range strings.Lines(string(read(t, filepath.Join(dir, "published")))) {
		published = append(published, strings.TrimSpace(line))
	}
	return published, err
}

// TestPublishOrder: a package that names others at their exact version must not be there before
// them.
func TestPublishOrder(t *testing.T) {
	all, err := publish(t, "1.2.3")
	if err != nil || len(all) != 8 {
		t.Fatalf("%q, %v", all, err)
	}
	for i, line := range all {
		if !strings.HasPrefix(line, "publish --access public --provenance --tag latest ./") {
			t.Errorf("npm %s", line)
		}
		if platform := !strings.Contains(line, "janee-1.2.3") &&
			!strings.Contains(line, "janee-openclaw-"); platform != (i < 6) {
			t.Errorf("%d: npm %s", i, line)
		}
	}
}

// TestPublishPrerelease: what everybody installs is a release.
func TestPublishPrerelease(t *testing.T) {
	all, err := publish(t, "1.2.3-rc.1")
	if err != nil || len(all) != 8 {
		t.Fatalf("%q, %v", all, err)
	}
	for _, line := range all {
		if !strings.Contains(line, " --tag next ") {
			t.Errorf("npm %s", line)
		}
	}
}

// TestPublishAgain: npm refuses a version that it has, and a run that failed has to be repeated.
func TestPublishAgain(t *testing.T) {
	all, err := publish(t, "1.2.3", npmScope+"janee-linux-x64@1.2.3", npmScope+"janee@1.2.2")
	if err != nil || len(all) != 7 {
		t.Fatalf("%q, %v", all, err)
	}
	for _, line := range all {
		if strings.Contains(line, "linux-x64") {
			t.Errorf("npm %s", line)
		}
	}
}

// TestPublishWantsEveryPlatform: a release of one platform is one that somebody tried out.
func TestPublishWantsEveryPlatform(t *testing.T) {
	r := &Release{Version: "1.2.3", Root: "..", Out: t.TempDir()}
	if err := r.npmPack("janee", r.manifest("janee", ""), nil); err != nil {
		t.Fatal(err)
	}
	if all, err := runPublish(t, r, nil); err == nil || len(all) > 0 {
		t.Errorf("it publishes %q", all)
	}
}
