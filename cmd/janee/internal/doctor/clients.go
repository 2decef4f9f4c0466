package doctor

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// maxClientFile is how much of one file is read, in bytes.
const maxClientFile = 8 << 20

// checkClients looks for credentials in the settings files of MCP clients and the .env file of a
// project, which agents can read, and at the entries that start Janee.
func checkClients(p *patient) []Check {
	var found []Check
	looked := 0
	for _, f := range p.clientFiles() {
		text, ok := readClientFile(f.path)
		if !ok {
			continue
		}
		looked++
		if names := secretNames(text); len(names) > 0 {
			found = append(found,
				warned("client configs", clientFix(names, f.path),
					"%s holds what looks like plaintext credentials: %s", f.path,
					strings.Join(names, ", ")))
		}
		found = append(found, p.checkEntry(f, text)...)
	}
	if found == nil {
		return passed("client configs", "%s found, without plaintext credentials",
			count(looked, "file", "files"))
	}
	return found
}

func clientFix(names []string, path string) string {
	if slices.Contains(names, masterKeyName) {
		return "keep the root key in its own file, and delete it from " + home.Quote(path)
	}
	return "janee add, then delete it from " + home.Quote(path) +
		" and have the agent use it through janee"
}

// clientFile is a settings file of a client, or the .env file of a project, which has no client.
type clientFile struct {
	path    string
	client  clients.Client
	project bool
}

// clientFiles names each file once: in the home of the user, files of a project can be the user's.
func (p *patient) clientFiles() []clientFile {
	var files []clientFile
	add := func(f clientFile) {
		if !slices.ContainsFunc(files, func(g clientFile) bool { return g.path == f.path }) {
			files = append(files, f)
		}
	}
	for _, c := range clients.All() {
		for _, place := range c.Places(p.Clients) {
			add(clientFile{place.File, c, false})
		}
		if place, ok := c.ProjectPlace(p.Clients); ok {
			add(clientFile{place.File, c, true})
		}
	}
	if p.Clients.WorkDir != "" {
		add(clientFile{path: filepath.Join(p.Clients.WorkDir, ".env")})
	}
	return files
}

// checkEntry looks at what the entry of Janee starts.
func (p *patient) checkEntry(f clientFile, text string) []Check {
	if f.client.Name == "" {
		return nil
	}
	fix := "janee setup " + f.client.Name
	if f.project {
		fix += " --project"
	}
	entry, line, found, err := f.client.Format.Find([]byte(text), f.client.Path)
	if bad := (*splice.Error)(nil); errors.As(err, &bad) {
		return []Check{warned("client configs", "correct the file",
			"%s cannot read %s:%d: %s", f.client.Title, f.path, bad.Line, bad.Text)}
	}
	words := clients.CommandOf(entry)
	if !found || len(words) == 0 {
		return nil
	}
	if wrong := p.wrongCommand(words[0]); wrong != "" {
		return []Check{warned("client configs", fix+" --replace", "%s:%d: %s", f.path, line, wrong)}
	}
	return nil
}

// runners start what they download, or another version of it tomorrow.
var runners = []string{"npx", "npm", "pnpm", "pnpx", "bunx", "bun", "yarn", "uvx"}

// wrongCommand says what is wrong with the command of an entry, "" if nothing is.
func (p *patient) wrongCommand(command string) string {
	base := strings.ToLower(command[strings.LastIndexAny(command, `/\`)+1:])
	base, _, _ = strings.Cut(base, ".")
	switch fi, err := os.Stat(command); {
	case slices.Contains(runners, base):
		return fmt.Sprintf("the entry starts janee through %s, which may bring another version "+
			"at each start, and which a client that the desktop starts may not find", base)
	case !filepath.IsAbs(command):
		return fmt.Sprintf("the entry starts %q, which a client that the desktop starts may not "+
			"find: programs of a desktop do not use the PATH of a shell", command)
	case err != nil:
		return fmt.Sprintf("the entry starts %q, which does not exist", command)
	case !fi.Mode().IsRegular() || p.Clients.OS != "windows" && fi.Mode().Perm()&0o111 == 0:
		return fmt.Sprintf("the entry starts %q, which is not a program", command)
	case !p.isThis(command, fi):
		return fmt.Sprintf("the entry starts %q, which is another program than this one, %q",
			command, p.Program)
	}
	return ""
}

// isThis reports whether a file is this program or a copy of it.
func (p *patient) isThis(path string, fi os.FileInfo) bool {
	me, err := os.Stat(p.Program)
	if err != nil || os.SameFile(me, fi) {
		return true
	}
	return me.Size() == fi.Size() && digest(p.Program) == digest(path)
}

// digest returns the SHA-256 of a file, or of what could be read of it.
func digest(path string) (sum [sha256.Size]byte) {
	h := sha256.New()
	if f, err := os.Open(path); err == nil {
		_, _ = io.Copy(h, f)
		_ = f.Close()
	}
	h.Sum(sum[:0])
	return sum
}

// readClientFile reads regular files only: a FIFO would hang the command.
func readClientFile(path string) (string, bool) {
	if fi, err := os.Stat(path); err != nil || !fi.Mode().IsRegular() {
		return "", false
	}
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxClientFile))
	return string(text), err == nil
}
