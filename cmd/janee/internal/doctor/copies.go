package doctor

import (
	"os"
	"regexp"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// sealedText is what a copy may hold. Its beginning is not that of a key.
var sealedText = regexp.MustCompile(`janee:v1:[^\s"']*`)

// checkCopies looks for what editors leave beside config.yaml (config.yaml~, .config.yaml.swp,
// config.yaml.bak): Janee seals a key that was typed into the file itself, and the copy of before
// keeps it in the clear.
func checkCopies(p *patient) []Check {
	if p.home == nil {
		return nil
	}
	entries, err := os.ReadDir(p.home.Path("."))
	if err != nil {
		return []Check{warned("copies", "janee doctor",
			"looking for copies of config.yaml: %v", err)}
	}
	var found []Check
	for _, e := range entries {
		if e.Name() == "config.yaml" || !strings.Contains(e.Name(), "config.yaml") {
			continue
		}
		path := p.home.Path(e.Name())
		text, ok := readClientFile(path)
		if ok && len(secretNames(sealedText.ReplaceAllString(text, "sealed"))) > 0 {
			found = append(found,
				warned("copies",
					"rm "+home.Quote(path),
					"%s holds what looks like a credential in the clear: "+
						"an editor or a person left it", path))
		}
	}
	return found
}
