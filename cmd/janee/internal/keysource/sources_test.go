package keysource

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/kdf"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

var passphrase = secret.New("correct horse battery")

// vaultOf is what config.yaml says if root is kept at source.
func vaultOf(root vault.Root, source string, words ...string) config.Vault {
	return config.Vault{
		ID:      id,
		Key:     "k1",
		Check:   vault.New(root, id).Check(),
		Source:  source,
		Command: words,
	}
}

func (p *place) put(t *testing.T, v config.Vault, root vault.Root) (undo func() error) {
	t.Helper()
	_, undo, err := p.keys().Put(v, root, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return undo
}

// answering returns Keys whose person types these answers, and counts the questions.
func (p *place) answering(answers ...string) (k *Keys, asked *int) {
	k, asked = p.keys(), new(int)
	k.Ask = func(string) (secret.Text, error) {
		if *asked++; *asked > len(answers) {
			return secret.Text{}, term.ErrInterrupted
		}
		return secret.New(answers[*asked-1]), nil
	}
	return k, asked
}

func TestPassphrase(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	v := vaultOf(root, config.SourcePassphrase)
	p.put(t, v, root)
	text, err := os.ReadFile(p.path())
	if err != nil ||
		!strings.HasPrefix(string(text), "janee-wrapped-v1:argon2id:m=65536,t=3,p=4:") ||
		strings.Contains(string(text), "janee-key-v1") {
		t.Fatalf("%v, the file holds %s", err, text)
	}

	// A person is asked once, and may mistype twice.
	k, asked := p.answering("wrong", "wrong again", passphrase.Reveal())
	for range 3 {
		got, where, err := k.Load(v)
		if err != nil || !same(got, root) || where != p.path()+", locked by a passphrase" {
			t.Fatalf("%q, %v", where, err)
		}
	}
	if *asked != 3 {
		t.Errorf("asked %d times", *asked)
	}
	k, asked = p.answering("wrong", "wrong", "wrong", passphrase.Reveal())
	_, _, err = k.Load(v)
	lockedWith(t, err, ErrLocked, "that passphrase does not open", MasterKeyEnv)
	if *asked != 3 {
		t.Errorf("asked %d times", *asked)
	}
	k, _ = p.answering()
	if _, _, err := k.Load(v); !errors.Is(err, term.ErrInterrupted) {
		t.Errorf("interrupted: %v", err)
	}

	// no one to ask, no terminal to ask on, or the environment instead
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, ErrLocked, "nobody can be asked", PassphraseEnv)
	k = p.keys()
	k.Ask = func(string) (secret.Text, error) { return secret.Text{}, term.ErrNone }
	_, _, err = k.Load(v)
	lockedWith(t, err, ErrLocked, "nobody can be asked", PassphraseEnv)
	p.env[PassphraseEnv] = passphrase.Reveal() + "\n"
	if got, _, err := p.keys().Load(v); err != nil || !same(got, root) {
		t.Errorf("by the environment: %v", err)
	}
	p.env[PassphraseEnv] = "another passphrase"
	k, asked = p.answering(passphrase.Reveal())
	_, _, err = k.Load(v)
	lockedWith(t, err, ErrLocked, "the passphrase in "+PassphraseEnv, "try again")
	if *asked != 0 || strings.Contains(err.Error(), "another passphrase") {
		t.Errorf("asked %d times, %v", *asked, err)
	}
}

