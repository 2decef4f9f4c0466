package approval

import "github.com/true-and-useful/janee/core/line"

// TriesFile names the file that counts wrong PINs.
const TriesFile = Dir + "/pin.json"

const (
	freeTries = 3
	firstWait = 30 * 1000 // ms
	longWait  = 60 * 60 * 1000
)

// Tries counts the wrong PINs since the last right one, or the codes tried for one question. At is
// the time of the last try, in Unix milliseconds.
type Tries struct {
	Wrong int64 `json:"wrong"`
	At    int64 `json:"at"`
}

// Encode returns the content of the file, one line, signed with the key "state" of the vault.
func (t Tries) Encode(key []byte) []byte { return line.Encode(key, "tries", t) }

// DecodeTries reads the content of the file; no content means no tries. On an error the caller lets
// nobody try.
func DecodeTries(key, data []byte) (Tries, error) {
	if data == nil {
		return Tries{}, nil
	}
	return line.Open[Tries](key, data, "tries")
}

// Wait is how many milliseconds must pass, from now on, before anyone may try again: half a minute
// after three wrong PINs, then twice as long each time, up to an hour.
func (t Tries) Wait(now int64) int64 {
	if t.Wrong < freeTries {
		return 0
	}
	wait := int64(longWait)
	if doublings := t.Wrong - freeTries; doublings < 7 {
		wait = firstWait << doublings
	}
	// a clock that was set back must not lock a person out for long
	return min(max(0, t.At+wait-now), wait)
}
