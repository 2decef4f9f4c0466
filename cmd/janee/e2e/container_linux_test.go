//go:build !race

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/true-and-useful/janee/internal/image"
)

// ship is the image and the compose file that containers of a test are made from.
type ship struct {
	rootfs  string
	img     *image.Config
	compose *compose
}

// TestContainers runs the services of compose.yaml, and the pod of docs/containers.md, without an
// engine: the same files, command, environment, volumes, user and health check, in a root that is
// read-only.
func TestContainers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change its root and mount volumes")
	}
	img := readImage(t)
	if !inside() {
		rootfs := os.Getenv(rootfsEnv)
		if rootfs == "" {
			rootfs = layOut(t, img)
		}
		enterNamespaces(t, rootfs)
		return
	}
	prepareNamespaces(t)
	s := ship{os.Getenv(rootfsEnv), img, readCompose(t)}
	t.Run("compose", s.testCompose)
	t.Run("volumes", s.testVolumes)
	t.Run("foreign volumes", s.testForeignVolumes)
	t.Run("spellings", s.testSpellings)
	t.Run("secrets", s.testSecrets)
	t.Run("kubernetes", s.testKubernetes)
}

// newVolumes are volumes as an engine makes them from the directories of the image.
func (s ship) newVolumes(t *testing.T) map[string]string {
	t.Helper()
	volumes := map[string]string{}
	uid, gid := owner(t, s.img)
	for name := range s.compose.Volumes {
		volumes[name] = newDir(t, filepath.Join(t.TempDir(), name), 0o755, uid, gid)
	}
	return volumes
}

func (s ship) janee(t *testing.T, volumes map[string]string) *box {
	t.Helper()
	return inCompose(t, s.rootfs, s.img, s.compose.Services["janee"], volumes)
}

