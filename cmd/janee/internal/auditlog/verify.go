package auditlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

// Report is the result of Verify. If it has no Problems, the log is as it was written.
type Report struct {
	Files    int             `json:"files"`
	Lines    int             `json:"lines"`
	Foreign  []string        `json:"foreign,omitempty"` // names of other files, which are not read
	Torn     []Torn          `json:"torn,omitempty"`    // what killed processes left; no problem
	Anchors  int             `json:"anchors,omitempty"` // how many the log was compared with
	Problems []audit.Problem `json:"problems"`
}

// Torn is a last line without its line feed. If Whole, the record lacks nothing else and counts as
// a line. Otherwise no act followed it, as an act waits until its record is whole and on the disk.
type Torn struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Bytes int    `json:"bytes"`
	Whole bool   `json:"whole,omitempty"`
}

// Verify checks every line of every file with the keys of v. It also checks that every session in
// grants has a record, because nothing else is left to tell if the whole log was deleted. It
// compares the log with every anchor in the files named by anchors, each of which must hold one. It
// takes no lock, so files may grow meanwhile.
func Verify(h Dir, grants state.Reader, v *vault.Vault, anchors ...string) (Report, error) {
	verifier := audit.NewVerifier(func(writer string) []byte { return v.Key("audit/" + writer) })
	// before the log is read, because the record of a session is written before the session
	if err := feedGrants(grants, v, verifier); err != nil {
		return Report{}, err
	}
	files, foreign, err := list(h)
	if err != nil {
		return Report{}, err
	}
	report := Report{Files: len(files), Foreign: foreign, Problems: []audit.Problem{}}
	for _, path := range anchors {
		n, err := feedAnchors(path, v.Key("anchor"), verifier)
		if err != nil {
			return Report{}, err
		}
		report.Anchors += n
	}
	newest := map[string]string{}
	for _, f := range files {
		newest[f.writer] = f.path
	}
	for _, f := range files { // by day, which is the only order that the verifier needs
		if err := report.feed(h, verifier, f, v.Key("audit/"+f.writer),
			f.path == newest[f.writer]); err != nil {
			return Report{}, err
		}
		if err := report.readAside(f, verifier, h.Guard().OpenFile); err != nil {
			return Report{}, err
		}
	}
	report.Problems = append(report.Problems, verifier.Problems()...)
	return report, nil
}

// feedGrants tells the verifier which sessions exist. An attacker cannot forge one, only delete it.
// A session that does not verify allows nothing, so it is ignored.
func feedGrants(grants state.Reader, v *vault.Vault, verifier *audit.Verifier) error {
	names, err := grants.List(session.Dir)
	if err != nil {
		return err
	}
	key := v.Key("state")
	for _, name := range names {
		data, err := grants.Read(name)
		if err != nil {
			return err
		}
		if g, err := session.Decode(key, data); err == nil {
			verifier.Granted(g.ID, name)
		}
	}
	return nil
}

// feedAnchors returns how many anchors the file at path has. The file may be a system log with
// lines of other programs. It is outside of the home, so its owner and mode are not checked.
func feedAnchors(path string, key []byte, verifier *audit.Verifier) (n int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read anchors: %w", err)
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for i := 1; err == nil; i++ {
		var text []byte
		text, err = readLine(lines)
		if errors.Is(err, errLongLine) {
			_, err = rest(lines)
		}
		if a, found, wrong := audit.FindAnchor(key, text); found {
			verifier.Anchored(path, i, a, wrong)
			n++
		}
	}
	if err != io.EOF {
		return n, fmt.Errorf("read anchors from %q: %w", path, err)
	}
	if n == 0 {
		return 0, fmt.Errorf("read anchors from %q: there is none in it", path)
	}
	return n, nil
}

func (r *Report) feed(
	h Dir, verifier *audit.Verifier, f file, key []byte, newest bool,
) error {
	name := filepath.Base(f.path)
	verifier.File(name, f.writer, f.day, f.part)
	return eachLine(h, f, func(n int, text []byte, ended bool) bool {
		if !ended && r.torn(name, n, text, key, newest) {
			verifier.Aside(name, name, n, text, false)
			return false
		}
		r.Lines++
		verifier.Line(n, text)
		return true
	})
}

// torn notes a line without its line feed, and reports whether it is only the beginning of one.
// That is accepted at the very end of a chain only, because a chain continues in a new file only
// when the old one is whole.
func (r *Report) torn(name string, n int, text, key []byte, newest bool) bool {
	_, err := audit.ReadHead(key, text)
	whole := err == nil
	begun := !whole && newest && len(text) <= maxLine
	if whole || begun {
		r.Torn = append(r.Torn, Torn{name, n, len(text), whole})
	}
	return begun
}
