package doctor

import (
	"os"
	"regexp"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// sealedText matches a sealed value, which a copy may hold and which otherwise looks like a key.
var sealedText = regexp.MustCompile(`janee:v1:[^\s"']*`)

// checkCopies looks for copies that editors leave beside config.yaml (config.yaml~,
// .config.yaml.swp, config.yaml.bak). Janee seals a key that was typed into config.yaml, but an
// older copy keeps it in plaintext.
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
					"%s holds what looks like a plaintext credential: "+
						"an editor or a person left it there", path))
		}
	}
	return found
}