// testCompose tells the story of docs/containers.md: the first start, its commands, the agent, an
// end and a second start.
func (s ship) testCompose(t *testing.T) {
	volumes, api := s.newVolumes(t), startAPI(t)
	janee := s.janee(t, volumes)
	site := janee.start()
	wants(t, site.stderr.String(), "Created /data/janee/config.yaml", "/key/root.key",
		"token of agent default is in /token/default", "running on http://0.0.0.0:9100/mcp")
	token := readFile(t, volumes["janee-token"]+"/default")
	if strings.Contains(site.stderr.String(), token) {
		t.Errorf("it says the token: %s", site.stderr.String())
	}

	janee.does("key_of_the_container", "janee", "add", "bank", "-u", api.url, "--auth-type",
		"bearer", "-k", "-", "--no-capability")
	janee.does("", "janee", "cap", "add", "bank", "-s", "bank", "--allow", "GET *")
	local := &running{url: "http://127.0.0.1:9100"}
	agent := local.client(t, token, "agent in a container")
	wants(t, agent.call("execute", getBalance), `"status":200`)
	wants(t, agent.call("whoami", nil), `"agentId":"default"`)
	if err := agentWith(local.url, "another_token_of_an_agent"); err == nil ||
		!strings.HasPrefix(err.Error(), "401") {
		t.Errorf("another token: %v", err)
	}
	s.testAgent(t, volumes)

	documented(t, "docker compose exec janee ", janee.does)
	janee.stop()
	documented(t, "docker compose run --rm janee ", janee.does)
	config := readFile(t, volumes["janee-data"]+"/janee/config.yaml")
	again := s.janee(t, volumes)
	site = again.start()
	if strings.Contains(site.stderr.String(), "Created") ||
		readFile(t, volumes["janee-token"]+"/default") != token ||
		readFile(t, volumes["janee-data"]+"/janee/config.yaml") != config {
		t.Errorf("the second start does not use what the first has made: %s", site.stderr.String())
	}
	agent = local.client(t, token, "agent in a container")
	wants(t, agent.call("execute", getBalance), `"status":200`)
	wants(t, again.does("", "janee", "logs", "verify"), "the log is whole")
	again.stop()
	checkVolumes(t, volumes, "key_of_the_container", token)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// documented runs the commands of docs/containers.md that begin with prefix, with standard input.
func documented(t *testing.T, prefix string, run func(string, ...string) string) {
	t.Helper()
	found := 0
	for _, b := range blocks(strings.Split(document(t, "docs/containers.md"), "\n")) {
		for _, line := range b.commands() {
			args, ok := strings.CutPrefix(line, prefix)
			if !ok {
				continue
			}
			found++
			split, err := exec.Command("sh", "-c", `printf '%s\n' `+args).Output()
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Split(strings.TrimSuffix(string(split), "\n"), "\n")
			if len(words) > 1 && words[1] == "add" { // a person types the key on the terminal
				words = append(words, "-k", "-")
			}
			run("key_that_is_typed_in", words...)
		}
	}
	if found == 0 {
		t.Errorf("no command begins with %q", prefix)
	}
}

// testAgent runs the service of the agent, in an image that is this machine, as a user that Janee
// does not know.
func (s ship) testAgent(t *testing.T, volumes map[string]string) {
	if _, err := exec.LookPath("wget"); err != nil {
		t.Logf("the service agent is not tried: %v", err)
		return
	}
	rootfs := t.TempDir()
	mounts := []bindMount{}
	for _, dir := range []string{"bin", "dev", "etc", "lib", "lib64", "usr"} {
		switch target, err := os.Readlink("/" + dir); {
		case err == nil:
			if err := os.Symlink(target, filepath.Join(rootfs, dir)); err != nil {
				t.Fatal(err)
			}
		case dirExists("/" + dir):
			mounts = append(mounts, bindMount{"/" + dir, "/" + dir, true})
		}
	}
	img := &image.Config{User: "1000:1000", Env: []string{"PATH=/usr/bin:/bin"}}
	mounts = append(mounts, bindMount{volumes["janee-token"], "/token", true})
	host := newBox(t, rootfs, img, mounts...)
	agent := s.compose.Services["agent"]
	for name, value := range agent.Environment {
		host.env = append(host.env, name+"="+value)
	}
	wants(t, host.does("", agent.Command...), `"serverInfo":{"name":"janee"`)
	if _, _, err := host.exec("sh", "-c", "echo mine > /token/default"); err == nil {
		t.Error("the agent changes its token")
	}
}

func dirExists(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// checkVolumes: no key beside what it seals, nothing but the token for other users.
func checkVolumes(t *testing.T, volumes map[string]string, secrets ...string) {
	t.Helper()
	for _, name := range []string{"janee-data/janee", "janee-key"} {
		volume, rest, _ := strings.Cut(name, "/")
		err := filepath.Walk(filepath.Join(volumes[volume], rest),
			func(path string, info os.FileInfo, err error) error {
				if err != nil || info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s: %v %v", path, info.Mode(), err)
				}
				if info.IsDir() {
					return nil
				}
				text := readFile(t, path)
				for _, secret := range secrets {
					if strings.Contains(text, secret) {
						t.Errorf("%q is in %s", secret, path)
					}
				}
				return nil
			})
		if err != nil {
			t.Error(err)
		}
	}
	root := readFile(t, volumes["janee-key"]+"/root.key")
	if strings.Contains(readFile(t, volumes["janee-data"]+"/janee/config.yaml"), root) {
		t.Error("the root key is in config.yaml")
	}
}

// testVolumes starts twice on volumes of every mode and owner that can be written to.
func (s ship) testVolumes(t *testing.T) {
	uid, gid := owner(t, s.img)
	for _, c := range []struct {
		name     string
		mode     uint32
		uid, gid int
	}{
		{"of Janee alone", 0o700, uid, gid},
		{"readable by all", 0o755, uid, gid},
		{"open to all", 0o777, uid, gid},
		{"an emptyDir of Kubernetes", 0o777, 0, 0},
		{"a volume with fsGroup", 0o2775, 0, gid},
	} {
		for _, home := range []string{"/data/janee", "/data"} {
			t.Run(c.name+" "+home, func(t *testing.T) {
				volumes := s.newVolumes(t)
				for _, dir := range volumes {
					newDir(t, dir, c.mode, c.uid, c.gid)
				}
				for range 2 {
					janee := s.janee(t, volumes)
					janee.env = append(janee.env, "JANEE_HOME="+home)
					janee.start()
					janee.does("", "janee", "list")
					wants(t, janee.does("", "janee", "doctor"), "PASS  home ", "PASS  root key ")
					janee.stop()
					if fi, err := os.Stat(volumes["janee-token"] + "/default"); err != nil ||
						fi.Mode().Perm() != 0o644 {
						t.Errorf("the agent cannot read the token: %v, %v", fi, err)
					}
				}
			})
		}
	}
}

// testForeignVolumes has directories of the host that Janee cannot write to, or that are not
// mounted.
func (s ship) testForeignVolumes(t *testing.T) {
	uid, gid := owner(t, s.img)
	for name, path := range map[string]string{
		"janee-data": "/data", "janee-key": "/key", "janee-token": "/token",
	} {
		for _, foreign := range []struct {
			mode uint32
			uid  int
		}{{0o755, 0}, {0o700, 0}, {0o755, 1000}, {0o700, 1000}} {
			t.Run(fmt.Sprintf("%s %d %04o", name, foreign.uid, foreign.mode), func(t *testing.T) {
				volumes := s.newVolumes(t)
				newDir(t, volumes[name], foreign.mode, foreign.uid, foreign.uid)
				s.janee(t, volumes).fails(fmt.Sprintf("%q belongs to user %d", path, foreign.uid),
					fmt.Sprintf("on the host, run `chown %d` on what this container has as %s", uid,
						path))
				newDir(t, volumes[name], foreign.mode, uid, gid)
				janee := s.janee(t, volumes)
				janee.start()
				janee.stop()
			})
		}
	}
	t.Run("no volume", func(t *testing.T) {
		volumes := s.newVolumes(t)
		delete(volumes, "janee-data")
		s.janee(t, volumes).fails("read-only file system",
			"mount a volume that can be written to at /data")
	})
}

// testSpellings: the entry point may be said again, as the guide does, and without --init nothing
// is made.
func (s ship) testSpellings(t *testing.T) {
	volumes := s.newVolumes(t)
	janee := s.janee(t, volumes)
	for _, args := range [][]string{{"--version"}, {"janee", "--version"}} {
		if out, stderr, err := janee.run(args...); err != nil || out == "" {
			t.Errorf("%q: %v\n%s", args, err, stderr)
		}
	}
	janee.args = strings.Fields("janee serve --transport http --port 9100")
	janee.fails("run `janee init`")
	if _, stderr, err := janee.run("janee", "init"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	janee.start()
	janee.stop()

	plain := s.janee(t, s.newVolumes(t))
	plain.args = nil // those of the image
	plain.start()
	plain.stop()
}

// secretDir is a Secret as Kubernetes mounts it: links to the directory of the version that counts.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
func secretDir(t *testing.T, dirMode, fileMode uint32, gid int, files map[string]string) string {
	t.Helper()
	dir := newDir(t, filepath.Join(t.TempDir(), "secret"), dirMode, 0, gid)
	version := newDir(t, filepath.Join(dir, "..2026_11_30_22_30_05.1"), 0o755, 0, gid)
	link := func(to, from string) {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Base(version), "..data")
	for name, text := range files {
		path := filepath.Join(version, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		newMode(t, path, fileMode, 0, gid)
		link("..data/"+name, name)
	}
	return dir
}

func newMode(t *testing.T, path string, mode uint32, uid, gid int) {
	t.Helper()
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

const (
	mountedKey   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	mountedToken = "token_of_a_mounted_secret"
)

// testSecrets has a root key and a token that may be trusted, and such that may not.
func (s ship) testSecrets(t *testing.T) {
	uid, _ := owner(t, s.img)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  []string // nil: it serves
	}{
		{"as it is", func(*testing.T, string) {}, nil},
		{"a directory on a disk", func(t *testing.T, dir string) { newMode(t, dir, 0o777, 0, 0) },
			nil},
		{"files that others can write", func(t *testing.T, dir string) {
			newMode(t, dir+"/..data/root.key", 0o666, 0, 0)
		}, []string{`"/secret/..data/root.key" is open to other users (mode 0666)`,
			"on the host, run `chmod go-w` on what"}},
		{"a token that others can write", func(t *testing.T, dir string) {
			newMode(t, dir+"/..data/default", 0o666, 0, 0)
		}, []string{"JANEE_TOKEN_FILE (/secret/default)", "can be written to by other users"}},
		{"a link of another user", func(t *testing.T, dir string) {
			if err := os.Lchown(dir+"/..data", 1000, 1000); err != nil {
				t.Fatal(err)
			}
		}, []string{"belongs to user 1000, not to you (user 65532)"}},
		{"a key of another user", func(t *testing.T, dir string) {
			newMode(t, dir+"/..data/root.key", 0o644, 1000, 1000)
		}, []string{"belongs to user 1000", "on the host, run `chown 65532` on what"}},
		{"a key of Janee that others can read", func(t *testing.T, dir string) {
			newMode(t, dir+"/..data/root.key", 0o644, uid, 0)
		}, []string{"is open to other users (mode 0644)", "on the host, run `chmod 600` on what"}},
		{"a key that is gone", func(t *testing.T, dir string) {
			if err := os.Remove(dir + "/..data/root.key"); err != nil {
				t.Fatal(err)
			}
		}, []string{`"/secret/root.key" is a link that leads nowhere`}},
		{"an empty token", func(t *testing.T, dir string) {
			if err := os.WriteFile(dir+"/..data/default", nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"JANEE_TOKEN_FILE (/secret/default) has fewer than 16 characters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := secretDir(t, 0o1777, 0o644, 0, map[string]string{
				"root.key": mountedKey + "\n", "default": mountedToken + "\n"})
			c.spoil(t, dir)
			volumes := s.newVolumes(t)
			janee := newBox(t, s.rootfs, s.img, bindMount{volumes["janee-data"], "/data", false},
				bindMount{dir, "/secret", true})
			janee.env = append(append([]string{}, s.img.Env...),
				"JANEE_KEY_FILE=/secret/root.key", "JANEE_TOKEN_FILE=/secret/default")
			if c.want != nil {
				janee.fails(c.want...)
				return
			}
			janee.start()
			agent := (&running{url: "http://127.0.0.1:9100"}).client(t, mountedToken, "agent")
			wants(t, agent.call("whoami", nil), `"agentId":"default"`)
			janee.stop()
		})
	}
}

// testKubernetes runs the Deployment of docs/containers.md, then mounts a config.yaml as well.
func (s ship) testKubernetes(t *testing.T) {
	pod := readPod(t)
	uid, gid := owner(t, s.img)
	if sc := pod.SecurityContext; sc.RunAsUser != uid || sc.RunAsGroup != gid ||
		!sc.RunAsNonRoot || sc.FSGroup == 0 {
		t.Errorf("the pod runs as %+v", sc)
	}
	for _, mode := range []uint32{0o644, 0o440} {
		t.Run(fmt.Sprintf("secrets %04o", mode), func(t *testing.T) { s.testPod(t, pod, mode) })
	}
	t.Run("config", func(t *testing.T) { s.testMountedConfig(t, pod.SecurityContext.FSGroup) })
}

func (s ship) testPod(t *testing.T, pod *pod, mode uint32) {
	api, group := startAPI(t), pod.SecurityContext.FSGroup
	volumes := map[string]string{
		"data": newDir(t, filepath.Join(t.TempDir(), "data"), 0o2775, 0, group),
		"key": secretDir(t, 0o3777, mode, group,
			map[string]string{"root.key": mountedKey + "\n"}),
		"token": secretDir(t, 0o3777, mode, group,
			map[string]string{"default": mountedToken + "\n"}),
	}
	c := pod.Containers[0]
	var mounts []bindMount
	for _, m := range c.VolumeMounts {
		mounts = append(mounts, bindMount{volumes[m.Name], m.MountPath, m.ReadOnly})
	}
	janee := newBox(t, s.rootfs, s.img, mounts...)
	janee.args, janee.env = c.Args, append([]string{}, s.img.Env...)
	for _, e := range c.Env {
		janee.env = append(janee.env, e.Name+"="+e.Value)
	}
	janee.start()
	for _, p := range []probe{c.ReadinessProbe, c.LivenessProbe} {
		if status := p.ask(t); status != http.StatusOK {
			t.Errorf("%s: %d", p.HTTPGet.Path, status)
		}
	}
	janee.does("key_of_the_pod", "janee", "add", "bank", "-u", api.url, "--auth-type",
		"bearer", "-k", "-")
	agent := (&running{url: "http://127.0.0.1:9100"}).client(t, mountedToken, "agent")
	wants(t, agent.call("execute", getBalance), `"status":200`)
	if err := os.WriteFile(volumes["data"]+"/janee/config.yaml", []byte("colour: blue\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if status := c.ReadinessProbe.ask(t); status != http.StatusServiceUnavailable {
		t.Errorf("ready with a broken config.yaml: %d", status)
	}
	janee.stop()
}

// testMountedConfig mounts a config.yaml of root over the volume, as subPath does.
func (s ship) testMountedConfig(t *testing.T, group int) {
	data := newDir(t, filepath.Join(t.TempDir(), "data"), 0o2775, 0, group)
	first := newBox(t, s.rootfs, s.img, bindMount{data, "/data", false},
		bindMount{s.newVolumes(t)["janee-key"], "/key", false})
	first.does("", "janee", "init")
	made := filepath.Join(data, "janee")
	text, key := readFile(t, made+"/config.yaml"), first.root+"/key/root.key"
	secret := secretDir(t, 0o3777, 0o644, group,
		map[string]string{"config.yaml": text, "root.key": readFile(t, key)})
	if err := os.RemoveAll(made); err != nil {
		t.Fatal(err)
	}

	mountPoint(t, secret+"/..data/config.yaml", data+"/config.yaml")
	janee := newBox(t, s.rootfs, s.img, bindMount{data, "/data", false},
		bindMount{secret + "/..data/config.yaml", "/data/config.yaml", true},
		bindMount{secret, "/key", true})
	janee.env = append(append([]string{}, s.img.Env...), "JANEE_HOME=/data",
		"JANEE_TOKEN="+mountedToken)
	janee.start()
	agent := (&running{url: "http://127.0.0.1:9100"}).client(t, mountedToken, "agent")
	wants(t, agent.call("whoami", nil), `"agentId":"default"`)
	janee.stdin = "key_that_is_typed_in"
	_, stderr, err := janee.exec("janee", "add", "bank", "-u", "https://api.bank.example",
		"--auth-type", "bearer", "-k", "-")
	if err == nil {
		t.Error("it changes a file that is mounted read-only")
	}
	wants(t, stderr, "change what is mounted there, outside of the container")
	janee.stop()
}