// TestWrappedIsStrict changes every byte of the file: none of the results opens, and the error does
// not tell them apart.
func TestWrappedIsStrict(t *testing.T) {
	root := fresh(1)
	good := strings.TrimSuffix(wrap(id, root, passphrase), "\n")
	w, err := parseWrapped(good + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.open(id, passphrase); err != nil || !same(got, root) {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (vault.Root, error){
		"another passphrase": func() (vault.Root, error) {
			return w.open(id, secret.New("correct horse batterz"))
		},
		"another vault": func() (vault.Root, error) { return w.open("other", passphrase) },
	} {
		if got, err := try(); !errors.Is(err, vault.ErrDamaged) || !got.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again := wrap(id, root, passphrase); again == good+"\n" {
		t.Error("two salts are equal")
	}
	params, box := ":"+kdf.Standard.String()+":", good[strings.LastIndexByte(good, ':')+1:]
	for name, text := range map[string]string{
		"100 GiB":       strings.Replace(good, params, ":m=104857600,t=3,p=4:", 1),
		"many passes":   strings.Replace(good, params, ":m=65536,t=4294967295,p=4:", 1),
		"no memory":     strings.Replace(good, params, ":m=0,t=3,p=4:", 1),
		"another kdf":   strings.Replace(good, "argon2id", "argon2i", 1),
		"later version": strings.Replace(good, "-v1:", "-v2:", 1),
		"a key itself":  fresh(1).Line().Reveal(),
		"empty":         "",
		"truncated":     good[:len(good)-1],
		"half":          good[:len(good)/2],
		"longer":        good + "A",
		"padded":        good + "=",
		"two lines":     good + "\n\n",
		"a part more":   good + ":" + box,
		"a part less":   strings.TrimSuffix(good, ":"+box),
		"short salt": strings.Replace(good,
			":"+encoding.EncodeToString(w.salt)+":", ":AAAA:", 1),
		"line break": good[:len(good)-4] + "\n" + good[len(good)-4:],
	} {
		if _, err := parseWrapped(text); !errors.Is(err, errWrapped) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), box) {
			t.Errorf("%s: the error quotes the file: %v", name, err)
		}
	}
	other := w
	// what a later version would be is not read as this one
	other.prefix = strings.Replace(w.prefix, "-v1:", "-v2:", 1)
	if _, err := other.open(id, passphrase); !errors.Is(err, vault.ErrDamaged) {
		t.Errorf("another prefix: %v", err)
	}
	// parameters within the bounds are authenticated too: cheaper ones do not open the file
	weaker, err := parseWrapped(strings.Replace(good, params, ":m=64,t=1,p=1:", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := weaker.open(id, passphrase); !errors.Is(err, vault.ErrDamaged) {
		t.Errorf("weaker: %v", err)
	}
}

// TestWrappedByNode opens what Node's crypto (argon2Sync, aes-256-gcm) has wrapped: the root 00 01
// … 1f, as docs/formats.md shows it.
func TestWrappedByNode(t *testing.T) {
	const text = "janee-wrapped-v1:argon2id:m=65536,t=3,p=4:MDEyMzQ1Njc4OWFiY2RlZg:" +
		"YWJjZGVmZ2hpamtsbHY6g0hi0cUHeVxa80e805fI22emtscUSWTGpVUXtE2GqBcFpN_mI1wnirydVoYn"
	w, err := parseWrapped(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.open("5f0c2f7c9b3e4d11a7d2c0ffee000001", passphrase)
	if err != nil ||
		got.Line().Reveal() != "janee-key-v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" {
		t.Error(err)
	}
}

func TestDamagedWrappedFile(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	v := vaultOf(root, config.SourcePassphrase)
	p.put(t, v, root)
	if err := os.Truncate(p.path(), 80); err != nil {
		t.Fatal(err)
	}
	k, asked := p.answering(passphrase.Reveal())
	_, _, err := k.Load(v)
	lockedWith(t, err, nil, "a damaged one", "restore the key file")
	if *asked != 0 {
		t.Error("a passphrase was asked for that can open nothing")
	}
}

func FuzzParseWrapped(f *testing.F) {
	good := wrap(id, fresh(1), passphrase)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add("janee-wrapped-v1:argon2id:m=104857600,t=3,p=4:AAAA:AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := parseWrapped(text)
		if err != nil {
			return
		}
		// One spelling, and nothing that would exhaust the machine.
		if again := w.prefix + ":" +
			encoding.EncodeToString(w.box); again != strings.TrimSuffix(text, "\n") ||
			len(w.salt) != kdf.SaltSize || len(w.box) != vault.WrappedSize {
			t.Errorf("%q reads as %q", text, again)
		}
		if w.params.Memory > 1<<20 || w.params.Passes > 16 || w.params.Lanes > 16 {
			t.Errorf("%v", w.params)
		}
	})
}

func TestShortPassphrase(t *testing.T) {
	for text, ok := range map[string]bool{
		"": false, "elevenchars": false, "twelve chars": true, "zwölf Zeiche": true,
	} {
		if err := CheckPassphrase(secret.New(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	p := newPlace(t)
	root, _ := p.create(t)
	v := vaultOf(root, config.SourceKeyring)
	_, _, err := p.keys().Load(v)
	lockedWith(t, err, ErrMissing, `the keyring (service "janee", user "`+id+`") has none`,
		"janee key move")
	undo := p.put(t, v, root)
	got, where, err := p.keys().Load(v)
	if err != nil || !same(got, root) || where != `the keyring (service "janee", user "`+id+`")` {
		t.Errorf("%q, %v", where, err)
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.keys().Load(v); !errors.Is(err, ErrMissing) {
		t.Errorf("after the undoing: %v", err)
	}
	_ = keyring.Set(keyringService, id, "sk_live_not_a_key")
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, nil, "root key from the keyring", "backup")
	if strings.Contains(err.Error(), "sk_live") {
		t.Error("the error shows what the keyring holds")
	}
	keyring.MockInitWithError(errors.New("no bus\x1b[2J" + strings.Repeat("x", 500)))
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, ErrLocked, `there is no keyring to ask here: no bus\u001b[2J`, KeyFileEnv)
	if len(err.Error()) > 300 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}

func TestKeyringThatWaits(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	defer func(d time.Duration) { keyringWait = d }(keyringWait)
	keyringWait = time.Millisecond
	if err := patiently(func() error { <-stop; return nil }); !errors.Is(err, errPatience) {
		t.Error(err)
	}
}

// script is an executable that sh reads.
func script(t *testing.T, body string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	path := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommand(t *testing.T) {
	p := newPlace(t)
	root := fresh(1)
	p.env["PATH"], p.env["HOME"], p.env["GNUPGHOME"] = os.Getenv("PATH"), t.TempDir(), "gnupg"
	p.env["JANEE_PASSPHRASE"], p.env["STRIPE_KEY"] = "secret", "secret"
	count := filepath.Join(t.TempDir(), "count")
	tool := script(t, `echo once >> '`+count+`'
[ "$1" = 'a b;c' ] && [ "$#" = 1 ] && [ "$GNUPGHOME" = gnupg ] && [ -z "$JANEE_PASSPHRASE$STRIPE_KEY$JANEE_HOME" ] && [ "$(pwd -P)" = "$(cd "$HOME" && pwd -P)" ] || exit 9
read line && exit 8
echo noise >&2
echo '`+root.Line().Reveal()+`'
`)
	v := vaultOf(root, config.SourceCommand, tool, "a b;c")
	k := p.keys()
	for range 3 {
		got, where, err := k.Load(v)
		if err != nil || !same(got, root) || where != `the command "`+tool+`"` {
			t.Fatalf("%q, %v", where, err)
		}
	}
	// once it has the key, a process runs nothing for this vault, even if config.yaml changes
	mark := filepath.Join(t.TempDir(), "mark")
	if got, _, err := k.Load(vaultOf(root, config.SourceCommand, "touch", mark)); err != nil ||
		!same(got, root) {
		t.Error(err)
	}
	_, _, err := k.Load(vaultOf(fresh(2), config.SourceCommand, "touch", mark))
	lockedWith(t, err, ErrWrong, "does not fit", "backup")
	if _, err := os.Lstat(mark); err == nil {
		t.Error("another command was run")
	}
	if text, _ := os.ReadFile(count); string(text) != "once\n" {
		t.Errorf("the command ran %q", text)
	}
}

// A process that started with a key file runs no command that config.yaml names later.
func TestCommandPlantedLater(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	k := p.keys()
	if _, _, err := k.Load(vaultOf(root, "")); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(t.TempDir(), "mark")
	if _, _, err := k.Load(vaultOf(root, config.SourceCommand, "touch", mark)); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(mark); err == nil {
		t.Error("it was run")
	}
}

// TestCommandSeesNothingOfOurs: not even if none of the variables that it would get is set.
func TestCommandSeesNothingOfOurs(t *testing.T) {
	t.Setenv("STRIPE_KEY", "secret")
	root := fresh(1)
	tool := script(t, "[ -z \"$STRIPE_KEY\" ] || exit 9\necho "+root.Line().Reveal()+"\n")
	if _, _, err := newPlace(t).keys().Load(vaultOf(root, config.SourceCommand, tool)); err != nil {
		t.Error(err)
	}
}

func TestCommandRefuses(t *testing.T) {
	defer func(d time.Duration) { commandWait = d }(commandWait)
	root := fresh(1)
	for name, c := range map[string]struct{ body, says string }{
		"fails":          {"echo " + root.Line().Reveal() + "\nexit 3\n", "exit status 3"},
		"prints no key":  {"echo sk_live_not_a_key\n", "root key from the command"},
		"prints nothing": {"", "root key from the command"},
		"prints more": {"echo " + root.Line().Reveal() + "\necho more\n",
			"root key from the command"},
		"floods": {"while :; do echo " +
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n",
			"more than 4096 bytes"},
		"hangs": {"exec sleep 1000\n", "did not end within"},
		"tells": {"echo " + root.Line().Reveal() + " >&2\nexit 1\n", "exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.env["PATH"] = os.Getenv("PATH")
			commandWait = time.Minute
			if name == "hangs" {
				commandWait = 50 * time.Millisecond
			}
			tool := script(t, c.body)
			_, _, err := p.keys().Load(vaultOf(root, config.SourceCommand, tool, "a b"))
			lockedWith(t, err, nil, c.says, tool+" 'a b'")
			for _, secret := range []string{"sk_live", root.Line().Reveal()} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows what it printed: %v", err)
				}
			}
		})
	}
	p := newPlace(t)
	_, _, err := p.keys().Load(vaultOf(root, config.SourceCommand, "no-such-tool-of-janee"))
	lockedWith(t, err, exec.ErrNotFound, "no-such-tool-of-janee", "run it yourself")
}

func TestSystemd(t *testing.T) {
	p := newPlace(t)
	root := fresh(1)
	v := vaultOf(root, config.SourceSystemd)
	_, _, err := p.keys().Load(v)
	lockedWith(t, err, ErrLocked, "CREDENTIALS_DIRECTORY is not set", "LoadCredentialEncrypted="+id)
	dir := filepath.Join(t.TempDir(), "credentials")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.env["CREDENTIALS_DIRECTORY"] = dir
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, ErrMissing, filepath.Join(dir, id), "LoadCredentialEncrypted="+id)
	path := filepath.Join(dir, id)
	for _, c := range []struct {
		text, says string
		mode       os.FileMode
	}{
		{line(root), "", 0o400}, {line(root), "", 0o440}, {root.Line().Reveal(), "", 0o600},
		{line(root), "open to other users", 0o444}, {line(root), "open to other users", 0o460},
		{"sk_live_no_key", "root key from the systemd credential", 0o400},
		{strings.Repeat("x", 1<<20), "root key", 0o400},
	} {
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		got, _, err := p.keys().Load(v)
		if c.says == "" && (err != nil || !same(got, root)) {
			t.Errorf("%v: %v", c.mode, err)
		}
		if c.says != "" {
			lockedWith(t, err, nil, c.says, "")
		}
		if err != nil && strings.Contains(err.Error(), "sk_live") {
			t.Error("the error shows the credential")
		}
	}
	if err := errors.Join(os.Rename(path, path+".real"),
		os.Symlink(path+".real", path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.keys().Load(v); err == nil {
		t.Error("a link was followed")
	}
	_ = os.Remove(path)
	if err := errors.Join(os.WriteFile(path, []byte(line(root)), 0o400),
		os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, nil, "can be written to by other users", "chmod")
	p.env["CREDENTIALS_DIRECTORY"] = "credentials"
	_, _, err = p.keys().Load(v)
	lockedWith(t, err, ErrLocked, "is not set", "")
}

// TestPutWantsTheSameKey: if the owner must place the key, another one is refused.
func TestPutWantsTheSameKey(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	p.env["PATH"] = os.Getenv("PATH")
	for _, put := range []func(v config.Vault) error{
		func(v config.Vault) error { _, _, err := p.keys().Put(v, root, passphrase); return err },
		func(v config.Vault) error { return p.keys().Try(v, root) },
	} {
		if err := put(vaultOf(root, config.SourceCommand,
			script(t, "echo "+fresh(2).Line().Reveal()))); !errors.Is(err, errOther) {
			t.Errorf("another key: %v", err)
		}
		if err := put(vaultOf(root, config.SourceCommand,
			script(t, "echo "+root.Line().Reveal()))); err != nil {
			t.Error(err)
		}
	}
}

// TestPutWhereOthersLook: no key is put into a directory that is open to others, and what was there
// stays.
func TestPutWhereOthersLook(t *testing.T) {
	p := newPlace(t)
	root, _ := p.create(t)
	if err := os.Chmod(filepath.Dir(p.path()), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.keys().Put(vaultOf(root, config.SourcePassphrase), root, passphrase)
	if err == nil || !strings.Contains(err.Error(), "open to other users") ||
		hint.ExitCode(err) != hint.Failed || !strings.Contains(hint.Of(err), "chmod 700") {
		t.Errorf("%v, exit code %d, hint %q", err, hint.ExitCode(err), hint.Of(err))
	}
	if text, err := os.ReadFile(p.path()); err != nil || string(text) != line(root) {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

// TestRemove: the key is removed from where it was, and from nowhere else.
func TestRemove(t *testing.T) {
	keyring.MockInit()
	for _, c := range []struct {
		from, to string
		file     bool // is there afterwards
		left     string
	}{
		{config.SourceFile, config.SourceKeyring, false, ""},
		{config.SourcePassphrase, config.SourceKeyring, false, ""},
		{config.SourceFile, config.SourcePassphrase, true, ""},
		{config.SourcePassphrase, config.SourceFile, true, ""},
		{config.SourceKeyring, config.SourceFile, true, ""},
		// an interrupted move has left a file
		{config.SourceKeyring, config.SourceKeyring, false, ""},
		{config.SourceCommand, config.SourceKeyring, false, "the command"},
		{config.SourceSystemd, config.SourceFile, true, "the systemd credential"},
	} {
		p := newPlace(t)
		root, _ := p.create(t)
		if c.from == config.SourcePassphrase || c.to == config.SourcePassphrase {
			p.put(t, vaultOf(root, config.SourcePassphrase), root)
		}
		_ = keyring.Set(keyringService, id, line(root))
		left, err := p.keys().Remove(vaultOf(root, c.from, "x"), vaultOf(root, c.to, "y"))
		if err != nil || !strings.HasPrefix(left, c.left) || (left == "") != (c.left == "") {
			t.Errorf("%s to %s: %q, %v", c.from, c.to, left, err)
		}
		if _, err := os.Lstat(p.path()); (err == nil) != c.file {
			t.Errorf("%s to %s: the file: %v", c.from, c.to, err)
		}
		_, err = keyring.Get(keyringService, id)
		if kept := c.from != config.SourceKeyring ||
			c.to == config.SourceKeyring; (err == nil) != kept {
			t.Errorf("%s to %s: the keyring: %v", c.from, c.to, err)
		}
	}
	// An interrupted move from a passphrase has left a file that cannot be opened here.
	p := newPlace(t)
	root, _ := p.create(t)
	p.put(t, vaultOf(root, config.SourcePassphrase), root)
	if _, err := p.keys().Remove(vaultOf(root, config.SourceCommand, "x"),
		vaultOf(root, config.SourceCommand, "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(p.path()); err == nil {
		t.Error("the file that a passphrase locks is left")
	}
	// A file that holds another key is not what was moved.
	p = newPlace(t)
	p.create(t)
	if _, err := p.keys().Remove(vaultOf(fresh(2), config.SourceKeyring),
		vaultOf(fresh(2), config.SourceKeyring)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(p.path()); err != nil {
		t.Error("the file of another key is gone")
	}
}

func TestInspectSources(t *testing.T) {
	keyring.MockInit()
	p := newPlace(t)
	root, _ := p.create(t)
	v := vaultOf(root, config.SourceKeyring)
	p.put(t, v, root)
	s, err := p.keys().Inspect(v)
	if err != nil || s.Source != config.SourceKeyring || s.File != "" || s.Left != p.path() {
		t.Errorf("%+v, %v", s, err)
	}
	if err := os.Remove(p.path()); err != nil {
		t.Fatal(err)
	}
	if s, _ = p.keys().Inspect(v); s.Left != "" {
		t.Errorf("%+v", s)
	}
	v = vaultOf(root, config.SourcePassphrase)
	p.put(t, v, root)
	if s, err = p.keys().Inspect(v); s.Check != Locked || s.File != p.path() || s.Mode != 0o600 {
		t.Errorf("%+v, %v", s, err)
	}
}
