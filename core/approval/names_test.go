package approval

import (
	"strings"
	"testing"
)

func TestNamesOfFiles(t *testing.T) {
	id := strings.Repeat("0a", 16)
	for _, name := range []string{
		File(id + id), AnswerFile(id), UsedFile(id), CodesFile(id), TriesFile,
	} {
		if !IsName(name) {
			t.Errorf("%q is not taken for a name", name)
		}
	}
	for _, name := range []string{
		"", Dir, Dir + "/" + id, Dir + "/" + id + ".revoked", Dir + "/../config.json",
		Dir + "/a/b.json", "sessions/" + id + ".json", "LOCKED", AnswerFile("A"),
	} {
		if IsName(name) {
			t.Errorf("%q is taken for a name", name)
		}
	}
}
