package keysource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

const id = "5f0c2f7c9b3e4d11a7d2c0ffee000001"

// place is one person's machine: an environment and a configuration directory.
type place struct {
	env map[string]string
	dir string
}

func newPlace(t *testing.T) *place {
	return &place{env: map[string]string{}, dir: filepath.Join(t.TempDir(), "config")}
}

func (p *place) keys() *Keys {
	return &Keys{Getenv: func(name string) string { return p.env[name] },
		ConfigDir: func() (string, error) { return p.dir, nil }}
}
func (p *place) path() string { return filepath.Join(p.dir, "janee", id+".key") }

func (p *place) create(t *testing.T) (vault.Root, string) {
	t.Helper()
	root, where, err := p.keys().Create(id)
	if err != nil {
		t.Fatal(err)
	}
	return root, where
}

func (p *place) load(root vault.Root) (vault.Root, string, error) {
	return p.keys().Load(config.Vault{ID: id, Check: vault.New(root, id).Check()})
}

func fresh(b byte) vault.Root { return vault.NewRoot([32]byte{b, 1, 2, 3}) }

func same(a, b vault.Root) bool { return a.Line().Reveal() == b.Line().Reveal() }

func lockedWith(t *testing.T, err error, want error, text, line string) {
	t.Helper()
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want %v with %q", err, want, text)
	}
	if got := hint.ExitCode(err); got != hint.Locked {
		t.Errorf("exit code %d", got)
	}
	if got := hint.Of(err); !strings.Contains(got, line) || got == "" {
		t.Errorf("hint %q, want %q", got, line)
	}
}

func TestFile(t *testing.T) {
	p := newPlace(t)
	root, where := p.create(t)
	if where != p.path() {
		t.Errorf("where %q", where)
	}
	for path, want := range map[string]fs.FileMode{p.path(): 0o600, filepath.Dir(p.path()): 0o700} {
		if fi, err := os.Lstat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
	got, where, err := p.load(root)
	if err != nil || !same(got, root) || where != p.path() {
		t.Errorf("load: %q, %v", where, err)
	}
	other, _ := newPlace(t).create(t)
	if same(root, other) {
		t.Error("two keys are equal")
	}
}

func TestMissing(t *testing.T) {
	p := newPlace(t)
	_, _, err := p.load(fresh(1))
	lockedWith(t, err, ErrMissing, p.path(), "restore the key file")
	if _, err := os.Lstat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Load made something")
	}
	p.env[KeyFileEnv] = filepath.Join(p.dir, "none")
	_, _, err = p.load(fresh(1))
	lockedWith(t, err, ErrMissing, p.env[KeyFileEnv], "restore the key file")
	for _, v := range []config.Vault{{}, {ID: id}, {Check: "0011223344556677"}} {
		_, _, err := p.keys().Load(v)
		lockedWith(t, err, ErrMissing, "names no vault", "janee init")
	}
}

func TestWrongKey(t *testing.T) {
	p := newPlace(t)
	p.create(t)
	_, _, err := p.load(fresh(1))
	lockedWith(t, err, ErrWrong, "wrong root key: the one from "+p.path(), "backup")
	p.env[MasterKeyEnv] = fresh(2).Line().Reveal()
	_, _, err = p.load(fresh(1))
	lockedWith(t, err, ErrWrong, "the one from "+MasterKeyEnv, "backup")
}

func TestOrder(t *testing.T) {
	p := newPlace(t)
	inFile, _ := p.create(t)
	named := filepath.Join(t.TempDir(), "deep", "named.key")
	p.env[KeyFileEnv] = named
	inNamed, where := p.create(t)
	if where != KeyFileEnv+" ("+named+")" || same(inFile, inNamed) {
		t.Errorf("where %q", where)
	}
	if again, _ := p.create(t); !same(again, inNamed) {
		t.Error("a provisioned key file was not used")
	}
	if got, _, err := p.load(inNamed); err != nil || !same(got, inNamed) {
		t.Errorf("%s does not win over the file: %v", KeyFileEnv, err)
	}
	for _, text := range []string{
		fresh(3).Line().Reveal(), fresh(3).Line().Reveal() + "\n",
		fmt.Sprintf("%02x010203%056x", 3, 0),
	} {
		p.env[MasterKeyEnv] = text
		if got, where, err := p.load(fresh(3)); err != nil || !same(got, fresh(3)) ||
			where != MasterKeyEnv {
			t.Errorf("%s does not win: %q, %v", MasterKeyEnv, where, err)
		}
	}
}

func TestCreateFromEnvironmentWritesNothing(t *testing.T) {
	p := newPlace(t)
	p.env[MasterKeyEnv] = fresh(7).Line().Reveal()
	p.env[KeyFileEnv] = filepath.Join(p.dir, "named.key")
	root, where := p.create(t)
	if !same(root, fresh(7)) || where != MasterKeyEnv {
		t.Errorf("where %q", where)
	}
	if _, err := os.Lstat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was written")
	}
}

