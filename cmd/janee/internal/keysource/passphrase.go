package keysource

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/kdf"
	"github.com/true-and-useful/janee/cmd/janee/internal/term"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// PassphraseEnv holds the passphrase for a process that cannot ask a person. Anyone who can read
// the environment of the process can read it.
const PassphraseEnv = "JANEE_PASSPHRASE"

// MinPassphrase is how many characters a passphrase must have.
const MinPassphrase = 12

// CheckPassphrase refuses a new passphrase that is too short.
func CheckPassphrase(p secret.Text) error {
	if utf8.RuneCountInString(p.Reveal()) < MinPassphrase {
		return hint.Errorf(hint.Failed,
			"five or six random words are easy to remember and hard to guess",
			"a passphrase has at least %d characters", MinPassphrase)
	}
	return nil
}

const (
	wrappedPrefix = "janee-wrapped-v1:"
	argon2id      = "argon2id"
)

var encoding = base64.RawURLEncoding

func isWrapped(text string) bool { return strings.HasPrefix(text, wrappedPrefix) }

// wrapped is a root key encrypted with a passphrase: janee-wrapped-v1:argon2id:PARAMS:SALT:BOX.
type wrapped struct {
	params    kdf.Params
	salt, box []byte
	prefix    string // everything before the last colon, authenticated with the key
}

var errWrapped = errors.New("not a root key that a passphrase opens, or a damaged one")

// parseWrapped reads the line of such a file, with or without its line feed. It is cheap, whatever
// parameters the line names.
func parseWrapped(text string) (wrapped, error) {
	text = strings.TrimSuffix(text, "\n")
	parts := strings.Split(strings.TrimPrefix(text, wrappedPrefix), ":")
	if !isWrapped(text) || len(parts) != 4 || parts[0] != argon2id {
		return wrapped{}, errWrapped
	}
	params, err := kdf.Parse(parts[1])
	if err != nil {
		return wrapped{}, fmt.Errorf("%w: %w", errWrapped, err)
	}
	salt, saltErr := canonical(parts[2])
	box, boxErr := canonical(parts[3])
	if saltErr != nil || boxErr != nil || len(salt) != kdf.SaltSize ||
		len(box) != vault.WrappedSize {
		return wrapped{}, errWrapped
	}
	return wrapped{params, salt, box, text[:strings.LastIndexByte(text, ':')]}, nil
}

func canonical(text string) ([]byte, error) {
	raw, err := encoding.DecodeString(text)
	if err == nil && encoding.EncodeToString(raw) != text {
		err = errWrapped
	}
	return raw, err
}

func (w wrapped) aad(id string) []byte { return []byte(id + "|" + w.prefix) }

func (w wrapped) open(id string, passphrase secret.Text) (vault.Root, error) {
	return vault.Unwrap(w.params.Key(passphrase, w.salt), w.aad(id), w.box)
}

// wrap returns the line of a key file that passphrase opens.
func wrap(id string, root vault.Root, passphrase secret.Text) string {
	w := wrapped{params: kdf.Standard, salt: make([]byte, kdf.SaltSize)}
	var nonce [12]byte
	rand.Read(w.salt) // never fails: the program ends instead (crypto/rand, Go 1.24)
	rand.Read(nonce[:])
	w.prefix = wrappedPrefix + argon2id + ":" + w.params.String() + ":" +
		encoding.EncodeToString(w.salt)
	w.box = root.Wrap(w.params.Key(passphrase, w.salt), nonce, w.aad(id))
	return w.prefix + ":" + encoding.EncodeToString(w.box) + "\n"
}

// tries is how often a person may enter a passphrase.
const tries = 3

// unlock opens text with the passphrase from the environment, or asks a person for it.
func (f file) unlock(text string) (vault.Root, error) {
	w, err := parseWrapped(text)
	if err != nil {
		return vault.Root{}, hint.New(hint.Locked, "restore the key file from a backup",
			wrapError(f.path, err))
	}
	if given := strings.TrimSpace(f.keys.Getenv(PassphraseEnv)); given != "" {
		root, err := w.open(f.id, secret.New(given))
		return root, wrongPassphrase("the passphrase in "+PassphraseEnv, f.path, err)
	}
	question := "Passphrase of the root key"
	for i := 0; ; i++ {
		passphrase, err := f.ask(question)
		if err != nil {
			return vault.Root{}, err
		}
		root, err := w.open(f.id, passphrase)
		if err == nil || i == tries-1 {
			return root, wrongPassphrase("that passphrase", f.path, err)
		}
		question = "That is not the passphrase. Passphrase of the root key"
	}
}

func (f file) ask(question string) (passphrase secret.Text, err error) {
	err = term.ErrNone
	if f.keys.Ask != nil {
		passphrase, err = f.keys.Ask(question)
	}
	if errors.Is(err, term.ErrNone) {
		err = hint.Errorf(hint.Locked,
			"run the command in a terminal, or set "+PassphraseEnv+
				"; a server over stdio cannot ask, because its terminal belongs to the client: "+
				"see `janee key move --help`",
			"%w: the root key in %q needs a passphrase, and nobody can be asked for it here",
			ErrLocked, f.path)
	}
	return passphrase, err
}

func wrongPassphrase(which, path string, err error) error {
	if err == nil {
		return nil
	}
	return hint.Errorf(hint.Locked,
		"try again; if the passphrase is lost, set "+MasterKeyEnv+
			" to the copy that `janee key export` made",
		"%w: %s does not open the root key in %q, or the file is damaged", ErrLocked, which, path)
}
