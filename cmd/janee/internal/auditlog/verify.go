package auditlog

import (
	"path/filepath"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// Report is the result of Verify. The log is as it was written if there are no Problems.
type Report struct {
	Files    int             `json:"files"`
	Lines    int             `json:"lines"`
	Foreign  int             `json:"foreign,omitempty"` // other files in the directory: not read
	Torn     []Torn          `json:"torn,omitempty"`    // no problem: what a killed process leaves
	Problems []audit.Problem `json:"problems"`
}

// Torn is a last line without its line feed. Nobody acted on it: an act waits until its record is whole and on the disk.
type Torn struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Bytes int    `json:"bytes"`
}

// Verify checks every line of every file under the keys of v. It takes no lock, so files may grow meanwhile.
func Verify(h *home.Home, v *vault.Vault) (Report, error) {
	files, foreign, err := list(h)
	if err != nil {
		return Report{}, err
	}
	report := Report{Files: len(files), Foreign: foreign, Problems: []audit.Problem{}}
	verifier := audit.NewVerifier(func(writer string) []byte { return v.Key("audit/" + writer) })
	newest := map[string]string{}
	for _, f := range files {
		newest[f.writer] = f.path
	}
	for _, f := range files { // by day, which is all the order that the verifier asks for
		if err := report.feed(h, verifier, f, f.path == newest[f.writer]); err != nil {
			return Report{}, err
		}
	}
	report.Problems = append(report.Problems, verifier.Problems()...)
	return report, nil
}

// feed accepts a torn line only at the very end of a chain: nobody goes on in a new file before the old one is whole.
func (r *Report) feed(h *home.Home, verifier *audit.Verifier, f file, last bool) error {
	name := filepath.Base(f.path)
	verifier.File(name, f.writer)
	return eachLine(h, f, func(n int, text []byte, whole bool) bool {
		if !whole && last {
			r.Torn = append(r.Torn, Torn{name, n, len(text)})
			return false
		}
		r.Lines++
		verifier.Line(n, text)
		return true
	})
}
