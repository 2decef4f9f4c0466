package answers

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/kdf"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/secret"
)

// MinPIN is how many characters a PIN must have.
const MinPIN = 4

var b64 = base64.RawStdEncoding

// HashPIN returns what config.yaml keeps of a PIN: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func HashPIN(pin secret.Text) string {
	var salt [kdf.SaltSize]byte
	_, _ = rand.Read(salt[:]) // never fails: see crypto/rand
	sum := kdf.Standard.Key(pin, salt[:])
	return fmt.Sprintf("$argon2id$v=%d$%v$%s$%s", argon2.Version, kdf.Standard,
		b64.EncodeToString(salt[:]), b64.EncodeToString(sum[:]))
}

var errHash = errors.New("approvals.pin in config.yaml is damaged")

// rightPIN takes about a tenth of a second, right or wrong.
func rightPIN(hash string, pin secret.Text) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" ||
		parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	params, err := kdf.Parse(parts[3])
	salt, saltErr := b64.DecodeString(parts[4])
	sum, sumErr := b64.DecodeString(parts[5])
	if errors.Join(err, saltErr, sumErr) != nil || len(salt) < 8 || len(sum) != kdf.KeySize {
		return false, errHash
	}
	got := params.Key(pin, salt)
	return subtle.ConstantTimeCompare(got[:], sum) == 1, nil
}

// CheckPIN returns nil for the right PIN. A wrong one is recorded, and after three of them
// everybody has to wait. The try is counted before it is judged, so that ending the process does
// not give it back.
func (d *Desk) CheckPIN(hash string, pin secret.Text) error {
	if err := d.countTry(); err != nil {
		return err
	}
	right, err := rightPIN(hash, pin)
	switch {
	case err != nil:
		return hint.New(hint.Failed, "delete the line, then run `janee approvals pin`", err)
	case right:
		return d.State.Remove(approval.TriesFile)
	}
	r := audit.Record{
		TS:     d.Now().UnixMilli(),
		Event:  "pin.wrong",
		Detail: map[string]string{"by": approval.ByCommand},
	}
	return errors.Join(hint.Errorf(hint.Denied, "", "the PIN is wrong; nothing was answered"),
		d.Record(r))
}

func (d *Desk) countTry() error {
	return d.State.Edit(approval.TriesFile, func(old []byte) ([]byte, error) {
		tries, err := approval.DecodeTries(d.key(), old)
		if err != nil {
			return nil, hint.Errorf(hint.Failed, "remove it if you know how that came about",
				"%s was not written by this home, or was changed: %w", approval.TriesFile, err)
		}
		now := d.Now().UnixMilli()
		if wait := tries.Wait(now); wait > 0 {
			return nil, hint.Errorf(hint.Denied, "", "too many wrong PINs: wait %v",
				(time.Duration(wait) * time.Millisecond).Round(time.Second))
		}
		return approval.Tries{Wrong: tries.Wrong + 1, At: now}.Encode(d.key()), nil
	})
}
