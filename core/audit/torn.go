package audit

import (
	"crypto/sha256"
	"encoding/hex"
)

// CauseTorn is the cause of a recover record about half a line that was set aside. Its Detail also
// has the file, bytes and sha256 of the half line.
const CauseTorn = "torn line"

// piece is half a line of a file, by its hash.
type piece struct{ file, sum string }

// aside is such a piece as it was found.
type aside struct {
	at     place
	piece  piece
	shared bool
}

// tell notes what a record says was set aside. Records of an older version say less.
func (v *Verifier) tell(e Entry, at place) {
	if e.Detail["cause"] == CauseTorn && e.Detail["sha256"] != "" {
		v.pieces[piece{e.Detail["file"], e.Detail["sha256"]}] = at
	}
}

// Aside says that text, half a line of file, is line n of the file called name: a file of its own,
// if it was set aside, or file itself, if it is still at its end. A record must tell of what was
// set aside. shared is for the chain of many processes, one of which can be killed after it has set
// a line aside and before it says so.
func (v *Verifier) Aside(file, name string, n int, text []byte, shared bool) {
	sum := sha256.Sum256(text)
	v.aside = append(v.aside,
		aside{place{name, n}, piece{file, hex.EncodeToString(sum[:])}, shared || file == name})
}

func (v *Verifier) reportAside(r *report) {
	there := map[piece]bool{}
	for _, a := range v.aside {
		there[a.piece] = true
		if _, told := v.pieces[a.piece]; !told && !a.shared {
			r.add(a.at, Edited, "no record says that this was set aside from %s", a.piece.file)
		}
	}
	for p, at := range v.pieces {
		if !there[p] {
			r.add(at, Missing,
				"the half line that was set aside from %s is gone, or has changed", p.file)
		}
	}
}