func TestNeverOverwrites(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	if _, _, err := p.keys().Create(id); err == nil ||
		!strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("error %v", err)
	}
	if got, _, err := p.load(root); err != nil || !same(got, root) {
		t.Errorf("the first key is lost: %v", err)
	}
	// A damaged key may be the only trace of the real one.
	if err := os.WriteFile(p.path(), []byte("janee-key-v1:torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.keys().Create(id)
	lockedWith(t, err, nil, "root key from "+p.path(), "restore")
	if text, _ := os.ReadFile(p.path()); string(text) != "janee-key-v1:torn" {
		t.Errorf("the file now holds %q", text)
	}
}

func TestOneWinner(t *testing.T) {
	p := newPlace(t)
	var wg sync.WaitGroup
	roots := make([]vault.Root, 8)
	for i := range roots {
		wg.Go(func() { roots[i], _, _ = p.keys().Create(id) })
	}
	wg.Wait()
	winners := 0
	for _, root := range roots {
		if root.IsZero() {
			continue
		}
		winners++
		if got, _, err := p.load(root); err != nil || !same(got, root) {
			t.Errorf("a key was given out that is not the one on disk: %v", err)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
}

func TestRefusedFiles(t *testing.T) {
	for _, c := range []struct {
		name       string
		spoil      func(path string) error
		text, line string
	}{
		{"file readable", func(path string) error { return os.Chmod(path, 0o644) },
			"open to other users", "chmod 600 "},
		{"directory open", func(path string) error { return os.Chmod(filepath.Dir(path), 0o755) },
			"open to other users", "chmod 700 "},
		{"link", func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		}, "symbolic link", "rm "},
		{"directory",
			func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
			"not a regular file", "mv "},
		{"not a key",
			func(path string) error { return os.WriteFile(path, []byte("hunter2-hunter2"), 0o600) },
			"root key", "restore"},
		{"empty", func(path string) error { return os.Truncate(path, 0) }, "root key", "restore"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			root, _ := p.create(t)
			if err := c.spoil(p.path()); err != nil {
				t.Fatal(err)
			}
			_, _, err := p.load(root)
			lockedWith(t, err, nil, c.text, c.line)
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows what the file holds")
			}
			_, _, err = p.keys().Create(id)
			lockedWith(t, err, nil, c.text, c.line)
		})
	}
}

func TestBadMasterKey(t *testing.T) {
	p := newPlace(t)
	p.env[MasterKeyEnv] = "sk_live_not_a_root_key"
	for _, f := range []func() error{
		func() error { _, _, err := p.load(fresh(1)); return err },
		func() error { _, _, err := p.keys().Create(id); return err },
	} {
		err := f()
		lockedWith(t, err, nil, "root key from "+MasterKeyEnv, "64 hex digits")
		if strings.Contains(err.Error(), "sk_live") {
			t.Error("the error shows the variable")
		}
	}
}

func TestBadID(t *testing.T) {
	p := newPlace(t)
	for _, id := range []string{
		"../../x", "a/b", `a\b`, "a.b", "", strings.Repeat("a", 65), "a\x00",
	} {
		_, _, err := p.keys().Path(id)
		lockedWith(t, err, nil, "cannot be the id of a vault", "vault.id")
	}
}

func TestNoConfigDir(t *testing.T) {
	_, _, err := (&Keys{
		Getenv: func(string) string { return "" }, ConfigDir: func() (string, error) {
			return "", fs.ErrInvalid
		}}).Load(config.Vault{ID: id, Check: "x"})
	lockedWith(t, err, fs.ErrInvalid, "find root key", "export JANEE_KEY_FILE=")
}

// Others could put another key into a directory that they can write to.
func TestPlaceOfNamedFile(t *testing.T) {
	p := newPlace(t)
	dir := filepath.Join(t.TempDir(), "made")
	p.env[KeyFileEnv] = filepath.Join(dir, "named.key")
	root, _ := p.create(t)
	for _, c := range []struct {
		mode    fs.FileMode
		refused bool
	}{
		{0o755, false}, {0o775, true}, {0o777, true},
		{fs.ModeSticky | 0o777, false}, {0o700, false},
	} {
		if err := os.Chmod(dir, c.mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := p.load(root)
		_, _, making := p.keys().Create(id)
		if !c.refused {
			if err != nil || making != nil {
				t.Errorf("%v: %v, %v", c.mode, err, making)
			}
			continue
		}
		lockedWith(t, err, nil, "can be written to by other users", "chmod go-w "+dir)
		lockedWith(t, making, nil, "can be written to by other users", "chmod go-w "+dir)
	}
}
